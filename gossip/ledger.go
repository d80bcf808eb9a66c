package gossip

import (
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

// A ledger is what reconciliation keeps of the fact set, so that a session costs
// nothing that grows with it. It is brought up to date when a session begins. Safe for
// concurrent use.
type ledger struct {
	set *records.FactSet

	mu     sync.Mutex
	size   int // of how many facts the rest is
	print  fingerprint
	sketch sketch
	cells  *riblt.Prefix
}

func newLedger(set *records.FactSet) *ledger {
	return &ledger{set: set, cells: riblt.NewPrefix(publicKey, fewestCells)}
}

// snapshot is the fact set at one moment.
type snapshot struct {
	facts  []records.Fact // in order of arrival; shared, not to be changed
	print  fingerprint
	sketch sketch
}

func (s *snapshot) size() uint64 { return uint64(len(s.facts)) }

// take brings the ledger up to date and returns the set as it stands.
func (l *ledger) take() *snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	facts := l.set.Since(0)
	if n := cellsFor(uint64(len(facts))); n > l.cells.Len() {
		l.enlarge(n, facts[:l.size])
	}
	for _, f := range facts[l.size:] {
		e := essenceOf(f.ID())
		l.print.add(&e.lanes)
		l.sketch.add(e.signs)
		l.cells.Add(e.item)
	}
	l.size = len(facts)
	return &snapshot{facts: facts, print: l.print, sketch: l.sketch}
}

// enlarge makes room for more symbols, which are computed from all facts so far: with
// every doubling of the set, up to mostCells.
func (l *ledger) enlarge(n int, facts []records.Fact) {
	l.cells = riblt.NewPrefix(publicKey, n)
	for _, f := range facts {
		l.cells.Add(itemOf(f.ID()))
	}
}

// run returns n symbols of a snapshot, from start on.
func (l *ledger) run(of *snapshot, start, n int) riblt.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	later := make([]riblt.Item, 0, l.size-len(of.facts))
	for _, f := range l.set.Since(len(of.facts))[:l.size-len(of.facts)] {
		later = append(later, itemOf(f.ID()))
	}
	return l.cells.Run(start, n, later)
}

// find returns the fact of a snapshot that an item stands for, or nil.
func (l *ledger) find(of *snapshot, it riblt.Item) records.Fact {
	for _, f := range l.set.Prefixed([8]byte(it[:8])) {
		if id := f.ID(); itemOf(id) == it && l.set.Arrival(id) < len(of.facts) {
			return f
		}
	}
	return nil
}
