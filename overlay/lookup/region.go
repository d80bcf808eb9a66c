package lookup

import (
	"net/netip"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// maxRegion times k bounds the peers of a region.
const maxRegion = 4

// Region says which of the peers around a target belong to it: those that are to hold
// what stands there. It reaches outward from the target over every live peer, until k of
// them are in it, and k groups where groups matter, and until it is as wide as Reach.
// So neither who sits nearest to the target with many identities nor who has many
// addresses of one network owns it.
type Region struct {
	// K is how many peers belong to it at least. Required.
	K int
	// Reach is how far it reaches at least, as a distance; the zero value: as far as K do.
	Reach Position
	// PerGroup is how many peers of one group belong to it, the nearest ones; others are
	// passed over unless there are fewer than K without them. Zero: groups do not matter.
	PerGroup int
}

// Outward begins to measure a region at its target.
func (r Region) Outward() *Extent {
	if weak.Off(weak.Reach) {
		r.Reach = Position{}
	}
	x := &Extent{region: r}
	if r.PerGroup > 0 && !weak.Off(weak.Diversity) {
		x.groups = make(map[netip.Prefix]int)
	}
	return x
}

// Extent is a part of a region, from its target outward.
type Extent struct {
	region Region
	groups map[netip.Prefix]int // nil where groups do not matter
	alone  int                  // peers whose group is not known: each is one of its own
	n      int
}

// Full reports whether nobody at a distance, or farther, belongs to the region.
func (x *Extent) Full(dist Position) bool {
	k := x.region.K
	switch {
	case x.n < k:
		return false
	case x.n >= maxRegion*k:
		return true
	}
	return (x.groups == nil || len(x.groups)+x.alone >= k) && x.region.Reach.Compare(dist) < 0
}

// Add counts a peer, and reports whether it belongs to the region: whether its group has
// not all that it may have.
func (x *Extent) Add(group netip.Prefix) bool {
	switch {
	case x.groups == nil:
	case !group.IsValid():
		x.alone++
	case x.groups[group] >= x.region.PerGroup:
		return false
	default:
		x.groups[group]++
	}
	x.n++
	return true
}

// Len is how many peers were counted.
func (x *Extent) Len() int { return x.n }
