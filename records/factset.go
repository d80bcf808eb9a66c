package records

import (
	"iter"
	"sync"
)

// FactSet is a set of facts, one per subject, safe for concurrent use. What is added to a
// subject of which one is held is joined with that (Join): a stronger fact replaces it, and
// what says no more changes nothing. Every order of additions ends with the same items.
// One set is shared by all parts of a node.
//
// The set remembers the order in which its facts came. Each gets the next arrival
// number, from 0 on; no number is given twice, and none changes, whatever is dropped or
// replaced and however often a node with a disk is restarted. So a number is a place to go
// on from for ever: what came since is Between(n, Next()). A fact that replaces another one
// comes anew, under a number of its own, and the other one's is free.
//
// The set keeps its facts in memory, or older ones on a shelf, such as a disk. In memory a
// tombstone with one lock takes 90 to 94 bytes, a fifth more than its own 78: for that its
// subject is not kept but computed, by two hashes, whenever it is asked for. On a shelf
// it takes 10 to 14, all of it in an index, and what is looked up is read there. To find
// that a subject has no fact nothing is read, but for one question in a few hundred.
type FactSet struct {
	shelf Shelf  // nil: all is in memory
	lost  func() // nil: nobody is told, see OnLoss

	mu     sync.RWMutex // guards all below
	first  int          // the facts from this number on are in memory
	rooms  [][]Tombstone
	others others // those in memory that are no tombstones
	next   int
	gone   int         // how many were dropped
	ended  map[Day]int // of these, by the day on which their subjects end; 0: not known any more
	bytes  int         // the sum of Size over facts
	key    sipKey
	index  [indexParts]indexPart // by subject
	replacements
}

// A Shelf holds the older facts of a set, by their arrival numbers. Its methods may be
// called from many goroutines.
type Shelf interface {
	// Fact returns the fact with a number, or nil where it was dropped or does not verify
	// any more.
	Fact(n int) Fact
	// Facts yields the facts with numbers from one on, below another, ascending, without
	// those that Fact would not return.
	Facts(from, to int) iter.Seq2[int, Fact]
}

const (
	// roomSize is how many facts are in a room but the last: with the allocator's own 8
	// bytes they fill one of its blocks of 20 KiB.
	roomSize = 255
	// leastRoom is how many the first one is made for.
	leastRoom = 8
)

// NewFactSet returns an empty set, all in memory.
func NewFactSet() *FactSet { return &FactSet{key: newSipKey()} }

// Add puts f in and reports whether it said more than what was held. A nil fact does not.
func (s *FactSet) Add(f Fact) bool {
	n, _ := s.Enter(f)
	return n >= 0
}

// Enter is Add, and returns the arrival number of what is new, or -1, and what is known of
// the subject now: f, what was held before, or the proof that the two contradict each other.
func (s *FactSet) Enter(f Fact) (n int, now Fact) {
	if f == nil {
		return -1, nil
	}
	one := [1]Arrival{{Fact: f}}
	s.Meet(one[:])
	s.EnterAll(one[:])
	if !one[0].New() {
		return -1, one[0].Now
	}
	return one[0].Number, one[0].Now
}

// place makes room for the fact with the next number. Owned by mu.
func (s *FactSet) place(n int) *Tombstone {
	at := n - s.first
	if at%roomSize == 0 {
		s.rooms = append(s.rooms, nil)
	}
	last := &s.rooms[len(s.rooms)-1]
	if len(*last) == cap(*last) { // what was handed out of the old one stays as it is
		size := min(max(2*len(*last), leastRoom), roomSize)
		if len(s.rooms) > 1 {
			size = roomSize
		}
		*last = append(make([]Tombstone, 0, size), *last...)
	}
	*last = (*last)[:len(*last)+1]
	return &(*last)[at%roomSize]
}

// inMemory returns the fact with a number that is there, or nil where it was dropped or
// replaced. Owned by mu.
func (s *FactSet) inMemory(n int) Fact {
	dead := &s.rooms[(n-s.first)/roomSize][(n-s.first)%roomSize]
	if dead.locks == 0 {
		return s.others.byNumber[n]
	}
	return dead
}

