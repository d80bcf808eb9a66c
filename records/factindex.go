package records

import "hash/maphash"

// indexParts is in how many tables the index of a set is: each grows by itself, so
// that an addition never waits for more than a part of it to be laid out again.
const indexParts = 256

// indexPart is a hash table with open addressing, at most seven eighths full. It takes
// 6 to 9 bytes a fact, where a map by ID takes 50 or more.
type indexPart struct {
	slots []uint32 // arrival numbers, plus one; 0 is free, left was in use
	tags  []uint8  // of each slot: part of the hash, so that few subjects have to be computed
	used  int
}

// left is in the slots of what was dropped, until the part grows.
const left = ^uint32(0)

// hash is keyed by a secret seed, so that nobody can make subjects that share their
// slots.
func (s *FactSet) hash(prefix [8]byte) uint64 { return maphash.Bytes(s.seed, prefix[:]) }

// The bits of a hash: the lowest 8 say which part, the highest 8 are the tag, and 32 of
// those between say where in the part.
func homeOf(h uint64, slots int) int { return int(h >> 16 & (1<<32 - 1) * uint64(slots) >> 32) }

func tagOf(h uint64) uint8 { return uint8(h >> 56) }

// after is the slot behind another one.
func (p *indexPart) after(at int) int {
	if at++; at < len(p.slots) {
		return at
	}
	return 0
}

// find returns the place of the fact about id, or -1.
func (s *FactSet) find(id AgentID) int {
	return s.probe([8]byte(id.sum[:]), func(i int) bool { return s.order[i].ID() == id })
}

// probe calls match with places that a digest's first bytes may stand for, until it
// says yes: it returns that place, or -1.
func (s *FactSet) probe(prefix [8]byte, match func(i int) bool) int {
	h := s.hash(prefix)
	part := &s.index[h%indexParts]
	if len(part.slots) == 0 {
		return -1
	}
	tag := tagOf(h)
	for at := homeOf(h, len(part.slots)); part.slots[at] != 0; at = part.after(at) {
		if part.tags[at] != tag || part.slots[at] == left {
			continue
		}
		if i := int(part.slots[at]) - 1; match(i) {
			return i
		}
	}
	return -1
}

// enter puts the fact at place i, which is about id, into the index.
func (s *FactSet) enter(i int, id AgentID) {
	h := s.hash([8]byte(id.sum[:]))
	part := &s.index[h%indexParts]
	if 8*(part.used+1) > 7*len(part.slots) {
		s.grow(part)
	}
	part.put(h, uint32(i)+1)
	part.used++
}

// leave takes the fact with an arrival number, which is about id, out of the index.
func (s *FactSet) leave(n int, id AgentID) {
	h := s.hash([8]byte(id.sum[:]))
	part := &s.index[h%indexParts]
	at := homeOf(h, len(part.slots))
	for part.slots[at] != uint32(n)+1 {
		at = part.after(at)
	}
	part.slots[at] = left
}

// grow makes a part half as large again.
func (s *FactSet) grow(part *indexPart) {
	old := part.slots
	size := len(old) + max(4, len(old)/2)
	part.slots, part.tags = make([]uint32, size), make([]uint8, size)
	for _, v := range old {
		if v == left {
			part.used--
		} else if v != 0 {
			id := s.order[v-1].ID()
			part.put(s.hash([8]byte(id.sum[:])), v)
		}
	}
}

// put enters v at the first free slot for the hash.
func (p *indexPart) put(h uint64, v uint32) {
	at := homeOf(h, len(p.slots))
	for p.slots[at] != 0 {
		at = p.after(at)
	}
	p.slots[at], p.tags[at] = v, tagOf(h)
}
