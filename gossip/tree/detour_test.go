package tree

import "testing"

// Who asks while the root may not raise its number is answered as soon as it may.
func TestAskIsAnsweredLater(t *testing.T) {
	table := New(1, testCharge)
	table.Link(0, 1000)
	table.Link(1, 1000)
	for !table.IsRoot() {
		table.Tick(0)
	}
	for table.raises > 0 {
		table.Hear(0, Word{Tag: 1, Route: Route{Seq: table.seq, Dist: 2000}, Role: Parent | Ask})
	}
	seq := table.seq
	table.Hear(0, Word{Tag: 1, Route: Route{Seq: seq, Dist: 2000}, Role: Parent | Ask})
	if table.seq != seq {
		t.Fatal("raised more often than it may be")
	}
	table.Tick(1)
	if table.seq != seq+1 {
		t.Errorf("number %d after a tick, want %d", table.seq, seq+1)
	}
}

// Nothing is asked for once the shorter way has gone.
func TestDetourEnds(t *testing.T) {
	const root = Tag(7)
	table := New(1, testCharge)
	for s := range Slot(2) {
		table.Link(s, 1000)
	}
	asks := func() bool {
		table.settleAll()
		return table.roots[root].asking
	}
	table.Hear(0, Word{Tag: root, Route: Route{Seq: 1, Dist: 10_000}})
	table.settleAll()
	table.Tell(0, 10) // 11.1 ms: nobody at more may be followed from here on
	table.Hear(0, Word{Tag: root, Route: Route{Seq: 1, Dist: 11_000}})
	table.Link(0, 30_000)
	table.Hear(1, Word{Tag: root, Route: Route{Seq: 1, Dist: 12_000}})
	for range detourTicks {
		table.Tick(1)
	}
	if !asks() {
		t.Fatal("a shorter way may not be followed, and nothing is asked for")
	}
	table.Hear(1, Word{Tag: root, Route: Route{Seq: 1, Dist: 90_000}})
	table.Tick(1)
	if asks() {
		t.Error("the shorter way has gone, and a new number is asked for")
	}
}

// Urgent is what takes the place of a parent that left, and nothing else that is new.
func TestUrgent(t *testing.T) {
	table := New(1, testCharge)
	for s := range Slot(3) {
		table.Link(s, 1000*(Dist(s)+1))
	}
	hear := func(s Slot, tag Tag) { table.Hear(s, Word{Tag: tag, Route: Route{Seq: 1, Dist: 10_000}}) }
	hear(0, 7)
	hear(1, 7)
	table.Tell(0, 10)
	hear(1, 8) // nobody was told yet
	table.Unlink(2)
	if got := table.Urgent(); got != 0 {
		t.Errorf("urgent %b where no parent left", got)
	}
	table.Unlink(0)
	if got := table.Urgent(); got != Of(1) {
		t.Errorf("urgent %b, want the new parent", got)
	}
	table.Tell(1, 10)
	if got := table.Urgent(); got != 0 {
		t.Errorf("urgent %b once it was told", got)
	}
}
