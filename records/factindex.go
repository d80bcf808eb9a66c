package records

// indexParts is in how many tables the index of a set is: each grows by itself, so
// that an addition never waits for more than a part of it to be laid out again.
const indexParts = 256

// indexPart is a hash table with open addressing, at most seven eighths full. It takes
// 9 to 14 bytes a fact, where a map by ID takes 50 or more.
//
// A slot has the upper 24 bits of a subject's hash and, in 40 bits, the fact's arrival
// number plus one. The bits of the hash say where the slot is as well, so that a part
// grows without a look at the facts themselves; those that are left, 8 in a set of ten
// million and 12 in one of a million, see to it that few facts are looked at in vain.
type indexPart struct {
	slots []uint64 // 0 is free
	used  int      // how many are not
}

const (
	numberBits = 40
	lastNumber = 1<<numberBits - 1
	// left is in the slot of what was dropped, until the part grows.
	left = uint64(lastNumber)
)

// A hit is a fact that may be the one that is looked for.
type hit struct {
	n    int
	fact Fact // nil where it is on the shelf
	part *indexPart
	tag  uint64
}

// homeOf is where a part of so many slots has a hash.
func homeOf(tag uint64, slots int) int {
	return int(tag >> numberBits * uint64(slots) >> (64 - numberBits))
}

func tagOf(h uint64) uint64 { return h &^ lastNumber }

func prefixOf(id AgentID) [8]byte { return [8]byte(id.sum[:]) }

// after is the slot behind another one.
func (p *indexPart) after(at int) int {
	if at++; at < len(p.slots) {
		return at
	}
	return 0
}

// part returns the table for a digest's first bytes, and its bits of the hash. The hash
// is keyed, so that nobody can make subjects that share their slots.
func (s *FactSet) part(prefix [8]byte) (*indexPart, uint64) {
	h := s.key.hash(prefix)
	return &s.index[h%indexParts], tagOf(h)
}

// has reports whether there may be a fact with these bits of the hash.
func (p *indexPart) has(tag uint64) bool {
	if len(p.slots) == 0 {
		return false
	}
	for at := homeOf(tag, len(p.slots)); p.slots[at] != 0; at = p.after(at) {
		if tagOf(p.slots[at]) == tag && p.slots[at] != left {
			return true
		}
	}
	return false
}

// probe appends the facts in a part that these bits of the hash may stand for. Owned by mu.
func (s *FactSet) probe(part *indexPart, tag uint64, hits []hit) []hit {
	if len(part.slots) == 0 {
		return hits
	}
	for at := homeOf(tag, len(part.slots)); part.slots[at] != 0; at = part.after(at) {
		if slot := part.slots[at]; tagOf(slot) == tag && slot != left {
			h := hit{n: int(slot&lastNumber) - 1, part: part, tag: tag}
			if h.n >= s.first {
				h.fact = s.inMemory(h.n)
			}
			hits = append(hits, h)
		}
	}
	return hits
}

// slot returns where the index has the fact with a number, which is about id, or nil.
// Owned by mu.
func (s *FactSet) slot(n int, id AgentID) *uint64 {
	part, tag := s.part(prefixOf(id))
	return s.slotOf(part, tag, n)
}

// slotOf is slot where part and tag are known. Owned by mu.
func (s *FactSet) slotOf(part *indexPart, tag uint64, n int) *uint64 {
	if len(part.slots) == 0 {
		return nil
	}
	want := tag | uint64(n) + 1
	for at := homeOf(tag, len(part.slots)); part.slots[at] != 0; at = part.after(at) {
		if part.slots[at] == want {
			return &part.slots[at]
		}
	}
	return nil
}

// enter puts the fact with a number and these bits of the hash into a part.
func (p *indexPart) enter(tag uint64, n int) {
	if 8*(p.used+1) > 7*len(p.slots) {
		p.grow()
	}
	p.put(tag | uint64(n) + 1)
}

// grow makes a part half as large again, or as large as it was if much in it was
// dropped.
func (p *indexPart) grow() {
	old := p.slots
	live := 0
	for _, slot := range old {
		if slot != 0 && slot != left {
			live++
		}
	}
	p.slots, p.used = make([]uint64, live+max(4, live*5/7)), 0
	for _, slot := range old {
		if slot != 0 && slot != left {
			p.put(slot)
		}
	}
}

// put enters a slot at the first free place.
func (p *indexPart) put(slot uint64) {
	at := homeOf(tagOf(slot), len(p.slots))
	for p.slots[at] != 0 {
		at = p.after(at)
	}
	p.slots[at] = slot
	p.used++
}
