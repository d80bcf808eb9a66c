package chaos

import (
	"fmt"
	"net/netip"
)

const (
	// MaxNodes bounds one laboratory: each node is a process with a disk in memory.
	MaxNodes = 200
	// wholeNet is the only network that addresses come from, set aside for benchmarks.
	wholeNet = "198.18.0.0/15"
	// port is where each node listens for peers; each has an address of its own.
	port = 7474
)

// addrOf is the address of node n, counted from 1.
func addrOf(n int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(n), 1}) }

// spaceOf is the name of the network namespace of node n, and linkOf that of the
// bridge's end of its link.
func spaceOf(n int) string { return fmt.Sprintf("n%d", n) }
func linkOf(n int) string  { return fmt.Sprintf("v%d", n) }

// listenOf are the multiaddrs that node n listens at.
func listenOf(n int) []string {
	return []string{fmt.Sprintf("/ip4/%s/tcp/%d", addrOf(n), port), fmt.Sprintf("/ip4/%s/udp/%d/quic-v1", addrOf(n), port)}
}

// nodeAt is the node that has an address.
func nodeAt(text string) (int, error) {
	a, err := netip.ParseAddr(text)
	if err == nil && a.Is4() {
		if n := int(a.As4()[2]); n > 0 && addrOf(n) == a {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%.64q is no address of a node", text)
}
