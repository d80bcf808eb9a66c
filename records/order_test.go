package records

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// world is everything that may ever be said of one agent: records of several
// sequences and digests, by any of its keys, and a tombstone for each lock.
type world struct {
	id     AgentID
	values []Value
}

// newWorlds makes one world for each count of locks, 1 to 3.
func newWorlds(t testing.TB) []world {
	var ws []world
	for locks := 1; locks <= MaxLocks; locks++ {
		g := testGenesis(t, byte(locks))
		g.Keys = append(g.Keys, testSigner(t, 77).Public())
		ident, err := NewIdentity(g, testTime.Add(DefaultLife), testSecrets[:locks]...)
		if err != nil {
			t.Fatal(err)
		}
		w := world{id: ident.ID()}
		for _, seq := range []uint64{0, 1, 2, MaxSequence} {
			for i := range 4 {
				l := testLocation()
				l.Region = fmt.Sprint("r", i/2)
				key := testSigner(t, []byte{byte(locks), 77}[i%2])
				w.values = append(w.values, mustSign(t, ident, key, Draft{Sequence: seq, Issued: testTime, Location: l}))
			}
		}
		for _, s := range testSecrets[:locks] {
			w.values = append(w.values, mustReveal(t, ident.Header(), s))
		}
		ws = append(ws, w)
	}
	return ws
}

// meaning is what a value comes to: of a tombstone only that the agent is dead.
func meaning(v Value) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case *Tombstone:
		return "dead " + v.ID().String()
	default:
		return string(v.Bytes())
	}
}

// TestCompareIsATotalOrder goes through all pairs and triples of each world, with
// nothing among them.
func TestCompareIsATotalOrder(t *testing.T) {
	for _, w := range newWorlds(t) {
		values := append([]Value{nil}, w.values...)
		for _, a := range values {
			for _, b := range values {
				ab := Compare(a, b)
				if ab != -Compare(b, a) {
					t.Fatal("not antisymmetric")
				}
				if (ab == 0) != (meaning(a) == meaning(b)) {
					t.Fatal("equal in rank, different in meaning")
				}
				for _, c := range values {
					if bc := Compare(b, c); ab >= 0 && bc >= 0 && Compare(a, c) != max(ab, bc) {
						t.Fatal("not transitive")
					}
				}
			}
		}
	}
}

func TestMarkOrderProperty(t *testing.T) {
	mark := rapid.Custom(func(t *rapid.T) Mark {
		edge := rapid.SampledFrom([]uint64{0, 1, 2, 1<<53 - 1, 1<<64 - 1})
		return Mark{edge.Draw(t, "rotation"), edge.Draw(t, "sequence"), [32]byte{rapid.Byte().Draw(t, "first"), 31: rapid.Byte().Draw(t, "last")}}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := mark.Draw(t, "a"), mark.Draw(t, "b"), mark.Draw(t, "c")
		ab, bc, ac := a.Compare(b), b.Compare(c), a.Compare(c)
		if ab != -b.Compare(a) || (ab == 0) != (a == b) {
			t.Fatal("not antisymmetric, or not total")
		}
		if ab >= 0 && bc >= 0 && ac != max(ab, bc) {
			t.Fatal("not transitive")
		}
	})
}

// TestEveryOrderOfArrivalProperty: any set of values, each any number of times,
// in any two orders, by four ways of holding them, ends in the same state.
func TestEveryOrderOfArrivalProperty(t *testing.T) {
	worlds := newWorlds(t)
	rapid.Check(t, func(t *rapid.T) {
		w := worlds[rapid.IntRange(0, len(worlds)-1).Draw(t, "world")]
		arrivals := rapid.SliceOfN(rapid.SampledFrom(w.values), 1, 12).Draw(t, "arrivals")
		again := rapid.Permutation(append(slices.Clone(arrivals), arrivals[:len(arrivals)/2]...)).Draw(t, "another order")
		want := meaning(fold(arrivals))
		for name, got := range map[string]Value{
			"folding":             fold(again),
			"Select":              selected(t, again),
			"Validator.Select":    validated(t, w.id, again),
			"two at a time":       pairwise(t, w.id, again),
			"facts, then records": withFacts(w.id, arrivals),
			"facts, another way":  withFacts(w.id, again),
		} {
			if meaning(got) != want {
				t.Fatalf("%s ends in another state", name)
			}
		}
		if anyDead := slices.ContainsFunc(arrivals, func(v Value) bool { _, dead := v.(*Tombstone); return dead }); anyDead != (want == "dead "+w.id.String()) {
			t.Fatal("a tombstone among the arrivals did not win")
		}
	})
}

// fold holds one value and lets a better one replace it.
func fold(arrivals []Value) (held Value) {
	for _, v := range arrivals {
		if Compare(v, held) > 0 {
			held = v
		}
	}
	return held
}

func selected(t *rapid.T, values []Value) Value {
	i, err := Select(values)
	if err != nil {
		t.Fatal(err)
	}
	if first := slices.IndexFunc(values, func(v Value) bool { return Compare(v, values[i]) == 0 }); first != i {
		t.Fatalf("index %d, and its equal at %d", i, first)
	}
	return values[i]
}

func validated(t *rapid.T, id AgentID, values []Value) Value {
	var raw [][]byte
	for _, v := range values {
		raw = append(raw, v.Bytes())
	}
	i, err := Validator{}.Select(id.Key(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if j, err := Select(values); err != nil || i != j {
		t.Fatalf("Validator.Select says %d, Select %d", i, j)
	}
	return values[i]
}

// pairwise does what a DHT node does: the held bytes against each arrival's.
func pairwise(t *rapid.T, id AgentID, arrivals []Value) Value {
	held := arrivals[0]
	for _, v := range arrivals[1:] {
		i, err := Validator{}.Select(id.Key(), [][]byte{v.Bytes(), held.Bytes()})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			held = v
		}
	}
	return held
}

// withFacts does what a node does: facts live in the set, records in a cache, and
// a fact answers first.
func withFacts(id AgentID, arrivals []Value) Value {
	facts := NewFactSet()
	var held Value
	for _, v := range arrivals {
		if dead, ok := v.(*Tombstone); ok {
			facts.Add(dead)
		} else if Compare(v, held) > 0 {
			held = v
		}
	}
	if f := facts.Lookup(id); f != nil {
		return f
	}
	return held
}
