package overlay

import (
	"fmt"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// TestRegionBits: whoever is among the k nearest to a key has it in its region, however
// unevenly peers lie, and the region is not much wider than that.
func TestRegionBits(t *testing.T) {
	for _, row := range []struct{ nodes, k, widest int }{
		{3, 3, 0}, // k others are not there
		{24, 3, 3},
		{24, 20, 0},
		{120, 20, 2},
	} {
		var peers []peer.ID
		for i := range row.nodes {
			peers = append(peers, peer.ID(fmt.Sprintf("%d of %d", i, row.nodes)))
		}
		nearest := func(not peer.ID, target lookup.Position) []contact {
			byDistance := slices.Clone(peers)
			slices.SortFunc(byDistance, func(a, b peer.ID) int {
				return target.To(positionOfPeer(a)).Compare(target.To(positionOfPeer(b)))
			})
			var out []contact
			for _, p := range byDistance {
				if p != not && len(out) < row.k {
					out = append(out, contact{ID: p})
				}
			}
			return out
		}
		bits, widest := make(map[peer.ID]int), 0
		for _, p := range peers {
			bits[p] = regionBits(positionOfPeer(p), lookup.Region{K: row.k}, func(at lookup.Position) []contact { return nearest(p, at) })
			widest = max(widest, bits[p])
		}
		if widest < row.widest {
			t.Errorf("%d nodes, k %d: no region is narrower than %d bits, want one of %d", row.nodes, row.k, widest, row.widest)
		}
		for i := range 300 {
			key := positionOfPeer(peer.ID(fmt.Sprint("key ", i)))
			for _, c := range nearest("", key) {
				if common := commonBits(key, positionOfPeer(c.ID)); common < bits[c.ID] {
					t.Fatalf("%d nodes, k %d: %q is among the nearest to key %d, which shares %d bits with it, and its region is of %d", row.nodes, row.k, c.ID, i, common, bits[c.ID])
				}
			}
		}
	}
}
