package chaos

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// Nothing is touched unless the namespace is a fresh one of our own.
func TestGuard(t *testing.T) {
	fresh := func(edit func(*surroundings)) surroundings {
		s := surroundings{own: "net:[2]", outside: "net:[1]", first: "net:[1]", devices: map[string][]string{"lo": nil}}
		edit(&s)
		return s
	}
	for name, row := range map[string]struct {
		at   surroundings
		want string // empty: it passes
	}{
		"a fresh one":               {fresh(func(*surroundings) {}), ""},
		"process 1 is out of sight": {fresh(func(s *surroundings) { s.first = "" }), ""},
		"a device without address":  {fresh(func(s *surroundings) { s.devices["ifb0"] = nil }), ""},
		"nobody entered":            {fresh(func(s *surroundings) { s.outside = "" }), "not started by cairn-testnet chaos"},
		"the one outside":           {fresh(func(s *surroundings) { s.own = s.outside }), "the one outside"},
		"without a name":            {fresh(func(s *surroundings) { s.own = "" }), "the one outside"},
		"that of process 1":         {fresh(func(s *surroundings) { s.outside, s.first = "net:[7]", s.own }), "process 1"},
		"a real device":             {fresh(func(s *surroundings) { s.devices["eth0"] = []string{"192.0.2.7/24"} }), "eth0 has the address 192.0.2.7/24"},
		"a loopback address":        {fresh(func(s *surroundings) { s.devices["lo"] = []string{"127.0.0.1/8"} }), "lo has the address"},
	} {
		err := row.at.check()
		if row.want == "" && err != nil || row.want != "" && (!errors.Is(err, ErrExposed) || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}

// What is missing is said, each with the next step.
func TestNeeds(t *testing.T) {
	have := func(programs ...string) func(string) (string, error) {
		return func(p string) (string, error) {
			for _, h := range programs {
				if h == p {
					return "/sbin/" + p, nil
				}
			}
			return "", exec.ErrNotFound
		}
	}
	all := have("ip", "nft", "nsenter", "mount")
	for name, row := range map[string]struct {
		at    machine
		wants []string // none: nothing is missing
	}{
		"all there":     {machine{"linux", 0, all}, nil},
		"another world": {machine{"plan9", 0, all}, []string{"this is plan9", "cairn-testnet run"}},
		"not root":      {machine{"linux", 1000, all}, []string{"root", "sudo"}},
		"no nft":        {machine{"linux", 0, have("ip", "nsenter", "mount")}, []string{"nft", "apt-get install nftables"}},
		"nothing":       {machine{"linux", 7, have()}, []string{"root", "ip", "iproute2", "nft", "nsenter", "util-linux"}},
	} {
		err := row.at.check()
		if len(row.wants) == 0 {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, ErrLacks) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range row.wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", name, err, want)
			}
		}
	}
}
