package records

import (
	"crypto/sha256"
	"iter"
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
func FactItem(f Fact) [32]byte {
	b := make([]byte, 0, 32+len(stateDead))
	b = append(b, f.id.sum[:]...)
	return sha256.Sum256(append(b, stateDead...))
}

// FactSet is a grow-only set of facts, at most one per subject, safe for
// concurrent use. Every order of additions gives the same subjects; the fact held
// first stays. One set is shared by all parts of a node.
type FactSet struct {
	mu    sync.RWMutex     // guards all below
	facts map[AgentID]Fact // by subject
	order []Fact           // as they came; it only grows
	bytes int              // the sum of Size over facts
}

// NewFactSet returns an empty set.
func NewFactSet() *FactSet { return &FactSet{facts: make(map[AgentID]Fact)} }

// Add puts f in and reports whether its subject was new. A nil fact is not.
func (s *FactSet) Add(f Fact) bool {
	if f == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, held := s.facts[f.id]; held {
		return false
	}
	s.facts[f.id] = f
	s.order = append(s.order, f)
	s.bytes += f.Size()
	return true
}

// Lookup returns the fact about id, or nil.
func (s *FactSet) Lookup(id AgentID) Fact {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.facts[id]
}

// Len returns the number of subjects.
func (s *FactSet) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.facts)
}

// Size returns the sum of the facts' bytes.
func (s *FactSet) Size() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bytes
}

// All yields every fact of the set as it stood when the iteration began, in the order
// of their arrival. The set is not locked meanwhile.
func (s *FactSet) All() iter.Seq[Fact] { return s.From(0) }

// From is All without the first n facts: those that arrived since Len was n.
func (s *FactSet) From(n int) iter.Seq[Fact] {
	return func(yield func(Fact) bool) {
		s.mu.RLock()
		snapshot := s.order[min(n, len(s.order)):]
		s.mu.RUnlock()
		for _, f := range snapshot {
			if !yield(f) {
				return
			}
		}
	}
}
