package gossip

import (
	"cmp"
	"slices"
	"sync"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

const (
	fewestCells = 64
	mostCells   = 32_768 // a megabyte, for 20,000 differences
)

// publicKey is the key of the symbols that every node keeps of its set.
var publicKey riblt.Key

// cellsFor is how many symbols are kept of a set. Half as many as there are facts
// suffice: where more are needed, a list is cheaper.
func cellsFor(size uint64) int {
	n := uint64(fewestCells)
	for 2*n < size && n < mostCells {
		n *= 2
	}
	return int(n)
}

// A ledger is what reconciliation keeps of the facts in a scope, so that a session costs
// nothing that grows with them. It is brought up to date when a session begins. Safe for
// concurrent use.
type ledger struct {
	set  *records.FactSet
	over scope

	mu sync.Mutex // guards all below
	standing
	cells *riblt.Prefix
	// recalled: what was looked at by an earlier run was not looked at again.
	recalled bool
}

// standing is how the facts in a scope stood when those with numbers below next had come.
type standing struct {
	next    int    // arrival number
	last    int    // the number behind the last one in the scope
	missing int    // how many may have been in the scope that were dropped
	count   uint64 // how many there were
	print   fingerprint
	sketch  sketch
}

func newLedger(set *records.FactSet, over scope) *ledger {
	return &ledger{set: set, over: over, cells: riblt.NewPrefix(publicKey, fewestCells)}
}

// snapshot is a ledger at one moment.
type snapshot struct {
	of *ledger
	standing
}

func (s *snapshot) size() uint64 { return s.count }

// take brings the ledger up to date and returns the set as it stands.
func (l *ledger) take() *snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance()
	return &snapshot{of: l, standing: l.standing}
}

// prepare brings the ledger up to date and returns how many facts it looked at.
func (l *ledger) prepare() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.next
	l.advance()
	return l.next - before
}

// doubt lets it begin anew if it has not looked at all facts itself: a session has met
// what cannot be.
func (l *ledger) doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recalled {
		l.clear(l.missing, fewestCells)
	}
}

// clear lets it begin anew. Owned by mu.
func (l *ledger) clear(missing, cells int) {
	l.standing, l.cells, l.recalled = standing{missing: missing}, riblt.NewPrefix(publicKey, cells), false
}

// advance looks at what has come. Owned by mu.
func (l *ledger) advance() {
	missing := l.missed() // before next: what is dropped between counts the next time
	next := l.set.Next()
	cells := cellsFor(l.count + uint64(next-l.next)>>min(l.over.within.Bits(), 62))
	if missing == l.missing && cells <= l.cells.Len() && l.grow(next) && cellsFor(l.count) <= l.cells.Len() {
		return
	}
	// With every doubling of the set, up to mostCells, or where it cannot be told what is
	// missing: it begins anew.
	for range 3 {
		cells = max(cells, cellsFor(l.count))
		l.clear(missing, cells)
		if l.grow(next) && cellsFor(l.count) <= cells {
			return
		}
		next = l.set.Next()
	}
	l.missing = -1 // more is replaced than can be followed: the next one begins anew, too
}

// missed is how many of the set's facts were dropped that may have been in the scope: those
// past its cut-off are missed by nobody.
func (l *ledger) missed() int { return l.set.DroppedSince(l.over.cut) }

// grow takes in what has come up to a number. Owned by mu.
func (l *ledger) grow(next int) (whole bool) {
	whole = l.change(l.next, next, func(n int, f records.Fact, come bool) {
		e := essenceOf(f)
		if !come {
			l.count--
			l.print.sub(&e.lanes)
			l.sketch.take(e.signs)
			l.cells.Remove(e.item)
			return
		}
		l.count++
		l.last = max(l.last, n+1)
		l.print.add(&e.lanes)
		l.sketch.add(e.signs)
		l.cells.Add(e.item)
	})
	l.next = next
	return whole
}

// change yields what makes the facts in the scope as they stood when those with numbers
// below from had come into those as they stood when those below to had: which come, and
// which go, since others have replaced them. It is false where the set does not remember.
func (l *ledger) change(from, to int, do func(n int, f records.Fact, come bool)) (whole bool) {
	var mortal map[int]bool // of those yielded, which may be replaced
	for n, f := range l.set.Between(from, to) {
		if !l.over.has(f) {
			continue
		}
		if _, dead := f.(*records.Tombstone); !dead {
			if mortal == nil {
				mortal = make(map[int]bool)
			}
			mortal[n] = true
		}
		do(n, f, true)
	}
	since := from
	if from == 0 {
		since = to // what was replaced before was never there
	}
	replaced, whole := l.set.Replaced(since)
	for _, r := range replaced {
		switch {
		case !l.over.has(r.Fact):
		case r.Number < from && r.By < to:
			do(r.Number, r.Fact, false)
		case r.Number >= from && r.Number < to && r.By >= to && !mortal[r.Number]:
			do(r.Number, r.Fact, true)
		}
	}
	return whole
}

// run returns n symbols of a snapshot, from start on.
func (l *ledger) run(of *snapshot, start, n int) (riblt.Run, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var came, went []riblt.Item
	whole := l.change(of.next, l.next, func(_ int, f records.Fact, come bool) {
		if come {
			came = append(came, itemOf(f))
		} else {
			went = append(went, itemOf(f))
		}
	})
	if !whole || l.missing != of.missing {
		return riblt.Run{}, errChanged
	}
	return l.cells.Run(start, n, came, went), nil
}

// numbered is a fact and its arrival number.
type numbered struct {
	n    int
	fact records.Fact
}

// since returns the facts of a snapshot with numbers from one on, ascending.
func (s *snapshot) since(from int) (facts []numbered, err error) {
	err = s.each(from, func(n int, f records.Fact) { facts = append(facts, numbered{n, f}) })
	slices.SortFunc(facts, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
	return facts, err
}

// all returns all facts of a snapshot.
func (s *snapshot) all() (facts []records.Fact, err error) {
	facts = make([]records.Fact, 0, min(s.count, uint64(s.of.set.Len())))
	err = s.each(0, func(_ int, f records.Fact) { facts = append(facts, f) })
	return facts, err
}

// each yields the facts of a snapshot with numbers from one on; errChanged says that some
// were dropped meanwhile.
func (s *snapshot) each(from int, do func(n int, f records.Fact)) error {
	whole := s.of.change(min(from, s.next), s.next, func(n int, f records.Fact, come bool) {
		if come {
			do(n, f)
		}
	})
	if !whole || s.of.missed() != s.missing {
		return errChanged
	}
	return nil
}

// find returns the fact of a snapshot that an item stands for, or nil.
func (s *snapshot) find(it riblt.Item) records.Fact {
	for _, f := range s.of.set.Prefixed([8]byte(it[:8])) {
		if itemOf(f) == it && s.of.over.has(f) && s.of.set.Arrival(f.ID()) < s.next {
			return f
		}
	}
	replaced, _ := s.of.set.Replaced(s.next)
	for _, r := range replaced {
		if r.Number < s.next && s.of.over.has(r.Fact) && itemOf(r.Fact) == it {
			return r.Fact
		}
	}
	return nil
}

// before returns what the snapshot has of a subject whose fact has come since, or nil.
func (s *snapshot) before(id records.AgentID) records.Fact {
	replaced, _ := s.of.set.Replaced(s.next)
	for _, r := range replaced {
		if r.Number < s.next && r.Fact.ID() == id {
			return r.Fact
		}
	}
	return nil
}
