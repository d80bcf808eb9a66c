package records

// arriveAtOnce is for how many arrivals the set is locked at once: an answer waits a few
// tens of microseconds at most.
const arriveAtOnce = 256

// An Arrival is a fact on its way into a set. Meet fills in all but the fact, EnterAll
// brings it up to date.
type Arrival struct {
	Fact   Fact // what comes
	Held   Fact // what was held of its subject; nil: nothing
	Now    Fact // what both say together: Held itself where the fact adds nothing
	Number int  // of what was held, or -1; once entered, of Now

	seen int // Next before Held was looked for
}

// New reports whether the fact says more than what was held. Once it is entered: whether
// anything was added.
func (a *Arrival) New() bool { return a.Now != a.Held }

// Meet looks for what is held of the subjects of facts, none of them nil. What is on the
// shelf is read there, and the set is not locked meanwhile.
func (s *FactSet) Meet(all []Arrival) {
	for len(all) > 0 {
		some := all[:min(len(all), arriveAtOnce)]
		all = all[len(some):]
		s.glance(some)
		for i := range some {
			a := &some[i]
			if a.Number >= 0 {
				a.Number, a.Held = s.Find(a.Fact.ID())
				a.Now = Join(a.Held, a.Fact)
			}
		}
	}
}

// glance takes all facts as new, with number 0 those of which something may be held.
func (s *FactSet) glance(all []Arrival) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range all {
		a := &all[i]
		a.Held, a.Now, a.Number, a.seen = nil, a.Fact, -1, s.next
		if part, tag := s.part(prefixOf(a.Fact.ID())); part.has(tag) {
			a.Number = 0
		}
	}
}

// EnterAll adds what facts say that were met: those that say more than what is held get
// the next numbers, in their order. Of which something came since they were met, they meet
// that first. Whoever wants to know which facts have which numbers lets nobody else add.
func (s *FactSet) EnterAll(all []Arrival) {
	for len(all) > 0 {
		n := s.enterSome(all[:min(len(all), arriveAtOnce)])
		if all = all[n:]; n == 0 {
			s.Meet(all[:1])
		}
	}
}

// enterSome enters the first arrivals, up to one that has to be met anew, and returns how
// many.
func (s *FactSet) enterSome(all []Arrival) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n < len(all) && s.enterOver(&all[n]) {
		n++
	}
	return n
}

// enterOver enters one arrival, if it says more. It reports false where what it met is not
// held any more, or where something about the subject may have come since. Owned by mu.
func (s *FactSet) enterOver(a *Arrival) bool {
	id := a.Fact.ID()
	part, tag := s.part(prefixOf(id))
	var slot *uint64
	if a.Held != nil {
		if slot = s.slotOf(part, tag, a.Number); slot == nil {
			return false
		}
	}
	if !a.New() {
		return true
	}
	var room [2]hit
	for _, h := range s.probe(part, tag, room[:0]) {
		if h.n >= a.seen && h.n != a.Number && (h.fact == nil || h.fact.ID() == id) {
			return false
		}
	}
	n := s.next
	if dead, ok := a.Now.(*Tombstone); ok {
		dead.held(s.place(n))
	} else {
		s.place(n)
		s.others.put(n, a.Now)
	}
	s.next++
	s.bytes += a.Now.Size()
	if slot != nil {
		s.replace(slot, a.Number, a.Held, n)
	} else {
		part.enter(tag, n)
	}
	a.Number = n
	return true
}
