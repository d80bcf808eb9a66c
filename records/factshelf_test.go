package records

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"
)

// mapShelf is a shelf in memory; what is taken out of it is lost.
type mapShelf struct {
	mu    sync.Mutex
	facts map[int]Fact
	reads int
}

func (m *mapShelf) Fact(n int) Fact {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	return m.facts[n]
}

func (m *mapShelf) Facts(from, to int) iter.Seq2[int, Fact] {
	return func(yield func(int, Fact) bool) {
		m.mu.Lock()
		numbers := slices.Sorted(maps.Keys(m.facts))
		m.mu.Unlock()
		for _, n := range numbers {
			if n >= from && n < to && !yield(n, m.facts[n]) {
				return
			}
		}
	}
}

// shelved returns a set that has facts on a shelf, all but the latest.
func shelved(t *testing.T, facts []Fact) (*FactSet, *mapShelf) {
	t.Helper()
	m := &mapShelf{facts: map[int]Fact{}}
	s := NewShelvedFactSet(m)
	for _, f := range facts {
		n, _ := s.Enter(f)
		if n < 0 {
			t.Fatalf("fact %d is not new", n)
		}
		m.mu.Lock()
		m.facts[n] = f
		m.mu.Unlock()
	}
	s.Shelved(len(facts))
	return s, m
}

// someFacts are n facts of one lock each.
func someFacts(t *testing.T, n int) (facts []Fact) {
	for i := range n {
		secret := Secret{byte(i), byte(i >> 8), byte(i >> 16), 5}
		facts = append(facts, mustReveal(t, mustHeader(t, secret), secret))
	}
	return facts
}

// TestShelvedFactSet: a set with a shelf is the set that it would be in memory, when it
// was filled, when it was opened from its index, and when it was filled by replaying; and
// a subject without a fact takes hardly a read.
func TestShelvedFactSet(t *testing.T) {
	many := recentFacts + 5_000
	facts := someFacts(t, many)
	filled, shelf := shelved(t, facts)
	var index bytes.Buffer
	if err := filled.WriteIndex(&index, many-10); err != nil {
		t.Fatal(err)
	}
	opened, err := OpenShelvedFactSet(shelf, &index)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Next() != many-10 || opened.Len() != many-10 || opened.Size() != 78*(many-10) {
		t.Fatalf("%d facts of %d bytes, the next is number %d", opened.Len(), opened.Size(), opened.Next())
	}
	for n, f := range facts[many-10:] {
		opened.Replay(many-10+n, f)
	}
	replayed := NewShelvedFactSet(shelf)
	for n, f := range facts {
		replayed.Replay(n, f)
	}
	for name, s := range map[string]*FactSet{"filled": filled, "opened": opened, "replayed": replayed} {
		if s.Len() != many || s.Next() != many || s.Dropped() != 0 || s.Size() != 78*many {
			t.Fatalf("%s: %d facts of %d bytes", name, s.Len(), s.Size())
		}
		for i := 0; i < many; i += 37 {
			f := facts[i]
			if !same(s.Lookup(f.ID()), f) || !s.Has(f) || s.Add(f) || s.Arrival(f.ID()) != i || len(s.Prefixed(headOf(f))) != 1 || !s.Holds(i, f.ID()) {
				t.Fatalf("%s: fact %d is not where it was", name, i)
			}
		}
		i := 0
		for n, f := range s.Between(0, many) {
			if n != i || !same(f, facts[i]) {
				t.Fatalf("%s: fact %d at place %d", name, n, i)
			}
			i++
		}
		if i != many {
			t.Fatalf("%s: %d facts", name, i)
		}
		shelf.reads = 0
		for i := range 2000 {
			secret := Secret{byte(i), byte(i >> 8), 77}
			if id := mustHeader(t, secret).ID(); s.Lookup(id) != nil {
				t.Fatalf("%s: a stranger has a fact", name)
			}
		}
		if shelf.reads > 10 {
			t.Errorf("%s: %d reads for 2000 subjects without a fact", name, shelf.reads)
		}
	}
	if filled.first == 0 || len(opened.rooms) != 0 {
		t.Errorf("the facts before %d are on the shelf; %d rooms of facts that nobody added", filled.first, len(opened.rooms))
	}
}

// TestShelvedFactSetDrops: what is dropped, or lost by the shelf, is not found by any way,
// may come again under a number of its own, and stays dropped over a restart.
func TestShelvedFactSetDrops(t *testing.T) {
	many := recentFacts + 5_000
	facts := someFacts(t, many)
	s, shelf := shelved(t, facts)
	for _, n := range []int{5, many - 1} {
		if !s.Drop(n, facts[n]) || s.Drop(n, facts[n]) {
			t.Fatalf("fact %d was not dropped once", n)
		}
	}
	delete(shelf.facts, 7)
	for _, n := range []int{5, 7, many - 1} {
		if s.Lookup(facts[n].ID()) != nil || s.Has(facts[n]) || s.Holds(n, facts[n].ID()) || s.Arrival(facts[n].ID()) != -1 {
			t.Errorf("fact %d is still there", n)
		}
	}
	if s.Len() != many-3 || s.Dropped() != 3 || s.Size() != 78*(many-3) {
		t.Errorf("%d facts of %d bytes, %d were dropped", s.Len(), s.Size(), s.Dropped())
	}
	for n := range s.Between(0, many) {
		if n == 5 || n == 7 || n == many-1 {
			t.Errorf("fact %d is yielded", n)
		}
	}
	if n, now := s.Enter(facts[5]); n != many || now != Fact(facts[5]) {
		t.Errorf("it came again as %d", n)
	}
	var index bytes.Buffer
	if err := s.WriteIndex(&index, many); err != nil {
		t.Fatal(err)
	}
	raw := index.Bytes()
	again, err := OpenShelvedFactSet(shelf, &index)
	if err != nil || again.Len() != many-3 || again.Next() != many || again.Lookup(facts[5].ID()) != nil || again.Lookup(facts[6].ID()) == nil {
		t.Errorf("opened with %d facts, %v", again.Len(), err)
	}
	for _, n := range []int{0, 10, 40, len(raw) - 1} {
		if _, err := OpenShelvedFactSet(shelf, bytes.NewReader(raw[:n])); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of an index: %v", n, err)
		}
	}
}

// FuzzOpenShelvedFactSet: an index of whatever bytes is refused, or makes a set in which
// a search ends.
func FuzzOpenShelvedFactSet(f *testing.F) {
	s := NewShelvedFactSet(&mapShelf{})
	var index bytes.Buffer
	for i := range byte(3) {
		h, err := NewHeader(KindGrant, 1<<20, [32]byte{}, Secret{i, 1})
		if err != nil {
			f.Fatal(err)
		}
		fact, err := h.Reveal(Secret{i, 1})
		if err != nil {
			f.Fatal(err)
		}
		s.Enter(fact)
	}
	if err := s.WriteIndex(&index, 3); err != nil {
		f.Fatal(err)
	}
	f.Add(index.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := OpenShelvedFactSet(&mapShelf{}, bytes.NewReader(raw))
		if err != nil {
			return
		}
		for i := range 256 {
			s.Lookup(AgentIDFromDigest([32]byte{byte(i)}))
		}
		if s.Len() < 0 || s.Next() < s.Len() {
			t.Fatalf("%d facts of %d", s.Len(), s.Next())
		}
	})
}
