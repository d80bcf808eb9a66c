package light

import (
	"slices"
	"testing"

	"github.com/cairn-overlay/cairn/node/links"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// Whoever is in a place sees others in the order of how far they are from there.
func TestNearby(t *testing.T) {
	const nodes = 700
	p, err := newPlaces(wan.Cities(3), nodes)
	if err != nil {
		t.Fatal(err)
	}
	n := newNearby(p, 3)
	for i := range uint32(50) {
		around := n.bySeat[p.spots[i].seat]
		if len(around) != nodes {
			t.Fatalf("%d nodes around node %d, want all", len(around), i)
		}
		if !slices.IsSortedFunc(around, func(a, b uint32) int { return int(p.oneWay(i, a)) - int(p.oneWay(i, b)) }) {
			t.Errorf("those around node %d are not in the order of their distance", i)
		}
	}
}

// In a world that is too large to look at everybody, near links are nearer than any table
// would give them, nobody bears more than the policy lets it, and all is as before where
// the same is made twice.
func TestLargeWorld(t *testing.T) {
	cfg := Config{Nodes: maxViewed + 1, Seed: 5}
	w, again := newTestWorld(t, cfg), newTestWorld(t, cfg)
	if !slices.Equal(w.links.peers, again.links.peers) {
		t.Error("the same seed gives other links")
	}
	var near, table float64
	for i := uint32(0); i < uint32(cfg.Nodes); i += 97 {
		near += float64(nth(w, i, w.Peers(i), links.DefaultNear))
		table += float64(nth(w, i, w.tables.of(nil, i), links.DefaultNear))
		if got := len(w.Peers(i)); got > links.DefaultCap {
			t.Errorf("node %d has %d links", i, got)
		}
	}
	if near > table/2 {
		t.Errorf("the farthest near link is %.2f of what tables give, want half at most", near/table)
	}
}

// nth is how far the n-th nearest of some peers is.
func nth(w *World, i uint32, peers []uint32, n int) uint32 {
	var far []uint32
	for _, j := range peers {
		far = append(far, w.places.oneWay(i, j))
	}
	slices.Sort(far)
	return far[n-1]
}
