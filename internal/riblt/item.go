package riblt

import (
	"encoding/binary"
	"math/bits"
)

// An Item stands for one element of a set: a keyed hash of it, cut to 128 bits.
// See the package comment for who may know the key.
type Item [16]byte

// A Key is the session's secret for checks and places: fresh in every session,
// the same on both sides, not the key the items were hashed with.
type Key [16]byte

// seed returns SipHash-2-4 of the item. Its low half is the item's check, and
// all of it determines the item's places.
func (k Key) seed(it *Item) uint64 {
	k0, k1 := binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])
	v := sipState{
		k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573,
	}
	v.absorb(binary.LittleEndian.Uint64(it[:8]))
	v.absorb(binary.LittleEndian.Uint64(it[8:]))
	v.absorb(uint64(len(it)) << 56) // the padding block: length, no bytes left
	v[2] ^= 0xff
	for range 4 {
		v.round()
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3]
}

type sipState [4]uint64

func (v *sipState) absorb(word uint64) {
	v[3] ^= word
	v.round()
	v.round()
	v[0] ^= word
}

func (v *sipState) round() {
	a, b, c, d := v[0], v[1], v[2], v[3]
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
	v[0], v[1], v[2], v[3] = a, b, c, d
}