// Lookup returns the fact about id, or nil.
func (s *FactSet) Lookup(id AgentID) Fact {
	_, f := s.Find(id)
	return f
}

// Has reports whether the set says all that f does: to add it would change nothing. Where
// it has f itself, and in memory, as with most that comes twice, no subject is computed.
func (s *FactSet) Has(f Fact) bool {
	id := f.ID()
	var room [2]hit
	hits := s.hits(prefixOf(id), room[:0])
	if f, ok := f.(*Tombstone); ok {
		for _, h := range hits {
			held, ok := h.fact.(*Tombstone)
			if ok && held.end == f.end && held.body == f.body && held.secret == f.secret && held.locks == 1 && f.locks == 1 && held.kind == f.kind {
				return true
			}
		}
	}
	_, held := s.found(id, hits)
	return held != nil && Join(held, f) == held
}

// Arrival returns the arrival number of the fact about id, or -1 if there is none.
func (s *FactSet) Arrival(id AgentID) int {
	n, _ := s.Find(id)
	return n
}

// Find returns the fact about id and its arrival number, or -1 and nil.
func (s *FactSet) Find(id AgentID) (n int, f Fact) {
	var room [2]hit
	return s.found(id, s.hits(prefixOf(id), room[:0]))
}

// found is which of the hits is about id.
func (s *FactSet) found(id AgentID, hits []hit) (n int, f Fact) {
	for _, h := range hits {
		if f := s.take(h); f != nil && f.ID() == id {
			return h.n, f
		}
	}
	return -1, nil
}

// take returns the fact of a hit, from the shelf if it is there. What is not there any
// more is dropped, so that it can come again.
func (s *FactSet) take(h hit) Fact {
	if h.fact != nil {
		return h.fact
	}
	f := s.shelf.Fact(h.n)
	if f == nil {
		s.lose(h)
	}
	return f
}

// OnLoss lets told be called after each fact that the shelf turns out to have lost: from
// then on nothing is known here of a subject that nobody can name. It is called by whoever
// asked, once for each fact, and must not block. Set it before the set is shared.
func (s *FactSet) OnLoss(told func()) { s.lost = told }

// lose drops what the shelf has lost.
func (s *FactSet) lose(h hit) {
	if s.strike(h) && s.lost != nil {
		s.lost()
	}
}

// strike takes a hit out of the index, and reports whether it was there.
func (s *FactSet) strike(h hit) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := s.slotOf(h.part, h.tag, h.n)
	if slot == nil {
		return false
	}
	*slot = left
	s.dropped(0)
	s.bytes -= MinTombstoneSize // nobody can tell how long it was
	return true
}

// hits are the facts that a digest's first bytes may stand for.
func (s *FactSet) hits(prefix [8]byte, room []hit) []hit {
	s.mu.RLock()
	defer s.mu.RUnlock()
	part, tag := s.part(prefix)
	return s.probe(part, tag, room)
}

// Prefixed returns the facts whose subjects' digests begin with these bytes: one, but
// for collisions, or none.
func (s *FactSet) Prefixed(prefix [8]byte) (found []Fact) {
	for _, h := range s.hits(prefix, nil) {
		if f := s.take(h); f != nil && prefixOf(f.ID()) == prefix {
			found = append(found, f)
		}
	}
	return found
}

// Len returns the number of subjects.
func (s *FactSet) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.next - s.gone - s.replaced
}

// Next returns the arrival number that the next fact will get: how many have ever come.
func (s *FactSet) Next() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.next
}

// Dropped returns how many facts were ever dropped, without those that were replaced since
// the set was made. Whoever keeps something that was
// computed from all facts sees by it that some are missing now.
func (s *FactSet) Dropped() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.gone
}

// Gaps returns how many numbers below Next stand for nothing any more: of what was dropped,
// or replaced.
func (s *FactSet) Gaps() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.gone + s.replaced
}

