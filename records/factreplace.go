package records

import "slices"

// What a set remembers of replacements at most: of more, the older half goes.
const (
	maxReplaced      = 16 << 10
	maxReplacedBytes = 16 << 20
)

// Replacement is a fact that a stronger one of its subject has replaced.
type Replacement struct {
	Number int  // which it had
	Fact   Fact // what it was
	By     int  // the number of what replaced it
}

// replacements are what a set knows of facts that were replaced. Owned by the set's mu.
type replacements struct {
	replaced int                // how many were
	lately   []Replacement      // the latest of them, by ascending By
	weight   int                // their bytes
	forgot   int                // of those with a lower By some are not among them
	unsure   map[int]superseded // by By: which are still on the shelf for what is not there yet
}

// superseded is a fact on a shelf that a crash would go back to.
type superseded struct{ number, size int }

// replace lets the fact with number n take the slot of the one held with number at, in its
// place. Owned by mu.
func (s *FactSet) replace(slot *uint64, at int, held Fact, n int) {
	s.others.remove(at) // there is no such tombstone: nothing replaces one
	if s.shelf != nil {
		if s.unsure == nil {
			s.unsure = make(map[int]superseded)
		}
		s.unsure[n] = superseded{at, held.Size()}
	}
	s.retire(slot, at, held, n)
}

// retire is replace where both facts are on the shelf. Owned by mu.
func (s *FactSet) retire(slot *uint64, at int, held Fact, n int) {
	*slot = tagOf(*slot) | uint64(n) + 1
	s.bytes -= held.Size()
	s.replaced++
	s.lately = append(s.lately, Replacement{Number: at, Fact: held, By: n})
	if s.weight += held.Size(); len(s.lately) > maxReplaced || s.weight > maxReplacedBytes {
		s.forgetReplaced(len(s.lately) / 2)
	}
}

// forgetReplaced forgets the first n replacements. Owned by mu.
func (s *FactSet) forgetReplaced(n int) {
	for _, r := range s.lately[:n] {
		s.weight -= r.Fact.Size()
	}
	s.forgot = s.lately[n-1].By + 1
	s.lately = slices.Clone(s.lately[n:]) // what was handed out stays as it is
}

// Replaced returns the replacements by facts with numbers from n on, ascending. whole is
// false where some of them are not remembered any more.
func (s *FactSet) Replaced(n int) (list []Replacement, whole bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, _ := slices.BinarySearchFunc(s.lately, n, func(r Replacement, n int) int { return r.By - n })
	return s.lately[i:len(s.lately):len(s.lately)], n >= s.forgot
}

// Needs reports whether the shelf is to keep the fact with a number, which is about id: the
// set has it, or has what replaced it and is not on the shelf itself.
func (s *FactSet) Needs(n int, id AgentID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.slot(n, id) != nil {
		return true
	}
	for _, was := range s.unsure {
		if was.number == n {
			return true
		}
	}
	return false
}

// below is a slot as it was when only the facts with numbers below n had come. Owned by mu.
func (s *FactSet) below(slot uint64, n int) uint64 {
	number := int(slot&lastNumber) - 1
	for number >= n {
		was, ok := s.unsure[number]
		if !ok {
			return left
		}
		number = was.number
	}
	return tagOf(slot) | uint64(number) + 1
}

// others are facts in memory that are no tombstones, by their numbers.
type others struct {
	byNumber map[int]Fact
	bytes    int
}

func (o *others) put(n int, f Fact) {
	if o.byNumber == nil {
		o.byNumber = make(map[int]Fact)
	}
	o.byNumber[n] = f
	o.bytes += f.Size()
}

// remove reports whether the fact with a number was there.
func (o *others) remove(n int) bool {
	f, ok := o.byNumber[n]
	if ok {
		o.bytes -= f.Size()
		delete(o.byNumber, n)
	}
	return ok
}

// shelve forgets those with numbers below n.
func (o *others) shelve(n int) {
	for number := range o.byNumber {
		if number < n {
			o.remove(number)
		}
	}
}
