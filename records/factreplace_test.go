package records

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// lives are facts about one agent that replace one another: rotations, a fork of each, and
// its death.
func lives(t testing.TB, agent byte) []Fact {
	one := testRotated(t, agent, 1)
	_, _, secret := testAgent(t, agent)
	return []Fact{one, mustRotate(t, one, agent, 2), testRotated(t, agent, 1, 'x'), mustRotate(t, one, agent, 2, 'y'), mustReveal(t, one.ident.header, secret)}
}

// TestFactSetReplaces: the stronger fact has a place of its own, and the weaker one none.
func TestFactSetReplaces(t *testing.T) {
	life, other := lives(t, 1), someFacts(t, 2)
	one, two, forked, dead := life[0], life[1], life[2], life[4]
	s := NewFactSet()
	s.Add(other[0])
	s.Add(one)
	s.Add(other[1])
	if n, now := s.Enter(two); n != 3 || now != two || s.Add(one) || s.Has(two) != true || !s.Has(one) || s.Has(forked) {
		t.Fatalf("two rotations have number %d", n)
	}
	if s.Len() != 3 || s.Next() != 4 || s.Dropped() != 0 || s.Size() != 2*other[0].Size()+two.Size() || s.Holds(1, one.ID()) || !s.Holds(3, one.ID()) {
		t.Fatalf("%d facts of %d bytes", s.Len(), s.Size())
	}
	if n, now := s.Enter(forked); n != 4 || now.Item() != fork(one.(*Chain), forked.(*Chain)).Item() || s.Add(two) || !s.Has(forked) {
		t.Fatalf("the fork has number %d, %v", n, now)
	}
	if !s.Add(dead) || s.Add(forked) || s.Add(dead) || s.Lookup(one.ID()).Item() != dead.Item() || s.Len() != 3 || len(s.Since(0)) != 3 || len(s.Prefixed(headOf(one))) != 1 {
		t.Fatalf("%d facts, %d of them are found", s.Len(), len(s.Since(0)))
	}
	list, whole := s.Replaced(4)
	if !whole || len(list) != 2 || list[0].Number != 3 || list[0].Fact != two || list[0].By != 4 || list[1].By != 5 {
		t.Errorf("%v, %v were replaced since", list, whole)
	}
	if !s.Drop(5, dead) || s.Lookup(one.ID()) != nil || s.Len() != 2 || s.others.bytes != 0 {
		t.Error("it cannot be dropped")
	}
}

// TestFactSetForgetsReplacements: and says so.
func TestFactSetForgetsReplacements(t *testing.T) {
	one, two := testRotated(t, 1, 1), testRotated(t, 1, 2)
	s := NewFactSet()
	for range 2 * maxReplaced {
		s.Add(one)
		s.Add(two)
		s.Drop(s.Find(two.ID()))
	}
	if _, whole := s.Replaced(0); whole || len(s.lately) > maxReplaced || s.weight > maxReplacedBytes || s.weight != len(s.lately)*one.Size() {
		t.Errorf("%d replacements of %d bytes are remembered, all of them: %v", len(s.lately), s.weight, whole)
	}
	if list, whole := s.Replaced(s.Next() - 200); !whole || len(list) != 100 {
		t.Errorf("%d of the latest 100 are remembered: %v", len(list), whole)
	}
}

// TestFactSetReplacesOnDisk: whatever is added, checkpointed, thinned and lost by a crash, a
// set with a shelf says after the restart what the facts on the shelf say together.
func TestFactSetReplacesOnDisk(t *testing.T) {
	var pool []Fact
	for agent := range byte(4) {
		pool = append(pool, lives(t, agent)...)
	}
	pool = append(pool, someFacts(t, 6)...)
	rapid.Check(t, func(t *rapid.T) {
		shelf := &mapShelf{facts: map[int]Fact{}}
		s := NewShelvedFactSet(shelf)
		var queue []Fact // added and not on the shelf
		var index []byte
		durable, known := 0, map[AgentID]Fact{} // the shelf has those below, which say so
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1: // some of what waits is written
				some := rapid.IntRange(0, len(queue)).Draw(t, "some")
				for _, f := range queue[:some] {
					shelf.facts[durable] = f
					known[f.ID()] = Join(known[f.ID()], f)
					durable++
				}
				queue = queue[some:]
				s.Shelved(durable)
			case 2:
				var b bytes.Buffer
				if err := s.WriteIndex(&b, durable); err != nil {
					t.Fatal(err)
				}
				index = b.Bytes()
			case 3: // the shelf is thinned, and its index written
				for n, f := range shelf.facts {
					if !s.Needs(n, f.ID()) {
						delete(shelf.facts, n)
					}
				}
				var b bytes.Buffer
				if err := s.WriteIndex(&b, durable); err != nil {
					t.Fatal(err)
				}
				index = b.Bytes()
			case 4: // a crash
				next, queueless := NewShelvedFactSet(shelf), 0
				if index != nil {
					var err error
					if next, err = OpenShelvedFactSet(shelf, bytes.NewReader(index)); err != nil {
						t.Fatal(err)
					}
					queueless = next.Next()
				}
				for n, f := range shelf.Facts(queueless, durable) {
					next.Replay(n, f)
				}
				next.Skip(durable)
				s, queue = next, nil
				sameAs(t, s, known)
			default:
				f := rapid.SampledFrom(pool).Draw(t, "fact")
				if n, now := s.Enter(f); n >= 0 {
					queue = append(queue, now)
				}
			}
		}
		all := map[AgentID]Fact{}
		for id, f := range known {
			all[id] = f
		}
		for _, f := range queue {
			all[f.ID()] = Join(all[f.ID()], f)
		}
		sameAs(t, s, all)
	})
}

// sameAs holds a set to what is known of each subject.
func sameAs(t *rapid.T, s *FactSet, known map[AgentID]Fact) {
	size, found := 0, 0
	for id, f := range known {
		if held := s.Lookup(id); held == nil || held.Item() != f.Item() {
			t.Fatalf("%v is held of %s, want %v", held, id, f)
		}
		size += s.Lookup(id).Size()
	}
	numbers := make([]int, 0, len(known))
	for n, f := range s.Between(0, s.Next()) {
		if known[f.ID()] == nil || known[f.ID()].Item() != f.Item() || s.Arrival(f.ID()) != n {
			t.Fatalf("fact %d is %v", n, f)
		}
		found++
		numbers = append(numbers, n)
	}
	if s.Len() != len(known) || found != len(known) || s.Size() != size || !slices.IsSorted(numbers) {
		t.Fatalf("%d facts of %d bytes, %d of them found; want %d of %d", s.Len(), s.Size(), found, len(known), size)
	}
}