// DroppedSince returns how many of the facts that were dropped by this process are not
// past a cut-off, as far as that is known of them: whoever has computed something from
// those not past it sees by this that some are missing now.
func (s *FactSet) DroppedSince(cut Day) (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for day, some := range s.ended {
		if day == 0 || day >= cut {
			n += some
		}
	}
	return n
}

// dropped counts a fact that goes, by the day on which its subject ends. Owned by mu.
func (s *FactSet) dropped(day Day) {
	if s.ended == nil {
		s.ended = make(map[Day]int)
	}
	s.gone++
	s.ended[day]++
}

// Size returns the sum of the facts' bytes.
func (s *FactSet) Size() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bytes
}

// Since returns the facts with arrival numbers from n on, in that order. They are all
// in memory then: prefer Between.
func (s *FactSet) Since(n int) (facts []Fact) {
	for _, f := range s.Between(n, s.Next()) {
		facts = append(facts, f)
	}
	return facts
}

// Between yields the facts with arrival numbers from one on, below another, with their
// numbers, ascending. The set is not locked meanwhile; what is dropped meanwhile may be
// among them or not.
func (s *FactSet) Between(from, to int) iter.Seq2[int, Fact] {
	return func(yield func(int, Fact) bool) {
		var room [64]hit
		for from := max(from, 0); from < to; {
			shelved, some := s.lot(from, to, room[:0])
			if shelved > from {
				for n, f := range s.shelf.Facts(from, shelved) {
					if s.Holds(n, f.ID()) && !yield(n, f) {
						return
					}
				}
				from = shelved
				continue
			}
			for _, h := range some {
				if h.fact != nil && !yield(h.n, h.fact) {
					return
				}
			}
			if from += len(some); len(some) == 0 {
				return
			}
		}
	}
}

// lot says up to which number facts from one on are on the shelf, or else returns as
// many as room is for of those in memory.
func (s *FactSet) lot(from, to int, room []hit) (shelved int, some []hit) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if from < s.first {
		return min(to, s.first), nil
	}
	for to = min(to, s.next); from < to && len(room) < cap(room); from++ {
		room = append(room, hit{n: from, fact: s.inMemory(from)})
	}
	return 0, room
}

// Holds reports whether the set has a fact with an arrival number, which is about id.
// Nothing is read for it.
func (s *FactSet) Holds(n int, id AgentID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.slot(n, id) != nil
}

// All yields every fact of the set as it stood when the iteration began, in the order
// of their arrival. The set is not locked meanwhile.
func (s *FactSet) All() iter.Seq[Fact] { return s.From(0) }

// From is All without those whose arrival numbers are below n.
func (s *FactSet) From(n int) iter.Seq[Fact] {
	return func(yield func(Fact) bool) {
		for _, f := range s.Between(n, s.Next()) {
			if !yield(f) {
				return
			}
		}
	}
}

// Retain drops the facts for which keep is false, of those that the set has when it
// begins, and returns how many. keep is called once for each, in the order of their
// arrival, while the set is not locked. Of a set with a shelf it is the shelf's owner
// who drops.
func (s *FactSet) Retain(keep func(n int, f Fact) bool) (dropped int) {
	for n, f := range s.Between(0, s.Next()) {
		if !keep(n, f) && s.Drop(n, f) {
			dropped++
		}
	}
	return dropped
}

// Drop removes the fact with an arrival number and reports whether it was there.
func (s *FactSet) Drop(n int, f Fact) bool {
	id := f.ID()
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := s.slot(n, id)
	if slot == nil {
		return false
	}
	*slot = left
	s.dropped(f.lastDay())
	s.bytes -= f.Size()
	if n >= s.first {
		s.clear(n)
	}
	return true
}

// clear takes the fact with a number out of memory. What was handed out must not
// change, so the others in its room move to a new one. Owned by mu.
func (s *FactSet) clear(n int) {
	if s.others.remove(n) {
		return
	}
	room := &s.rooms[(n-s.first)/roomSize]
	fresh := append(make([]Tombstone, 0, cap(*room)), *room...)
	fresh[(n-s.first)%roomSize] = Tombstone{}
	*room = fresh
}
