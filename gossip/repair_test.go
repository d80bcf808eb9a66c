package gossip

import (
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// TestRepairOfIsolatedPeers makes the router forget a peer that stays connected,
// in the two ways in which that happens, and looks whether the measures work.
func TestRepairOfIsolatedPeers(t *testing.T) {
	for _, row := range []struct {
		name    string
		isolate func(t *testing.T, a, b *node)
	}{
		{"our stream died, the peer's lives", func(t *testing.T, a, b *node) {
			resetPubsub(a, b, network.DirOutbound)
		}},
		{"the peer's stream died, ours lives", func(t *testing.T, a, b *node) {
			resetPubsub(a, b, network.DirInbound)
		}},
		{"our stream died too often", func(t *testing.T, a, b *node) {
			for range 6 {
				resetPubsub(a, b, network.DirOutbound)
				eventually(t, "give up or open anew", func() bool { return pubsubStreams(a, b, network.DirOutbound) != 1 || len(a.Peers()) == 0 })
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := join(t, newHost(t), nil), join(t, newHost(t), nil)
			connect(t, a.host, b.host)
			meet(t, a, b)
			row.isolate(t, a, b)
			eventually(t, "lose each other", func() bool { return len(a.Peers()) == 0 || len(b.Peers()) == 0 })
			// Without a repair this stays so. The loops of both nodes run meanwhile.
			f := fact(t, 1)
			a.publish(t, f)
			a.SyncSoon("test") // what gossip misses comes like this in any case
			b.has(t, f)
			start := time.Now()
			meet(t, a, b)
			t.Logf("together again after %s: %d and %d repairs", time.Since(start), a.Stats().Repairs, b.Stats().Repairs)
			f = fact(t, 2)
			if got := a.publish(t, f); got != 1 {
				t.Errorf("handed to %d peers, want 1", got)
			}
			b.has(t, f)
		})
	}
}

func resetPubsub(a, b *node, dir network.Direction) {
	for _, c := range a.host.Network().ConnsToPeer(b.host.ID()) {
		for _, s := range c.GetStreams() {
			if s.Stat().Direction == dir && isMeshsub(s.Protocol()) {
				_ = s.Reset()
			}
		}
	}
}

func pubsubStreams(a, b *node, dir network.Direction) (n int) {
	for _, c := range a.host.Network().ConnsToPeer(b.host.ID()) {
		for _, s := range c.GetStreams() {
			if s.Stat().Direction == dir && isMeshsub(s.Protocol()) {
				n++
			}
		}
	}
	return n
}

// TestReconnectIsTheLastMeasure: when all else has failed.
func TestReconnectIsTheLastMeasure(t *testing.T) {
	a, b := join(t, newHost(t), nil), join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	meet(t, a, b)
	old := a.host.Network().ConnsToPeer(b.host.ID())[0].ID()
	a.repair.reconnect(t.Context(), b.host.ID())
	eventually(t, "reconnect", func() bool {
		conns := a.host.Network().ConnsToPeer(b.host.ID())
		return len(conns) > 0 && !slices.ContainsFunc(conns, func(c network.Conn) bool { return c.ID() == old })
	})
	meet(t, a, b)
}
