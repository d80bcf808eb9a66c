package records

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestArrivals: whatever comes between a meeting and an entry, and however often one subject
// is in a lot, everything ends as if one fact had come after the other.
func TestArrivals(t *testing.T) {
	pool := slices.Concat(lives(t, 1), lives(t, 2), someFacts(t, 3))
	rapid.Check(t, func(t *rapid.T) {
		s, single := NewFactSet(), NewFactSet()
		lots := make([][]Arrival, 2)
		for i := range lots {
			for _, f := range rapid.SliceOfN(rapid.SampledFrom(pool), 0, 8).Draw(t, "lot") {
				lots[i] = append(lots[i], Arrival{Fact: f})
			}
			s.Meet(lots[i])
		}
		if f := rapid.SampledFrom(pool).Draw(t, "meanwhile"); rapid.Bool().Draw(t, "dropped") {
			s.Add(f)
			s.Meet(lots[0])
			s.Drop(s.Find(f.ID()))
			single.Add(f)
			single.Drop(single.Find(f.ID()))
		}
		for _, lot := range lots {
			s.EnterAll(lot)
			for i := range lot {
				a := &lot[i]
				n, now := single.Enter(a.Fact)
				if a.New() != (n >= 0) || a.Now.Item() != now.Item() || n >= 0 && a.Number != n || n < 0 && a.Number != single.Arrival(now.ID()) {
					t.Fatalf("arrival %d has number %d, one by one %d of %d", i, a.Number, n, single.Arrival(now.ID()))
				}
			}
		}
		if s.Next() != single.Next() || s.Len() != single.Len() || s.Size() != single.Size() {
			t.Fatalf("%d facts, %d one by one", s.Len(), single.Len())
		}
	})
}

// TestManyArrivals: a lot of more than is entered at once has its numbers in order.
func TestManyArrivals(t *testing.T) {
	facts := someFacts(t, 2*arriveAtOnce+1)
	lot := make([]Arrival, len(facts))
	for i, f := range facts {
		lot[i].Fact = f
	}
	s := NewFactSet()
	s.Meet(lot)
	s.Add(facts[arriveAtOnce+7])
	s.EnterAll(lot)
	for i := range lot {
		want := i + 1
		if i == arriveAtOnce+7 {
			want = 0
		} else if i > arriveAtOnce+7 {
			want = i
		}
		if lot[i].Number != want || lot[i].New() != (want > 0) || s.Arrival(facts[i].ID()) != want {
			t.Fatalf("arrival %d has number %d, want %d", i, lot[i].Number, want)
		}
	}
}
