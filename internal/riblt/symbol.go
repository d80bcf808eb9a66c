package riblt

import "encoding/binary"

// A Symbol is one coded symbol: the sums over the items in it. The zero Symbol
// holds nothing.
type Symbol struct {
	Sum   Item   // XOR of the items
	Count int64  // their number; in a difference of two symbols it may be negative
	Check uint32 // XOR of their checks
}

// toggle puts in (count > 0) or takes out (count < 0) items with these sums; for
// the XORs it is the same.
func (s *Symbol) toggle(sum *Item, check uint32, count int64) {
	le := binary.LittleEndian
	le.PutUint64(s.Sum[:8], le.Uint64(s.Sum[:8])^le.Uint64(sum[:8]))
	le.PutUint64(s.Sum[8:], le.Uint64(s.Sum[8:])^le.Uint64(sum[8:]))
	s.Check ^= check
	s.Count += count
}

// empty reports whether the symbol holds nothing.
func (s *Symbol) empty() bool { return *s == Symbol{} }

// ready reports whether a decoder has something to learn from the symbol: it may
// hold a single item, or it is void.
func (s *Symbol) ready() bool { return s.Count == 1 || s.Count == -1 || s.void() }

// void reports whether the count alone is left, which no set leaves behind.
func (s *Symbol) void() bool { return s.Count != 0 && s.Check == 0 && s.Sum == Item{} }
