package records

import (
	"crypto/sha256"
	"hash/maphash"
	"iter"
	"slices"
	"sync"
)

// Fact is a statement that lasts until its subject's end and that every node is
// to hold: in this version a tombstone. Rotations and duplicity proofs will be
// facts of the same kind.
type Fact = *Tombstone

// stateDead is the state digest of a revoked subject: one for all tombstones of a
// subject, whichever lock was opened, so that two equal statements reconcile as one.
const stateDead = "dead"

// FactItem is SHA-256(ID || state): what reconciliation compares.
func FactItem(f Fact) [32]byte { return DeadItem(f.ID()) }

// DeadItem is FactItem of whatever tombstone of a subject.
func DeadItem(id AgentID) [32]byte {
	b := make([]byte, 0, 32+len(stateDead))
	b = append(b, id.sum[:]...)
	return sha256.Sum256(append(b, stateDead...))
}

// FactSet is a set of facts, at most one per subject, safe for concurrent use. Every
// order of additions gives the same subjects; the fact held first stays. One set is
// shared by all parts of a node.
//
// The set remembers the order in which its facts came. Each gets the next arrival
// number, from 0 on; no number is given twice, and none changes, whatever is dropped
// and however often a node with a disk is restarted. So a number is a place to go on
// from for ever: what came since is Between(n, Next()). Len is Next less Dropped.
//
// A fact with one lock takes about 95 bytes in it, a quarter more than its own 78. For
// that its subject is not kept but computed, by two hashes, whenever it is asked for.
type FactSet struct {
	mu    sync.RWMutex // guards all below
	order []Fact       // by arrival number; nil was dropped
	gone  int          // how many were
	room  []Tombstone  // where the next facts go; order points into it
	seed  maphash.Seed
	index [indexParts]indexPart // by subject
	bytes int                   // the sum of Size over facts
}

// What the set makes room for at a time: as much again as it holds, within these. The
// most and the allocator's own 8 bytes fill one of its blocks of 20 KiB.
const (
	leastRoom = 8
	mostRoom  = 255
)

// NewFactSet returns an empty set.
func NewFactSet() *FactSet { return &FactSet{seed: maphash.MakeSeed()} }

// Add puts f in and reports whether its subject was new. A nil fact is not.
func (s *FactSet) Add(f Fact) bool {
	if f == nil {
		return false
	}
	id := f.ID()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(id) >= 0 {
		return false
	}
	if len(s.room) == cap(s.room) {
		s.room = make([]Tombstone, 0, min(max(len(s.order), leastRoom), mostRoom))
	}
	s.room = s.room[:len(s.room)+1]
	held := &s.room[len(s.room)-1]
	f.held(held)
	if n := len(s.order); n == cap(s.order) {
		s.order = append(make([]Fact, 0, n+max(n/8, leastRoom)), s.order...)
	}
	s.order = append(s.order, held)
	s.enter(len(s.order)-1, id)
	s.bytes += f.Size()
	return true
}

// Lookup returns the fact about id, or nil.
func (s *FactSet) Lookup(id AgentID) Fact {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i := s.find(id); i >= 0 {
		return s.order[i]
	}
	return nil
}

// Has reports whether the set has a fact about f's subject. Where it is f itself, as
// with all that comes twice, no subject is computed.
func (s *FactSet) Has(f Fact) bool {
	id := f.ID()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.probe([8]byte(id.sum[:]), func(i int) bool {
		held := s.order[i] // not dropped, or it were not in the index
		return held.end == f.end && held.body == f.body && held.secret == f.secret && held.locks == 1 && f.locks == 1 && held.kind == f.kind ||
			held.ID() == id
	}) >= 0
}

// Arrival returns the arrival number of the fact about id, or -1 if there is none.
func (s *FactSet) Arrival(id AgentID) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.find(id)
}

// Prefixed returns the facts whose subjects' digests begin with these bytes: one, but
// for collisions, or none.
func (s *FactSet) Prefixed(prefix [8]byte) []Fact {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []Fact
	s.probe(prefix, func(i int) bool {
		if id := s.order[i].ID(); [8]byte(id.sum[:]) == prefix {
			found = append(found, s.order[i])
		}
		return false
	})
	return found
}

// Len returns the number of subjects.
func (s *FactSet) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.order) - s.gone
}

// Next returns the arrival number that the next fact will get: how many have ever come.
func (s *FactSet) Next() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.order)
}

// Dropped returns how many facts were ever dropped. Whoever keeps something that was
// computed from all facts sees by it that some are missing now.
func (s *FactSet) Dropped() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.gone
}

// Size returns the sum of the facts' bytes.
func (s *FactSet) Size() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bytes
}

// Since returns the facts with arrival numbers from n on, in that order; the result
// must not be changed. They are all in memory then: prefer Between.
func (s *FactSet) Since(n int) []Fact {
	s.mu.RLock()
	defer s.mu.RUnlock()
	some := s.order[min(n, len(s.order)):len(s.order):len(s.order)]
	if s.gone > 0 && slices.Contains(some, nil) {
		some = slices.DeleteFunc(slices.Clone(some), func(f Fact) bool { return f == nil })
	}
	return some
}

// Between yields the facts with arrival numbers from one on, below another, with their
// numbers, ascending. The set is not locked meanwhile; what is dropped meanwhile may be
// among them or not.
func (s *FactSet) Between(from, to int) iter.Seq2[int, Fact] {
	return func(yield func(int, Fact) bool) {
		const lot = 1024
		for from = max(from, 0); from < to; {
			some := s.lot(from, min(to-from, lot))
			for i, f := range some {
				if f != nil && !yield(from+i, f) {
					return
				}
			}
			if from += len(some); len(some) == 0 {
				return
			}
		}
	}
}

// lot copies n places of the order, or as many as there are.
func (s *FactSet) lot(from, n int) []Fact {
	s.mu.RLock()
	defer s.mu.RUnlock()
	from = min(from, len(s.order))
	return slices.Clone(s.order[from:min(from+n, len(s.order))])
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
// arrival, while the set is not locked.
func (s *FactSet) Retain(keep func(n int, f Fact) bool) (dropped int) {
	for n, f := range s.Between(0, s.Next()) {
		if !keep(n, f) && s.drop(n, f.ID()) {
			dropped++
		}
	}
	return dropped
}

// drop removes the fact with an arrival number, which is about id, and reports whether
// it was there.
func (s *FactSet) drop(n int, id AgentID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.order[n]
	if f == nil {
		return false
	}
	s.leave(n, id)
	s.order[n] = nil
	s.gone++
	s.bytes -= f.Size()
	return true
}
