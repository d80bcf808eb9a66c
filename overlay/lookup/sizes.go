package lookup

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

const (
	// sizeSlots is into how many parts the key space is cut: each has one estimate, the
	// last, so that nobody who crowds one key is heard twice.
	sizeSlots = 32
	// minSpan is how many peers say how densely they lie, at least.
	minSpan = 6
	// sizeAge is how long an estimate counts: networks grow and shrink.
	sizeAge = time.Hour
)

// Sizes estimates how many servers a network has from how densely they lie around the
// targets of lookups. Whoever crowds a few targets does not change it: the lower median
// of all parts of the key space counts. The zero value knows nothing.
type Sizes struct {
	by [sizeSlots]struct {
		n  float64
		at time.Time
	}
}

// Saw notes that n live servers are within dist of target, the farthest of them at that
// distance.
func (s *Sizes) Saw(target Position, n int, dist Position, now time.Time) {
	if n < minSpan {
		return
	}
	slot := &s.by[target[0]/(256/sizeSlots)]
	slot.n, slot.at = float64(n-1)/max(fraction(dist), math.SmallestNonzeroFloat32), now
}

// Estimate is how many servers there are, 0 where nothing is known.
func (s *Sizes) Estimate(now time.Time) float64 {
	known := make([]float64, 0, sizeSlots)
	for _, slot := range s.by {
		if slot.n > 0 && now.Sub(slot.at) < sizeAge {
			known = append(known, slot.n)
		}
	}
	if len(known) == 0 {
		return 0
	}
	slices.Sort(known)
	return known[(len(known)-1)/2]
}

// Within is the distance from any target within which n servers are to be expected; the
// zero value where nothing is known.
func (s *Sizes) Within(n float64, now time.Time) Position {
	size := s.Estimate(now)
	if size == 0 {
		return Position{}
	}
	var d Position
	part := n / size
	if part >= 1 {
		for i := range d {
			d[i] = 0xff
		}
		return d
	}
	binary.BigEndian.PutUint64(d[:], uint64(math.Ldexp(part, 64)))
	return d
}

// fraction is a distance as a part of the key space.
func fraction(d Position) float64 {
	return math.Ldexp(float64(binary.BigEndian.Uint64(d[:])), -64)
}
