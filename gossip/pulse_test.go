package gossip

import (
	"math/rand/v2"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// What stands for a set depends on the set and the key, not on the order of arrival, nor on
// when it was asked.
func TestPulseSum(t *testing.T) {
	all := facts(t, 0, 50)
	key := [16]byte{1}
	want := pulseSum(key, ledgerOf(setOf(all)).take())
	set := records.NewFactSet()
	l := ledgerOf(set)
	for _, i := range rand.Perm(len(all)) {
		if pulseSum(key, l.take()) == want {
			t.Fatal("a part of the set has the sum of the whole")
		}
		set.Add(all[i])
	}
	if got := pulseSum(key, l.take()); got != want {
		t.Errorf("sum %x, want %x", got, want)
	}
	if pulseSum([16]byte{2}, l.take()) == want {
		t.Error("another key, and the same sum")
	}
}

// Whoever says that he holds something else, over and over, costs a round in each
// period.
func TestUnlikeIsPaced(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		s.spared = func(p peer.ID) bool { return true }
		s.play = func(p peer.ID) SyncReport { return SyncReport{Peer: p, Complete: true} }
		s.unlike("p0")
		if got := s.seen(s.every); len(got) != 1 || got[0].reason != "pulse" {
			t.Fatalf("rounds %v", got)
		}
		for range 100 {
			s.unlike("p0")
			s.seen(s.every / 100)
		}
		if got := s.seen(s.every); len(got) > 3 {
			t.Errorf("rounds %v", got)
		}
	})
}

// Pulses cost a flush and a report now and then, however many come.
func TestPulsesAreCheap(t *testing.T) {
	n, h := join(t, newHost(t), nil), newHost(t)
	connect(t, h, n.host)
	const many = 500
	frames := appendFrame(nil, treePing, make([]byte, 8))
	for range many {
		frames = appendPulse(frames, pulse{}) // of no facts: the sum is 0 under every key
	}
	dial(t, h, n, frames)
	eventually(t, "hear all", func() bool { return n.Stats().PulsesAlike == many })
	n.wait(t, "report one", func() bool { return len(n.reports) > 0 })
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.reports) != 1 {
		t.Errorf("%d reports", len(n.reports))
	}
}
