package gossip

import "math"

const (
	sketchCounters = 32
	sketchBits     = 12 // of each counter that travel
	sketchSize     = sketchCounters * sketchBits / 8
)

// A sketch estimates how many elements two sets do not share, whatever they share
// (Alon, Matias and Szegedy 1996). Each element adds 1 to each counter or takes 1
// away, by its signs: what both sets have cancels in the difference of their
// counters, and the mean square of what is left is the size of the difference, give
// or take a quarter.
type sketch [sketchCounters]int32

func (k *sketch) add(signs uint32) {
	for i := range k {
		k[i] += int32(signs>>i&1)<<1 - 1
	}
}

// take takes an element out again.
func (k *sketch) take(signs uint32) { k.add(^signs) }

// append encodes the low bits of the counters, two in three bytes.
func (k sketch) append(b []byte) []byte {
	for i := 0; i < len(k); i += 2 {
		v := uint32(k[i])&(1<<sketchBits-1)<<sketchBits | uint32(k[i+1])&(1<<sketchBits-1)
		b = append(b, byte(v>>16), byte(v>>8), byte(v))
	}
	return b
}

// parseSketch reads what append wrote, of which sketchSize bytes are there.
func parseSketch(b []byte) (k sketch) {
	for i := 0; i < len(k); i += 2 {
		v := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
		k[i], k[i+1] = int32(v>>sketchBits), int32(v&(1<<sketchBits-1))
		b = b[3:]
	}
	return k
}

// difference estimates in how many elements two sets differ. Up to some 100,000, that
// is: beyond, the bits that travel do not suffice, and the answer is large and wrong.
func (k sketch) difference(other sketch) uint64 {
	total := 0.0
	for i := range k {
		d := float64((k[i] - other[i]) << (32 - sketchBits) >> (32 - sketchBits)) // sign extended
		total += d * d
	}
	return uint64(math.Round(total / sketchCounters))
}
