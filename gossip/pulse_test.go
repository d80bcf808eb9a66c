package gossip

import (
	"math/rand/v2"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// A digest depends on the set and the key, not on the order of arrival, nor on when
// it was asked.
func TestDigest(t *testing.T) {
	all := facts(t, 0, 50)
	key := [16]byte{1}
	whole := newDigest(setOf(all), key)
	size, sum := whole.now()
	set := records.NewFactSet()
	d := newDigest(set, key)
	for _, i := range rand.Perm(len(all)) {
		if n, s := d.now(); n == size || s == sum {
			t.Fatal("a part of the set has the digest of the whole")
		}
		set.Add(all[i])
	}
	if n, s := d.now(); n != size || s != sum {
		t.Errorf("%d facts of sum %x, want %d of %x", n, s, size, sum)
	}
	if _, s := newDigest(set, [16]byte{2}).now(); s == sum {
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
