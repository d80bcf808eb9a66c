package light

import (
	"encoding/binary"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/overlay/view"
)

// views are the members that nodes know beyond their tables, as package view keeps them
// where not all fit: everybody around the own position, and of the rest a sample. Like
// tables they follow from the seed, and nothing is stored.
type views struct {
	*space
	dense int  // bits to share with a node, from which it knows everybody
	thin  uint // of the rest it knows one in 2^thin
}

func newViews(s *space) *views {
	v := &views{space: s}
	for room := uint32(view.DefaultMax - view.DefaultMax/4); ; { // the rest is for hints
		near := uint32(len(s.head)) >> v.dense
		sample := (uint32(len(s.head)) - near) >> v.thin
		switch {
		case near+sample <= room:
			return v
		case near > sample:
			v.dense++
		default:
			v.thin++
		}
	}
}

// knows reports whether a node has another one in its view.
func (v *views) knows(node, other uint32) bool {
	return v.thin == 0 || common(v.head[node], v.head[other]) >= v.dense ||
		draw(v.seed, forView, uint64(node), uint64(other))>>(64-v.thin) == 0
}

// nearest returns up to n of those that a node knows nearest to a target, nearest first.
func (v *views) nearest(node uint32, target lookup.Position, n int) (near []uint32) {
	buckets := v.buckets(nil, binary.BigEndian.Uint64(target[:8]), 0)
	for i := len(buckets) - 1; i >= 0 && len(near) < n; i-- {
		for p := buckets[i].lo; p < buckets[i].hi; p++ {
			if p != node && v.knows(node, p) {
				near = append(near, p)
			}
		}
	}
	v.sort(near, target)
	return near[:min(n, len(near))]
}
