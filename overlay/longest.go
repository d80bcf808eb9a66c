package overlay

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// OldPeer is a peer that this node talked with, and has known for some time.
type OldPeer struct {
	// AddrInfo is who it is, and where it was reached.
	peer.AddrInfo
	// Since is the first talk with it, Seen the last one; to the second.
	Since, Seen time.Time
}

// Longest returns up to n peers of the view that this node has known for longest, of those
// that it talked with within the hour, the longest first: whoever comes later, and be it in
// crowds, takes no place of theirs. In the public profile at most two are of one /24 or /48.
func (d *DHT) Longest(n int) []OldPeer {
	var out []OldPeer
	for _, p := range d.members.longest(n) {
		out = append(out, OldPeer{
			AddrInfo: peer.AddrInfo{ID: p.ID.peer(), Addrs: []multiaddr.Multiaddr{p.Addr.multiaddr()}},
			Since:    p.Met, Seen: p.Seen,
		})
	}
	return out
}

func (m *members) longest(n int) []knownMember {
	if m.view == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view.Longest(n, time.Now().Add(-vouchFor))
}
