package tree

import "testing"

// TestDeclined: a fact for which there was no room is not asked for, and while there is
// none nobody is blamed for another one that had to be.
func TestDeclined(t *testing.T) {
	r := NewRelay(New(1, 100))
	parent, other := Slot(0), Slot(1)
	r.Link(parent, 1_000)
	r.Link(other, 2_000)
	a, b := Name{1}, Name{2}

	if fresh, _ := r.Pushed(parent, a); !fresh {
		t.Fatal("a fact that nobody knows is not fresh")
	}
	r.Decline(a, 10)
	r.Named(other, a, 20)
	if fetches, next := r.Due(1_000_000); len(fetches) != 0 || next != Never {
		t.Errorf("a declined fact is asked for: %v", fetches)
	}
	if fresh, _ := r.Pushed(other, a); !fresh {
		t.Error("a declined fact that comes again is not considered")
	}

	r.Named(other, b, 20)
	if fetches, _ := r.Due(1_000_000); len(fetches) != 1 {
		t.Fatalf("a named fact is not asked for: %v", fetches)
	}
	r.Pushed(other, b)
	r.Accept(other, 1, b, []byte("b"), 1_000_000)
	if r.Ask(1_000_000+lateness) != 0 {
		t.Error("all are asked for everything while facts are declined")
	}
	c := Name{3}
	later := Time(10 + shortTime)
	r.Named(other, c, later)
	r.Due(later + Patience)
	r.Pushed(other, c)
	r.Accept(other, 1, c, []byte("c"), later+Patience)
	if r.Ask(later+Patience+lateness) != Of(parent)|Of(other) {
		t.Error("nobody is asked for more any more")
	}
}
