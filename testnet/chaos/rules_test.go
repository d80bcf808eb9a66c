package chaos

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddresses(t *testing.T) {
	seen := make(map[string]bool)
	for n := 1; n <= MaxNodes; n++ {
		a := addrOf(n)
		if !strings.HasPrefix(a.String(), "198.18.") || seen[a.String()] {
			t.Errorf("node %d has %s", n, a)
		}
		seen[a.String()] = true
		if back, err := nodeAt(a.String()); err != nil || back != n {
			t.Errorf("%s is node %d, %v", a, back, err)
		}
	}
	for _, text := range []string{"", "198.18.0.1", "198.18.3.2", "198.19.3.1", "10.0.3.1", "::1", "198.18.3.1/15"} {
		if n, err := nodeAt(text); err == nil {
			t.Errorf("%q is node %d", text, n)
		}
	}
}

// A partition closes every way between groups, both ways, and no other.
func TestBetween(t *testing.T) {
	got := between(5, [][]int{{1, 2}, {4}})
	want := make(map[pair]bool)
	side := []string{"", "a", "a", "rest", "b", "rest"}
	for from := 1; from <= 5; from++ {
		for to := 1; to <= 5; to++ {
			if side[from] != side[to] {
				want[pair{from, to}] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := between(4, nil); len(got) > 0 {
		t.Errorf("no group cuts %v", got)
	}
}

// The kernel is told what changes, and nothing where nothing does.
func TestCutRules(t *testing.T) {
	set := func(pairs ...pair) map[pair]bool {
		m := make(map[pair]bool)
		for _, p := range pairs {
			m[p] = true
		}
		return m
	}
	for name, row := range map[string]struct {
		are, shall map[pair]bool
		want       string
	}{
		"nothing":  {set(), set(), ""},
		"the same": {set(pair{1, 2}), set(pair{1, 2}), ""},
		"more": {set(pair{1, 2}), set(pair{1, 2}, pair{3, 1}, pair{2, 1}),
			"add element bridge chaos cuts { 198.18.2.1 . 198.18.1.1, 198.18.3.1 . 198.18.1.1 }\n"},
		"less": {set(pair{1, 2}), set(), "delete element bridge chaos cuts { 198.18.1.1 . 198.18.2.1 }\n"},
		"others": {set(pair{1, 2}), set(pair{2, 1}),
			"delete element bridge chaos cuts { 198.18.1.1 . 198.18.2.1 }\nadd element bridge chaos cuts { 198.18.2.1 . 198.18.1.1 }\n"},
	} {
		if got := cutRules(row.are, row.shall); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
	if got := strings.Count(cutRules(nil, between(MaxNodes, [][]int{{1, 2}})), "\n"); got < 2 {
		t.Errorf("a thousand ways are told in %d lines", got)
	}
}

func TestLossRules(t *testing.T) {
	for share, want := range map[float64]string{
		0:       "flush chain bridge chaos loss\n",
		0.05:    "flush chain bridge chaos loss\nadd rule bridge chaos loss ip saddr 198.18.0.0/15 numgen random mod 10000 < 500 counter name lost drop\n",
		0.00001: "flush chain bridge chaos loss\n",
	} {
		if got := lossRules(share); got != want {
			t.Errorf("%g: %q, want %q", share, got, want)
		}
	}
}

const (
	someCuts = `{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"family": "bridge", "name": "cuts", "table": "chaos", "elem": [
{"elem": {"val": {"concat": ["198.18.1.1", "198.18.2.1"]}, "counter": {"packets": 7, "bytes": 900}}},
{"elem": {"val": {"concat": ["198.18.20.1", "198.18.3.1"]}, "counter": {"packets": 0, "bytes": 0}}}]}}]}`
	noCuts    = `{"nftables": [{"set": {"family": "bridge", "name": "cuts", "table": "chaos"}}]}`
	someLoss  = `{"nftables": [{"metainfo": {}}, {"counter": {"family": "bridge", "name": "lost", "packets": 41, "bytes": 9}}]}`
	strangers = `{"nftables": [{"set": {"elem": [{"elem": {"val": {"concat": ["10.0.0.1", "198.18.2.1"]}}}]}}]}`
)

func TestCounters(t *testing.T) {
	got, err := dropped([]byte(someCuts))
	if diff := cmp.Diff(map[pair]uint64{{1, 2}: 7, {20, 3}: 0}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if got, err := dropped([]byte(noCuts)); err != nil || len(got) > 0 {
		t.Errorf("%v %v", got, err)
	}
	if got, err := lostPackets([]byte(someLoss)); err != nil || got != 41 {
		t.Errorf("%d %v", got, err)
	}
	for _, text := range []string{"", "{", strangers} {
		if got, err := dropped([]byte(text)); err == nil {
			t.Errorf("%q has the counters %v", text, got)
		}
	}
	for _, text := range []string{"", noCuts} {
		if got, err := lostPackets([]byte(text)); err == nil {
			t.Errorf("%q has lost %d", text, got)
		}
	}
}

func FuzzCounters(f *testing.F) {
	for _, text := range []string{someCuts, noCuts, someLoss, strangers} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		counts, err := dropped(b)
		for p := range counts {
			if p.from < 1 || p.to < 1 || p.from > 255 || p.to > 255 {
				t.Errorf("a way %v out of %q, %v", p, b, err)
			}
		}
		_, _ = lostPackets(b)
	})
}
