package records

import (
	"bytes"
	"crypto/sha256"
	"runtime"
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
	if !same(s.Lookup(h.ID()), first) {
		t.Fatal("the fact held first did not stay")
	}
	if !s.Add(other) || s.Len() != 2 || s.Size() != first.Size()+other.Size() {
		t.Fatalf("%d facts of %d bytes", s.Len(), s.Size())
	}
	n := 0
	all := s.All()
	for range 2 { // an iteration may be run again
		for f := range all {
			if !same(s.Lookup(f.ID()), f) || !s.Has(f) {
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
	if !same(all1[0], first) || !same(all1[1], other) || !slices.Equal(all1[2:], rest) || len(rest) != s.Len()-2 {
		t.Fatal("From is not All in the order of arrival without the first two")
	}
	for range s.From(s.Len() + 1) {
		t.Fatal("a fact beyond the last")
	}
}

// same reports whether two facts are the same statement, with the same proof.
func same(a, b Fact) bool {
	return a != nil && b != nil && a.ID() == b.ID() && bytes.Equal(a.Bytes(), b.Bytes()) &&
		a.Item() == b.Item() && a.End().Equal(b.End()) && a.Size() == b.Size()
}

// headOf is how the digest of f's subject begins.
func headOf(f Fact) [8]byte {
	sum := f.ID().Digest()
	return [8]byte(sum[:])
}

// TestFactSetHas: of the same statement, of another proof of it, of none.
func TestFactSetHas(t *testing.T) {
	for locks := 1; locks <= MaxLocks; locks++ {
		s := NewFactSet()
		h := mustHeader(t, testSecrets[:locks]...)
		first, last := mustReveal(t, h, testSecrets[0]), mustReveal(t, h, testSecrets[locks-1])
		if s.Has(first) || s.Has(last) {
			t.Fatal("an empty set has a fact")
		}
		s.Add(first)
		if !s.Has(first) || !s.Has(last) || s.Has(mustReveal(t, mustHeader(t, Secret{77}), Secret{77})) {
			t.Errorf("%d locks: a subject is taken for another", locks)
		}
		if got := s.Lookup(h.ID()); !same(got, first) {
			t.Errorf("%d locks: %x, want %x", locks, got.Bytes(), first.Bytes())
		}
	}
}

// TestFactSetRoom: a fact takes at most 1.3 times its bytes, wherever the set stands
// between two growths of its tables.
func TestFactSetRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("half a million facts")
	}
	const step, steps = 60_000, 8
	s := NewFactSet()
	next := func(from int) {
		for i := from; i < from+step; i++ {
			secret := Secret{byte(i), byte(i >> 8), byte(i >> 16), 1}
			s.Add(mustReveal(t, mustHeader(t, secret), secret))
		}
	}
	before := heapInUse()
	for i := range steps {
		next(i * step)
		if got := float64(heapInUse()-before) / float64(s.Size()); got > 1.3 {
			t.Errorf("%d facts take %.2f times their bytes", s.Len(), got)
		} else {
			t.Logf("%d facts take %.2f times their bytes", s.Len(), got)
		}
	}
	runtime.KeepAlive(s)
}

// heapInUse is what lives on the heap.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestFactSetRemembersTheOrder: the first n facts are the same for ever, and each is
// found by its subject, by where it stands, and by how its digest begins.
func TestFactSetRemembersTheOrder(t *testing.T) {
	const many = 5_000 // enough for every part of the index to grow
	s := NewFactSet()
	var all []Fact
	for i := range many {
		f := mustReveal(t, mustHeader(t, Secret{byte(i), byte(i >> 8), 1}), Secret{byte(i), byte(i >> 8), 1})
		if s.Arrival(f.ID()) != -1 || len(s.Prefixed(headOf(f))) != 0 {
			t.Fatal("found before it came")
		}
		s.Add(f)
		all = append(all, f)
	}
	early := s.Since(many - 10)
	s.Add(mustReveal(t, mustHeader(t, Secret{0, 0, 2}), Secret{0, 0, 2}))
	if len(early) != 10 || len(s.Since(many)) != 1 || len(s.Since(many+1)) != 0 {
		t.Errorf("%d, %d and %d facts", len(early), len(s.Since(many)), len(s.Since(many+1)))
	}
	for i, f := range all {
		if !same(s.Since(i)[0], f) || s.Arrival(f.ID()) != i || !same(s.Lookup(f.ID()), f) || !s.Has(f) {
			t.Fatalf("fact %d is not where it was", i)
		}
		if found := s.Prefixed(headOf(f)); len(found) != 1 || !same(found[0], f) {
			t.Fatalf("fact %d: %d by its prefix", i, len(found))
		}
	}
	i := 0
	for f := range s.All() {
		if i < many && !same(f, all[i]) {
			t.Fatalf("fact %d comes out of order", i)
		}
		i++
	}
}

// TestFactSetPrefixes: two subjects whose digests begin alike are both found, and told
// apart.
func TestFactSetPrefixes(t *testing.T) {
	twin := func(last byte) Fact {
		return &Tombstone{locks: 2, more: &tombstoneRest{id: AgentID{[32]byte{1, 2, 3, 31: last}}}}
	}
	s := NewFactSet()
	a, b := twin(1), twin(2)
	s.Add(a)
	s.Add(b)
	if found := s.Prefixed([8]byte{1, 2, 3}); len(found) != 2 || found[0] == found[1] {
		t.Errorf("found %v", found)
	}
	if s.Lookup(a.ID()).ID() != a.ID() || s.Lookup(b.ID()).ID() != b.ID() || s.Lookup(twin(3).ID()) != nil || s.Len() != 2 {
		t.Error("twins are mixed up")
	}
}

// TestA38OneItemPerDeath: the item that reconciliation compares says who is dead,
// and not which lock was opened, or two nodes would never agree.
func TestA38OneItemPerDeath(t *testing.T) {
	h := mustHeader(t, testSecrets...)
	id := h.ID().Digest()
	want := sha256.Sum256(append(id[:], "dead"...))
	for _, secret := range testSecrets {
		if got := mustReveal(t, h, secret).Item(); got != want {
			t.Errorf("secret %d: item %x, want %x", secret[0], got, want)
		}
	}
	if mustReveal(t, mustHeader(t, Secret{9}), Secret{9}).Item() == want {
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
						_ = f.Item()
					}
				}
				_, _ = s.Len(), s.Size()
				_, _, _ = s.Since(0), s.Arrival(f.ID()), s.Prefixed(headOf(f))
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

// TestFactSetDrops: what is dropped is not found by any way and may come again, under
// a number of its own; numbers never change.
func TestFactSetDrops(t *testing.T) {
	const many = 5_000
	s := NewFactSet()
	var all []Fact
	for i := range many {
		secret := Secret{byte(i), byte(i >> 8), 3}
		all = append(all, mustReveal(t, mustHeader(t, secret), secret))
		s.Add(all[i])
	}
	odd := func(n int, f Fact) bool {
		if !same(f, all[n]) {
			t.Fatalf("fact %d under the number of another", n)
		}
		return n%2 == 1
	}
	if n := s.Retain(odd); n != many/2 || s.Retain(odd) != 0 {
		t.Fatalf("%d were dropped", n)
	}
	if s.Len() != many/2 || s.Next() != many || s.Dropped() != many/2 || s.Size() != many/2*all[0].Size() {
		t.Fatalf("%d facts of %d bytes, %d were dropped, the next is number %d", s.Len(), s.Size(), s.Dropped(), s.Next())
	}
	for i, f := range all {
		want, arrival := 0, -1
		if i%2 == 1 {
			want, arrival = 1, i
		}
		if held := s.Lookup(f.ID()); held != nil != (want == 1) || s.Has(f) != (want == 1) || s.Arrival(f.ID()) != arrival || len(s.Prefixed(headOf(f))) != want {
			t.Fatalf("fact %d: held %v at %d", i, held != nil, s.Arrival(f.ID()))
		}
	}
	var numbers []int
	for n := range s.Between(10, 20) {
		numbers = append(numbers, n)
	}
	if !slices.Equal(numbers, []int{11, 13, 15, 17, 19}) || len(s.Since(10)) != (many-10)/2 {
		t.Errorf("numbers %v, %d since 10", numbers, len(s.Since(10)))
	}
	for i, f := range all { // enough for the index to grow over what was left
		if s.Add(f) != (i%2 == 0) {
			t.Fatalf("fact %d again", i)
		}
	}
	if s.Arrival(all[0].ID()) != many || s.Arrival(all[1].ID()) != 1 || s.Len() != many || s.Next() != many+many/2 {
		t.Errorf("numbers %d and %d, %d facts", s.Arrival(all[0].ID()), s.Arrival(all[1].ID()), s.Len())
	}
}
