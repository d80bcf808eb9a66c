package records

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Position is a place in the key space of the DHT: SHA-256 of a key, or of a peer's ID.
type Position = [32]byte

// Position returns the place of the agent's key, which only the agent's maker could
// choose: [AgentID.Key].
func (id AgentID) Position() Position {
	var b [len(keyPrefix) + cidLen]byte
	copy(b[:], keyPrefix)
	copy(b[len(keyPrefix):], cidPrefix)
	copy(b[len(keyPrefix)+len(cidPrefix):], id.sum[:])
	return sha256.Sum256(b[:])
}

// MaxRangeBits is how deep a range can be: one part in 2^64 of everything.
const MaxRangeBits = 64

// A Range is a part of the key space: everything, a half, a quarter, and so on: the
// positions that begin with the same bits. Two ranges are the same, or one holds the
// other, or they have nothing in common. The zero value is everything; ranges are
// comparable.
type Range struct {
	prefix uint64 // the bits that its positions begin with, the first one highest; 0 behind them
	bits   uint8  // how many
}

// RangeAround returns the range of the positions that share so many first bits with at,
// 0 to MaxRangeBits.
func RangeAround(at Position, bits int) Range {
	bits = min(max(bits, 0), MaxRangeBits)
	return Range{prefix: leading(at) & mask(bits), bits: uint8(bits)}
}

func leading(at Position) uint64 { return binary.BigEndian.Uint64(at[:8]) }

// mask has the first bits set.
func mask(bits int) uint64 { return ^(^uint64(0) >> bits) }

// Bits is how many bits its positions have in common: it is one part in 2^Bits of
// everything.
func (r Range) Bits() int { return int(r.bits) }

// Everything reports whether r is all there is.
func (r Range) Everything() bool { return r.bits == 0 }

// Covers reports whether a position is in r.
func (r Range) Covers(at Position) bool {
	return (leading(at)^r.prefix)&mask(int(r.bits)) == 0
}

// Has reports whether an agent's position is in r. It takes a hash, unless r is
// everything.
func (r Range) Has(id AgentID) bool { return r.bits == 0 || r.Covers(id.Position()) }

// Holds reports whether all of other is in r.
func (r Range) Holds(other Range) bool {
	return r.bits <= other.bits && (other.prefix^r.prefix)&mask(int(r.bits)) == 0
}

// Meet returns what is in both, and false where nothing is.
func (r Range) Meet(other Range) (Range, bool) {
	switch {
	case r.Holds(other):
		return other, true
	case other.Holds(r):
		return r, true
	}
	return Range{}, false
}

// Halves returns the two halves of r, which must not be the least possible.
func (r Range) Halves() (low, high Range) {
	low = Range{r.prefix, r.bits + 1}
	return low, Range{r.prefix | 1<<(MaxRangeBits-1-r.bits), r.bits + 1}
}

// Toward returns the half of r in which a position of r is; r itself where it is the least
// possible.
func (r Range) Toward(at Position) Range {
	return RangeAround(at, int(r.bits)+1)
}

// String says how much it is, and where: "everything", "1/4 from 40".
func (r Range) String() string {
	if r.bits == 0 {
		return "everything"
	}
	first := binary.BigEndian.AppendUint64(nil, r.prefix)[:(r.bits+7)/8]
	if r.bits == MaxRangeBits {
		return fmt.Sprintf("1/2^%d from %x", r.bits, first)
	}
	return fmt.Sprintf("1/%d from %x", uint64(1)<<r.bits, first)
}

// Append adds the form that travels: the number of bits, one byte, and the bits, in as few
// bytes as hold them.
func (r Range) Append(b []byte) []byte {
	b = append(b, r.bits)
	return append(b, binary.BigEndian.AppendUint64(nil, r.prefix)[:(r.bits+7)/8]...)
}

// CutRange reads what Append wrote from the beginning of b, and returns what is behind it.
// There is one form of each range; anything else is ErrMalformed.
func CutRange(b []byte) (r Range, rest []byte, err error) {
	if len(b) == 0 || b[0] > MaxRangeBits || len(b) < 1+(int(b[0])+7)/8 {
		return r, nil, fmt.Errorf("range: %w: %d bytes", ErrMalformed, len(b))
	}
	r.bits = b[0]
	n := 1 + (int(r.bits)+7)/8
	var first [8]byte
	copy(first[:], b[1:n])
	if r.prefix = binary.BigEndian.Uint64(first[:]); r.prefix&^mask(int(r.bits)) != 0 {
		return Range{}, nil, fmt.Errorf("range: %w: bits behind its own are set", ErrMalformed)
	}
	return r, b[n:], nil
}
