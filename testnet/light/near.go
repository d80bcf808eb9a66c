package light

import (
	"slices"
	"sort"

	"github.com/cairn-overlay/cairn/overlay/view"
)

const (
	// maxNearby is how many nodes around each place are laid out: more than are full there.
	maxNearby = 50_000
	// manyFull of them are dropped at a time.
	manyFull = 512
)

// nearby lays out who is nearest to each place, for worlds in which nobody can look at
// everybody. All nodes of one place see the same nodes in the same order, but for their own
// delay to its exchange, which changes nothing in it.
type nearby struct {
	*places
	seed   uint64
	bySeat [][]uint32 // of each seat: nodes, nearest first; those that are full have left
	thin   uint       // a node's view has one in 2^thin of all
}

func newNearby(p *places, seed uint64) *nearby {
	n := &nearby{places: p, seed: seed, bySeat: make([][]uint32, p.seats)}
	for len(p.spots)>>n.thin > view.DefaultMax {
		n.thin++
	}
	homes := make([][]uint32, p.seats) // of each seat: its nodes, nearest to its exchange first
	for i, s := range p.spots {
		homes[s.seat] = append(homes[s.seat], uint32(i))
	}
	for _, home := range homes {
		slices.SortFunc(home, func(a, b uint32) int { return int(p.spots[a].access) - int(p.spots[b].access) })
	}
	for seat := range n.bySeat {
		n.bySeat[seat] = n.around(seat, homes)
	}
	return n
}

// around merges the homes of all seats as one of them sees them.
func (n *nearby) around(seat int, homes [][]uint32) []uint32 {
	far := func(node uint32) uint32 {
		s := n.spots[node]
		return n.core[seat*n.seats+int(s.seat)] + s.access
	}
	within := sort.Search(1<<22, func(limit int) bool { // the least distance within which there are enough
		count := 0
		for _, home := range homes {
			count += sort.Search(len(home), func(k int) bool { return far(home[k]) > uint32(limit) })
		}
		return count >= min(maxNearby, len(n.spots))
	})
	var all []uint32
	for _, home := range homes {
		all = append(all, home[:sort.Search(len(home), func(k int) bool { return far(home[k]) > uint32(within) })]...)
	}
	slices.SortFunc(all, func(a, b uint32) int {
		if d := int(far(a)) - int(far(b)); d != 0 {
			return d
		}
		return int(a) - int(b)
	})
	return all
}

// knows reports whether node i has node j in its view.
func (n *nearby) knows(i, j uint32) bool {
	return n.thin == 0 || draw(n.seed, forView, uint64(i), uint64(j))>>(64-n.thin) == 0
}

// drop takes out those around a seat of which this is so.
func (n *nearby) drop(seat uint32, is func(node uint32) bool) {
	n.bySeat[seat] = slices.DeleteFunc(n.bySeat[seat], is)
}
