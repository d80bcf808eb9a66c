package chaos

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// outsideEnv holds the name of the network namespace that Enter was called in. Its
// presence makes this process the one inside.
const outsideEnv = "CAIRN_CHAOS_OUTSIDE"

// ErrExposed says that this process could touch a real network.
var ErrExposed = errors.New("this is no private network namespace")

// surroundings is what the guard looks at.
type surroundings struct {
	own     string // this process's network namespace
	outside string // that of whoever made the laboratory
	first   string // that of process 1; empty where the system does not tell
	// devices are the network devices, each with its addresses.
	devices map[string][]string
}

// look reads the surroundings of this process.
func look() (surroundings, error) {
	s := surroundings{outside: os.Getenv(outsideEnv), devices: make(map[string][]string)}
	var err error
	if s.own, err = os.Readlink("/proc/self/ns/net"); err != nil {
		return s, err
	}
	if first, err := os.Readlink("/proc/1/ns/net"); err == nil {
		s.first = first
	}
	devices, err := net.Interfaces()
	if err != nil {
		return s, err
	}
	for _, d := range devices {
		addrs, err := d.Addrs()
		if err != nil {
			return s, err
		}
		s.devices[d.Name] = nil
		for _, a := range addrs {
			s.devices[d.Name] = append(s.devices[d.Name], a.String())
		}
	}
	return s, nil
}

// check is the guard: nothing may be changed before it passed. A namespace that the
// kernel has just made has no address at all, not even of the loopback device.
func (s surroundings) check() error {
	switch {
	case s.outside == "":
		return fmt.Errorf("%w: this process was not started by cairn-testnet chaos", ErrExposed)
	case s.own == "" || s.own == s.outside:
		return fmt.Errorf("%w: it is the one outside (%s)", ErrExposed, s.own)
	case s.own == s.first:
		return fmt.Errorf("%w: it is that of process 1 (%s)", ErrExposed, s.own)
	}
	for name, addrs := range s.devices {
		if len(addrs) > 0 {
			return fmt.Errorf("%w: device %s has the address %s", ErrExposed, name, addrs[0])
		}
	}
	return nil
}
