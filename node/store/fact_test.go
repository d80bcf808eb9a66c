package store

import (
	"slices"
	"testing"
)

// TestPutFactsTwiceInOneCall: whatever comes twice in one call, held before or new,
// each element gets the one cursor of its subject, and new ones are in the order in
// which they came.
func TestPutFactsTwiceInOneCall(t *testing.T) {
	s, err := Memory(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	of := func(agents ...int) (facts []StampedFact) {
		for _, n := range agents {
			facts = append(facts, testAgent(t, n).stamped(t))
		}
		return facts
	}
	put := func(agents ...int) (cursors []uint64) {
		facts := of(agents...)
		if err := s.PutFacts(ctx, facts); err != nil {
			t.Fatal(err)
		}
		for i, f := range facts {
			if f.Fact.ID() != testAgent(t, agents[i]).ID() {
				t.Fatalf("element %d has moved", i)
			}
			cursors = append(cursors, f.Cursor)
		}
		return cursors
	}
	for _, row := range []struct {
		agents []int
		want   []uint64
	}{
		{[]int{5, 3}, []uint64{1, 2}},
		{[]int{3, 3, 5, 3, 5}, []uint64{2, 2, 1, 2, 1}},
		{[]int{9, 5, 7, 9, 1, 3, 1}, []uint64{3, 1, 4, 3, 5, 2, 5}},
		{[]int{1, 7, 9}, []uint64{5, 4, 3}},
	} {
		if got := put(row.agents...); !slices.Equal(got, row.want) {
			t.Errorf("agents %v: cursors %v, want %v", row.agents, got, row.want)
		}
	}
	if got := s.Counts().Facts; got != 5 {
		t.Errorf("%d facts", got)
	}
}
