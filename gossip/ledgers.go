package gossip

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"

	"github.com/cairn-overlay/cairn/records"
)

// maxLedgers is how many ranges are kept a ledger of, beside the node's own. Each takes a
// megabyte for its symbols and four bytes a fact.
const maxLedgers = 16

// ledgers are those of the ranges that this node reconciles over: its own, and the parts
// of it that are other nodes' ranges. To make one takes work that grows with the set, to
// keep it takes hardly any. Safe for concurrent use.
type ledgers struct {
	set *records.FactSet
	own func() records.Range

	mu       sync.Mutex
	instance [8]byte // names the set and the order of its facts; this and all below: owned by mu
	of       map[records.Range]*kept
	turn     int
}

// kept is a ledger, and when it was last asked for, in turns.
type kept struct {
	*ledger
	used int
}

func newLedgers(set *records.FactSet, own func() records.Range) *ledgers {
	l := &ledgers{set: set, own: own, of: make(map[records.Range]*kept)}
	_, _ = rand.Read(l.instance[:]) // never fails, by its contract
	return l
}

// get returns the ledger of a range, which must be within the node's own.
func (l *ledgers) get(r records.Range) *ledger {
	own := l.own()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn++
	k := l.of[r]
	if k == nil {
		l.makeRoom(own)
		k = &kept{ledger: newLedger(l.set, r, l.reordered)}
		l.of[r] = k
	}
	k.used = l.turn
	return k.ledger
}

// has reports whether there is a ledger of a range already.
func (l *ledgers) has(r records.Range) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[r] != nil
}

// makeRoom forgets what is not within the node's range any more, and where there are too
// many the one that was not asked for the longest. Owned by mu.
func (l *ledgers) makeRoom(own records.Range) {
	var last *kept
	for r, k := range l.of {
		if !own.Holds(r) {
			delete(l.of, r)
		} else if r != own && (last == nil || k.used < last.used) {
			last = k
		}
	}
	if last != nil && len(l.of) > maxLedgers {
		delete(l.of, last.within)
	}
}

// instanceOf names the facts of a range and their order: as long as it stays the same, the
// first n facts do. The range of a node that keeps less than before has the order that
// it had as a part of what there was.
func (l *ledgers) instanceOf(r records.Range) [8]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Everything() {
		return l.instance
	}
	b := append([]byte("cairn-sync/1 range"), l.instance[:]...)
	sum := sha256.Sum256(r.Append(b))
	return [8]byte(sum[:])
}

// reordered gives the set a new name, unless the ledger is one that was forgotten.
func (l *ledgers) reordered(of *ledger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.of[of.within]; k != nil && k.ledger == of {
		_, _ = rand.Read(l.instance[:]) // never fails, by its contract
	}
}
