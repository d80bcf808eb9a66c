package riblt

import (
	"math"
	"math/bits"
)

// MaxSymbols is the length of the sequence: enough for some 12 million
// differences (370 MB), beyond which sending the whole set is the better idea.
const MaxSymbols = 1 << 24

// place returns the first symbol after i, one of the item's own, that the item
// with this seed is in, or MaxSymbols when there is none.
//
// An item is in symbol j with probability 2/(j+2), independently. Hence the
// next one lies beyond k with probability
//
//	j/(j+2) multiplied over j = i+1 .. k  =  (i+1)(i+2) / ((k+1)(k+2))
//
// and for a uniform u in [0,1) it is the smallest k with
// (k+1)(k+2) > (i+1)(i+2)/u. Here u = r/2^64, r being drawn from seed and i.
func place(seed uint64, i uint32) uint32 {
	p := (uint64(i) + 1) * (uint64(i) + 2)
	r := draw(seed, i)
	if r <= p {
		return MaxSymbols // the quotient would be 2^64 or more
	}
	q, _ := bits.Div64(p, 0, r)
	if q >= MaxSymbols*(MaxSymbols+1) {
		return MaxSymbols
	}
	// q < 2^49 is exact in a float64, so the floor of its rounded root is the
	// floor of its root.
	s := uint64(math.Sqrt(float64(q)))
	if s*(s+1) > q {
		s--
	}
	return uint32(s)
}

// draw mixes seed and i to 64 bits (the finalizer of SplitMix64).
func draw(seed uint64, i uint32) uint64 {
	z := seed + (uint64(i)+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// placed reports whether the item with this seed is in symbol i.
func placed(seed uint64, i uint32) bool {
	j := uint32(0)
	for j < i {
		j = place(seed, j)
	}
	return j == i
}
