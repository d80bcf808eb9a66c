package gossip

import (
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
// nothing that grows with them. It is brought up to date when a session begins. A fact's
// place is how many of the scope's came before it. Safe for concurrent use.
type ledger struct {
	set  *records.FactSet
	over scope
	// reordered is called where the first facts are not what they were, since some were
	// dropped. May be nil.
	reordered func(*ledger)

	mu      sync.Mutex
	next    int // up to which arrival number the set was looked at; this and all below: owned by mu
	dropped int // how many facts had been dropped by then
	missing int // of them, how many that may have been in the scope
	log     places
	print   fingerprint
	sketch  sketch
	cells   *riblt.Prefix
	// recalled: what was looked at by an earlier run was not looked at again.
	recalled bool
}

func newLedger(set *records.FactSet, over scope, reordered func(*ledger)) *ledger {
	return &ledger{set: set, over: over, reordered: reordered, cells: riblt.NewPrefix(publicKey, fewestCells)}
}

// snapshot is a ledger at one moment.
type snapshot struct {
	of     *ledger
	log    places
	print  fingerprint
	sketch sketch
}

func (s *snapshot) size() uint64 { return uint64(s.log.size) }

// facts returns those with places from one on, below another: fewer where some have been
// dropped meanwhile.
func (s *snapshot) facts(from, to int) []records.Fact { return s.log.facts(s.of.set, from, to) }

// take brings the ledger up to date and returns the set as it stands.
func (l *ledger) take() *snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance()
	return &snapshot{of: l, log: l.log, print: l.print, sketch: l.sketch}
}

// prepare brings the ledger up to date and returns how many facts it looked at.
func (l *ledger) prepare() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.next
	l.advance()
	return l.next - before
}

// advance looks at what has come. Owned by mu.
func (l *ledger) advance() {
	dropped, next := l.set.Dropped(), l.set.Next()
	before := l.log
	again := false
	if dropped != l.dropped { // those that are past a cut-off are missed by nobody
		missing := l.set.DroppedSince(l.over.cut)
		again = missing != l.missing
		l.dropped, l.missing = dropped, missing
	}
	if again { // rare
		l.clear()
	}
	l.enlarge(cellsFor(uint64(l.log.size + (next-l.next)>>min(l.over.within.Bits(), 62))))
	for n, f := range l.set.Between(l.next, next) {
		if !l.over.has(f) {
			continue
		}
		e := essenceOf(f.ID())
		l.log.add(n)
		l.print.add(&e.lanes)
		l.sketch.add(e.signs)
		l.cells.Add(e.item)
		l.enlarge(cellsFor(uint64(l.log.size)))
	}
	l.next = next
	if again && l.reordered != nil && !before.begins(l.log) {
		l.reordered(l)
	}
}

// clear lets it begin anew. Owned by mu.
func (l *ledger) clear() {
	l.next, l.log, l.recalled = 0, places{}, false
	l.print, l.sketch, l.cells = fingerprint{}, sketch{}, riblt.NewPrefix(publicKey, fewestCells)
}

// doubt lets it begin anew if it has not looked at all facts itself: a session has met
// what cannot be.
func (l *ledger) doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recalled {
		l.clear()
	}
}

// enlarge makes room for more symbols, which are computed from all facts so far: with
// every doubling of the set, up to mostCells. Owned by mu.
func (l *ledger) enlarge(n int) {
	if n <= l.cells.Len() {
		return
	}
	l.cells = riblt.NewPrefix(publicKey, n)
	for _, f := range l.log.facts(l.set, 0, l.log.size) {
		l.cells.Add(itemOf(f.ID()))
	}
}

// run returns n symbols of a snapshot, from start on.
func (l *ledger) run(of *snapshot, start, n int) riblt.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	var later []riblt.Item
	for _, f := range l.log.facts(l.set, of.log.size, l.log.size) {
		later = append(later, itemOf(f.ID()))
	}
	return l.cells.Run(start, n, later)
}

// find returns the fact of a snapshot that an item stands for, or nil.
func (l *ledger) find(of *snapshot, it riblt.Item) records.Fact {
	for _, f := range l.set.Prefixed([8]byte(it[:8])) {
		if id := f.ID(); itemOf(id) == it {
			if at := l.place(id); at >= 0 && at < of.log.size {
				return f
			}
		}
	}
	return nil
}

// place returns the place of the fact about id, or -1 where there is none in the scope.
func (l *ledger) place(id records.AgentID) int {
	n := l.set.Arrival(id)
	if n < 0 {
		return -1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n >= l.next && l.log.numbers != nil || !l.over.all() {
		l.advance()
	}
	return l.log.place(n)
}

// size is how many facts there are now.
func (l *ledger) size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance()
	return uint64(l.log.size)
}

// places are the arrival numbers of a ledger's facts, in their order. A copy stays as it
// is while the ledger's own grows.
type places struct {
	size    int
	numbers []uint32 // nil: 0 up to size
}

func (p *places) add(n int) {
	if p.numbers == nil && n != p.size {
		p.numbers = make([]uint32, p.size, p.size+8)
		for i := range p.numbers {
			p.numbers[i] = uint32(i)
		}
	}
	if p.numbers != nil {
		p.numbers = append(p.numbers, uint32(n))
	}
	p.size++
}

// number is the arrival number of the fact at a place.
func (p places) number(at int) int {
	if p.numbers == nil {
		return at
	}
	return int(p.numbers[at])
}

// place is where an arrival number is, or -1. Where there are no gaps, it is where one
// that has not been added yet will be.
func (p places) place(n int) int {
	if p.numbers == nil {
		return n
	}
	at, ok := slices.BinarySearch(p.numbers[:p.size], uint32(n))
	if !ok {
		return -1
	}
	return at
}

// begins reports whether other begins with all of p.
func (p places) begins(other places) bool {
	if p.size > other.size {
		return false
	}
	for i := range p.size {
		if p.number(i) != other.number(i) {
			return false
		}
	}
	return true
}

// facts are those of a set at places from one on, below another.
func (p places) facts(set *records.FactSet, from, to int) []records.Fact {
	if from = max(from, 0); from >= to {
		return nil
	}
	some := make([]records.Fact, 0, to-from)
	for n, f := range set.Between(p.number(from), p.number(to-1)+1) {
		for from < to && p.number(from) < n {
			from++
		}
		if from < to && p.number(from) == n {
			some = append(some, f)
		}
	}
	return some
}
