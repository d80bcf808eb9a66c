package records

import (
	"crypto/sha256"
	"slices"
	"sync"
	"testing"
)

func TestFactSet(t *testing.T) {
	s := NewFactSet()
	h := mustHeader(t, testSecrets...)
	first, second := mustReveal(t, h, Secret{1}), mustReveal(t, h, Secret{2})
	other := mustReveal(t, mustHeader(t, Secret{9}), Secret{9})
	if s.Lookup(h.ID()) != nil || s.Len() != 0 || s.Size() != 0 {
		t.Fatal("not empty")
	}
	if s.Add(nil) {
		t.Fatal("a nil fact is new")
	}
	if !s.Add(first) || s.Add(first) || s.Add(second) {
		t.Fatal("Add: a subject is new once")
	}
	if s.Lookup(h.ID()) != first {
		t.Fatal("the fact held first did not stay")
	}
	if !s.Add(other) || s.Len() != 2 || s.Size() != first.Size()+other.Size() {
		t.Fatalf("%d facts of %d bytes", s.Len(), s.Size())
	}
	n := 0
	all := s.All()
	for range 2 { // an iteration may be run again
		for f := range all {
			if s.Lookup(f.ID()) != f {
				t.Fatal("All gives what is not held")
			}
			s.Add(mustReveal(t, mustHeader(t, Secret{byte(100 + n)}), Secret{byte(100 + n)})) // must not deadlock
			n++
		}
	}
	if n != 2+4 {
		t.Fatalf("%d facts in two iterations, want 2, then 4", n)
	}
	for range s.All() {
		break
	}
	all1, rest := slices.Collect(s.All()), slices.Collect(s.From(2))
	if all1[0] != first || all1[1] != other || !slices.Equal(all1[2:], rest) || len(rest) != s.Len()-2 {
		t.Fatal("From is not All in the order of arrival without the first two")
	}
	for range s.From(s.Len() + 1) {
		t.Fatal("a fact beyond the last")
	}
}

// TestA38OneItemPerDeath: the item that reconciliation compares says who is dead,
// and not which lock was opened, or two nodes would never agree.
func TestA38OneItemPerDeath(t *testing.T) {
	h := mustHeader(t, testSecrets...)
	id := h.ID().Digest()
	want := sha256.Sum256(append(id[:], "dead"...))
	for _, secret := range testSecrets {
		if got := FactItem(mustReveal(t, h, secret)); got != want {
			t.Errorf("secret %d: item %x, want %x", secret[0], got, want)
		}
	}
	if FactItem(mustReveal(t, mustHeader(t, Secret{9}), Secret{9})) == want {
		t.Error("two subjects share an item")
	}
}

// TestFactSetTogether is for the race detector.
func TestFactSetTogether(t *testing.T) {
	var facts []Fact
	for i := byte(1); i < 50; i++ {
		h := mustHeader(t, Secret{i}, Secret{i, 1})
		facts = append(facts, mustReveal(t, h, Secret{i}), mustReveal(t, h, Secret{i, 1}))
	}
	s := NewFactSet()
	added := make([]int, 8)
	var wg sync.WaitGroup
	for g := range added {
		wg.Go(func() {
			for i := range facts {
				f := facts[(i*7+g*13)%len(facts)]
				if s.Add(f) {
					added[g]++
				}
				if held := s.Lookup(f.ID()); held == nil || held.ID() != f.ID() {
					t.Error("added and not there")
				}
				if i%20 == 0 {
					for f := range s.All() {
						_ = FactItem(f)
					}
				}
				_, _ = s.Len(), s.Size()
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range added {
		sum += n
	}
	if sum != 49 || s.Len() != 49 {
		t.Errorf("%d additions, %d subjects, want 49", sum, s.Len())
	}
}
