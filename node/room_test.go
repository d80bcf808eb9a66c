package node

import (
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/records"
)

// TestRoomHasAnEnd (A29): a node that is among the holders of everything keeps everything for a
// while after room is out. Then it holds less, says so, and what it takes stays bounded; what it
// has to do with stays for good.
func TestRoomHasAnEnd(t *testing.T) {
	const room, all = 100, 2_000 // facts
	n := newTestNode(t, Config{Limits: Limits{Facts: room * records.MinTombstoneSize}})
	watched := mortal(t, all)
	away := watched.ID()
	_, _, stop := n.watchers.watch(away)
	defer stop()
	take := func(f records.Fact) {
		t.Helper()
		if isNew, err := n.ingestGossip(f, "", gossip.ViaSync); !isNew || err != nil {
			t.Fatal(isNew, err)
		}
	}
	take(watched)
	for i := range room + room/2 {
		take(mortal(t, i))
	}
	until(t, "room is out", func() bool { return n.extent.trouble() != "" })
	if n.extent.is().Bits() != 0 || n.facts.Len() != room+room/2+1 {
		t.Fatalf("%d facts of %s", n.facts.Len(), n.extent.is())
	}
	for i := room + room/2; i < all; i++ {
		take(mortal(t, i))
		if n.facts.Len() > roomEnd*room {
			until(t, "there is an end", func() bool { return n.facts.Len() <= roomEnd*room })
		}
	}
	until(t, "nothing is held beyond the range", func() bool {
		kept := 0
		for i := range all {
			if f := mortal(t, i); n.inside(f.ID()) && n.final(f.ID()) != nil {
				kept++
			}
		}
		return n.facts.Len() <= kept+1
	})
	for i := range all {
		if f := mortal(t, i); n.inside(f.ID()) && n.final(f.ID()) == nil {
			t.Fatal("a fact of the range is gone")
		}
	}
	if n.final(away) == nil {
		t.Error("what is watched is gone")
	}
	if s := n.Status(); s.RangeBits == 0 || s.Counters["range_below_region_total"] == 0 || !strings.Contains(s.Reason, "come to its end") {
		t.Errorf("the status says %q, with %d bits", s.Reason, s.RangeBits)
	}
}

// TestRoomOfOnesOwn: where nothing that is held can be dropped the range stays what it is.
func TestRoomOfOnesOwn(t *testing.T) {
	const room, all = 20, 400
	n := newTestNode(t, Config{Limits: Limits{Facts: room * records.MinTombstoneSize}})
	for i := range all {
		f := mortal(t, i)
		_, _, stop := n.watchers.watch(f.ID())
		defer stop()
		if isNew, err := n.ingestGossip(f, "", gossip.ViaSync); !isNew || err != nil {
			t.Fatal(isNew, err)
		}
		n.extent.look()
	}
	until(t, "it is in vain", func() bool { return strings.Contains(n.extent.trouble(), "has to do with") })
	if n.facts.Len() != all || n.extent.is().Bits() > 40 {
		t.Errorf("%d of %d facts, of %s", n.facts.Len(), all, n.extent.is())
	}
}
