package tree

import "testing"

// What several neighbours say of one root is told as one word, and a fact takes the new way
// before any of it is told.
func TestHeardTogether(t *testing.T) {
	const self, root = Tag(1), Tag(2)
	const listener, far, near = Slot(0), Slot(1), Slot(2)
	table := New(self, testCharge)
	for _, s := range []Slot{listener, far, near} {
		table.Link(s, 1000)
	}
	table.Hear(far, Word{Tag: root, Route: Route{Seq: 1, Dist: 90_000}})
	table.Hear(near, Word{Tag: root, Route: Route{Seq: 1, Dist: 30_000}})
	if p := table.Parent(root); p != near {
		t.Fatalf("the parent is %d, want the nearer of two", p)
	}
	if push, _ := table.Forward(root, Of(listener)); push != Of(near) {
		t.Errorf("a fact goes to %b", push)
	}
	table.Hear(near, Word{Tag: root, Route: Route{Dist: Unreachable}})
	if push, _ := table.Forward(root, Of(listener)); push != Of(far) {
		t.Errorf("a fact goes to %b once the parent has lost its way", push)
	}
	table.Hear(far, Word{Tag: root, Route: Route{Seq: 2, Dist: 50_000}})
	words := table.Tell(listener, 10)
	if len(words) != 1 || words[0].Route != (Route{Seq: 2, Dist: 50_000 + 1000 + testCharge}) {
		t.Errorf("told are %v, want the last way alone", words)
	}
	if table.Stale().Has(listener) {
		t.Error("there is something left to tell")
	}
}
