package riblt

import "iter"

// firstWindow is the number of symbols computed first. Small, so that two equal
// sets, the usual case, cost little beyond hashing.
const firstWindow = 8

// A member is an item of a sequence's set, 32 bytes.
type member struct {
	item  Item
	seed  uint64
	next  uint32 // the first of its places that no window covered yet
	count int32  // 1, or -1 for an item taken out of the set again
}

// firstChunk and lastChunk bound the number of members in one allocation.
const (
	firstChunk = 16
	lastChunk  = 8192
)

// A sequence computes the symbols of a set in order. It does so by windows, each
// as long as everything before it: one pass over the members adds each to all
// its places in the window. A doubling holds 1.4 places per item on average, so
// the passes cost about as much as the additions, and no queue is needed.
type sequence struct {
	key     Key
	members [][]member // in chunks, so that a large set is never copied to grow
	size    int
	window  []Symbol // symbols start .. start+len(window)-1
	start   int
	pos     int // the next symbol to hand out, within or just behind the window
}

// newSequence returns the sequence of the items.
func newSequence(key Key, items iter.Seq[Item]) *sequence {
	s := &sequence{key: key}
	for it := range items {
		s.insert(member{item: it, seed: key.seed(&it), count: 1})
	}
	return s
}

// next returns the symbol at pos and moves on; false at the end of the sequence.
func (s *sequence) next() (Symbol, bool) {
	if s.pos == s.start+len(s.window) && !s.slide() {
		return Symbol{}, false
	}
	sym := s.window[s.pos-s.start]
	s.pos++
	return sym, true
}

// slide computes the next window.
func (s *sequence) slide() bool {
	if s.pos >= MaxSymbols {
		return false
	}
	s.start = s.pos
	s.window = make([]Symbol, min(max(firstWindow, s.start), MaxSymbols-s.start))
	for _, chunk := range s.members {
		for i := range chunk {
			s.cover(&chunk[i])
		}
	}
	return true
}

// cover adds m to its places up to the end of the window.
func (s *sequence) cover(m *member) {
	start, end := uint32(s.start), uint32(s.start+len(s.window))
	check, count := uint32(m.seed), int64(m.count)
	for m.next < end {
		s.window[m.next-start].toggle(&m.item, check, count)
		m.next = place(m.seed, m.next)
	}
}

// insert adds a member that counts from symbol pos on: m.next is not before pos.
func (s *sequence) insert(m member) {
	s.cover(&m)
	last := len(s.members) - 1
	if last < 0 || len(s.members[last]) == cap(s.members[last]) {
		s.members = append(s.members, make([]member, 0, min(max(firstChunk, s.size), lastChunk)))
		last++
	}
	s.members[last] = append(s.members[last], m)
	s.size++
}
