package tree

import "math/bits"

const (
	// MaxLinks bounds the links of a node.
	MaxLinks = 32
	// MaxRoots bounds the roots that a node knows.
	MaxRoots = 512
	// Unreachable is the distance of a root to which there is no way. What is farther
	// than an hour is no way either.
	Unreachable = Dist(3_600_000_000)
)

// Tag names a root: the beginning of a hash of its peer ID. Two roots of one tag
// share a tree that falls in two halves: nothing is lost by it but speed.
type Tag uint32

// Dist is a distance in time, in microseconds.
type Dist uint32

// Slot is the place of a link among the links of a node, from 0 up to MaxLinks.
type Slot int8

// None is no link.
const None Slot = -1

// Set is a set of links.
type Set uint32

// Of is the set of one link, empty for None.
func Of(s Slot) Set {
	if s == None {
		return 0
	}
	return 1 << s
}

// Has reports whether a link is in the set.
func (s Set) Has(slot Slot) bool { return s&Of(slot) != 0 }

// Len is how many links there are.
func (s Set) Len() int { return bits.OnesCount32(uint32(s)) }

// All calls yield for each link, in ascending order.
func (s Set) All(yield func(Slot) bool) {
	for ; s != 0; s &= s - 1 {
		if !yield(Slot(bits.TrailingZeros32(uint32(s)))) {
			return
		}
	}
}

// Route is how far a root is from whoever says it.
type Route struct {
	Seq  uint16
	Dist Dist
}

// reaches reports whether there is a way.
func (r Route) reaches() bool { return r.Dist < Unreachable }

// newer reports whether seq a comes after b, on a circle.
func newer(a, b uint16) bool { return int16(a-b) > 0 }

// nearer reports whether r may be followed by one who said f: it cannot lead through
// him.
func (r Route) nearer(f Route) bool {
	return !f.reaches() || newer(r.Seq, f.Seq) || r.Seq == f.Seq && r.Dist < f.Dist
}

// Role is what the neighbour who hears a [Word] is to the one who says it.
type Role uint8

// The roles, and beside them a question.
const (
	Parent Role = 1 << iota // facts come from you
	Backup                  // name facts to me
	Ask                     // the root is to raise its number, I have lost my way
)

// Word is what one node tells another about a root.
type Word struct {
	Tag Tag
	Route
	Role Role
}
