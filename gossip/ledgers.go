package gossip

import (
	"crypto/rand"
	"sync"

	"github.com/cairn-overlay/cairn/records"
)

// maxLedgers is how many scopes are kept a ledger of, beside the node's own. Each takes a
// megabyte for its symbols.
const maxLedgers = 16

// ledgers are those of the scopes that this node reconciles over: its own, and the parts
// of it that are other nodes'. To make one takes work that grows with the set, to
// keep it takes hardly any. Safe for concurrent use.
type ledgers struct {
	set *records.FactSet
	own func() scope

	mu       sync.Mutex
	instance [8]byte // names the set and its arrival numbers; this and all below: owned by mu
	of       map[scope]*kept
	turn     int
}

// kept is a ledger, and when it was last asked for, in turns.
type kept struct {
	*ledger
	used int
}

func newLedgers(set *records.FactSet, own func() scope) *ledgers {
	l := &ledgers{set: set, own: own, of: make(map[scope]*kept)}
	_, _ = rand.Read(l.instance[:]) // never fails, by its contract
	return l
}

// recall takes the ledger of the node's own scope from an earlier run.
func (l *ledgers) recall(b []byte) error {
	over := l.own()
	own, err := openLedger(l.set, over, b)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[over] = &kept{ledger: own}
	return nil
}

// get returns the ledger of a scope, which must be within the node's own.
func (l *ledgers) get(over scope) *ledger {
	own := l.own()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn++
	k := l.of[over]
	if k == nil {
		l.makeRoom(own)
		k = &kept{ledger: newLedger(l.set, over)}
		l.of[over] = k
	}
	k.used = l.turn
	return k.ledger
}

// has reports whether there is a ledger of a scope already.
func (l *ledgers) has(over scope) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[over] != nil
}

// makeRoom forgets what is not within the node's own any more, and where there are too
// many the one that was not asked for the longest. Owned by mu.
func (l *ledgers) makeRoom(own scope) {
	var last *kept
	for over, k := range l.of {
		if !own.holds(over) {
			delete(l.of, over)
		} else if over != own && (last == nil || k.used < last.used) {
			last = k
		}
	}
	if last != nil && len(l.of) > maxLedgers {
		delete(l.of, last.over)
	}
}

// named is the instance.
func (l *ledgers) named() [8]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.instance
}
