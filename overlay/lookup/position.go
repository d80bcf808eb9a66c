package lookup

import (
	"bytes"
	"math/bits"
)

// Position is a place in the XOR key space, or the distance between two.
type Position [32]byte

// To returns the XOR distance between two positions.
func (a Position) To(b Position) (d Position) {
	for i := range a {
		d[i] = a[i] ^ b[i]
	}
	return d
}

// Compare orders distances.
func (a Position) Compare(b Position) int { return bytes.Compare(a[:], b[:]) }

// Bits returns the length of a distance in bits: 0 for the place itself, 256 for
// the other half of the key space.
func (a Position) Bits() int {
	for i, b := range a {
		if b != 0 {
			return (len(a)-i)*8 - bits.LeadingZeros8(b)
		}
	}
	return 0
}
