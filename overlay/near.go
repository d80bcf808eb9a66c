package overlay

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/multiformats/go-multiaddr"
)

// NearPeer is a peer of the view, and how far it is.
type NearPeer struct {
	// ID is its name.
	ID peer.ID
	// RTT is the least round trip that was measured here; zero where none was.
	RTT time.Duration
	// Least is what it would be at least: by how much a neighbour's round trip to it differs
	// from ours to the neighbour, as these tell. Zero: nobody told.
	Least time.Duration
}

// Near returns up to n peers of the view that are nearest in time, as measured or else
// at least, the nearest first. Their addresses are in the host's peerstore for a while.
func (d *DHT) Near(n int) []NearPeer {
	var out []NearPeer
	for _, p := range d.members.quickest(n) {
		near := NearPeer{ID: p.ID.peer(), RTT: roundTripOf(p.RTT)}
		if p.Most > 0 {
			near.Least = roundTripOf(max(p.Least, 1))
		}
		d.cfg.Host.Peerstore().AddAddrs(near.ID, []multiaddr.Multiaddr{p.Addr.multiaddr()}, peerstore.TempAddrTTL)
		out = append(out, near)
	}
	return out
}

// Measure asks p a question, so that its round trip becomes known, see [DHT.Near]. A
// connection that this takes is closed soon.
func (d *DHT) Measure(ctx context.Context, p peer.ID) error {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	defer end()
	defer d.links.errands(time.Now())
	if _, err := d.request(ctx, p, findNode(string(d.self))); err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	return nil
}

// quickest are the peers of the view that are nearest in time.
func (m *members) quickest(n int) []member {
	if m.view == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view.Quickest(n)
}

// rtt is the least round trip to p, as the view knows it; zero where it does not.
func (m *members) rtt(p peer.ID) time.Duration {
	k, ok := keyOfPeer(p)
	if m.view == nil || !ok {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known, _ := m.view.At(placeOf(k))
	return roundTripOf(known.RTT)
}
