package records

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// sipKey is the secret of a set's index.
type sipKey [2]uint64

// newSipKey draws one.
func newSipKey() sipKey {
	seed := maphash.MakeSeed()
	return sipKey{maphash.String(seed, "first"), maphash.String(seed, "second")}
}

// hash is SipHash-2-4 (Aumasson and Bernstein 2012) of 8 bytes.
func (k sipKey) hash(b [8]byte) uint64 {
	v0, v1 := k[0]^0x736f6d6570736575, k[1]^0x646f72616e646f6d
	v2, v3 := k[0]^0x6c7967656e657261, k[1]^0x7465646279746573
	for _, word := range [2]uint64{binary.LittleEndian.Uint64(b[:]), 8 << 56} {
		v3 ^= word
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= word
	}
	v2 ^= 0xff
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return v0 ^ v1 ^ v2 ^ v3
}

func sipRound(a, b, c, d uint64) (uint64, uint64, uint64, uint64) {
	a += b
	b = bits.RotateLeft64(b, 13) ^ a
	a = bits.RotateLeft64(a, 32)
	c += d
	d = bits.RotateLeft64(d, 16) ^ c
	a += d
	d = bits.RotateLeft64(d, 21) ^ a
	c += b
	b = bits.RotateLeft64(b, 17) ^ c
	c = bits.RotateLeft64(c, 32)
	return a, b, c, d
}
