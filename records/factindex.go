package records

import "hash/maphash"

// indexParts is in how many tables the index of a set is: each grows by itself, so
// that an addition never waits for more than a part of it to be laid out again.
const indexParts = 256

// indexPart is a hash table with open addressing, at most three quarters full: places
// in the order of the set, plus one; 0 is free. It takes 5 to 11 bytes a fact, where a
// map by ID takes 50 or more.
type indexPart struct {
	slots []uint32 // a power of two of them
	used  int
}

// find returns the place of the fact about id, or -1.
func (s *FactSet) find(id AgentID) int {
	return s.probe([8]byte(id.sum[:]), func(i int) bool { return s.order[i].id == id })
}

// probe calls match with places that a digest's first bytes may stand for, until it
// says yes: it returns that place, or -1. The hash has a secret seed, so that nobody
// can make subjects that share their slots.
func (s *FactSet) probe(prefix [8]byte, match func(i int) bool) int {
	h := maphash.Bytes(s.seed, prefix[:])
	slots := s.index[h%indexParts].slots
	if len(slots) == 0 {
		return -1
	}
	mask := uint64(len(slots) - 1)
	for at := h / indexParts & mask; slots[at] != 0; at = (at + 1) & mask {
		if i := int(slots[at]) - 1; match(i) {
			return i
		}
	}
	return -1
}

// enter puts the fact at place i into the index.
func (s *FactSet) enter(i int) {
	sum := &s.order[i].id.sum
	h := maphash.Bytes(s.seed, sum[:8])
	part := &s.index[h%indexParts]
	if 4*(part.used+1) > 3*len(part.slots) {
		s.grow(part)
	}
	part.put(h, uint32(i)+1)
	part.used++
}

// grow doubles a part.
func (s *FactSet) grow(part *indexPart) {
	old := part.slots
	part.slots = make([]uint32, max(4, 2*len(old)))
	for _, v := range old {
		if v != 0 {
			part.put(maphash.Bytes(s.seed, s.order[v-1].id.sum[:8]), v)
		}
	}
}

// put enters v at the first free slot for the hash.
func (p *indexPart) put(h uint64, v uint32) {
	mask := uint64(len(p.slots) - 1)
	at := h / indexParts & mask
	for p.slots[at] != 0 {
		at = (at + 1) & mask
	}
	p.slots[at] = v
}
