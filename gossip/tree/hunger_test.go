package tree

import "testing"

// hungry is a relay whose links are a parent, a neighbour that gives, one that does not, a
// child, and one that is new; and the number of the next fact.
type hungry struct {
	*Relay
	next byte
}

const (
	parent = Slot(iota)
	giver
	taker
	child
	young
	testRoot = Tag(7)
)

func newHungry() *hungry {
	r := &hungry{Relay: NewRelay(New(1, testCharge))}
	for s := range young {
		r.Link(s, 1_000*Dist(s+1))
	}
	r.Hear(parent, Word{Tag: testRoot, Route: Route{Seq: 1, Dist: 10}})
	r.Hear(giver, Word{Tag: testRoot, Route: Route{Seq: 1, Dist: 10}})
	r.Hear(taker, Word{Tag: testRoot, Route: Route{Seq: 1, Dist: 10}})
	r.Hear(child, Word{Tag: testRoot, Route: Route{Seq: 1, Dist: 9_000}, Role: Parent})
	return r
}

// comes has a fact come from a neighbour, and returns to whom it goes on.
func (r *hungry) comes(from Slot, now Time) Set {
	r.next++
	name := Name{r.next}
	r.Pushed(from, name)
	push, _ := r.Accept(from, testRoot, name, []byte("fact"), now)
	return push
}

// A node that missed a fact asks its neighbours for the next ones, and finds out who
// gives none: he is parent and second way no more, until he gives.
func TestHunger(t *testing.T) {
	r := newHungry()
	if r.Parent(testRoot) != parent {
		t.Fatalf("the parent is %d", r.Parent(testRoot))
	}
	r.Welcome(young, 1_000, 1)
	if r.Ask(2) != 0 {
		t.Error("neighbours are asked though nothing was missed")
	}
	r.Missed(Name{100}, 2)
	if r.Ask(1+lateness) != 0 {
		t.Error("neighbours are asked for a fact that may come yet")
	}
	if got := r.Ask(2 + lateness); got != Of(parent)|Of(giver)|Of(taker)|Of(child) {
		t.Errorf("asked are %b, want all but the new link", got)
	}
	r.Missed(Name{101}, 3)
	if r.Ask(3+lateness) != 0 {
		t.Error("asked again in one round")
	}
	for i := range Time(Helping) {
		r.comes(giver, 10+lateness+i)
	}
	if r.Judge(judgeAfter); r.Silent() != 0 {
		t.Errorf("%b are silent before their time", r.Silent())
	}
	if r.Judge(2 + lateness + judgeAfter); r.Silent() != Of(taker) {
		t.Errorf("%b are silent, want %b: the parent and the child were pushed to", r.Silent(), Of(taker))
	}
	r.Missed(Name{102}, 3+judgeAfter)
	if r.Ask(3+judgeAfter+lateness) != 0 {
		t.Error("neighbours are asked while they give")
	}
	r.Missed(Name{103}, 2+spree)
	if r.Ask(2+lateness+spree) == 0 {
		t.Error("nobody is asked in a second round")
	}
	r.comes(taker, 3+lateness+judgeAfter)
	if r.Silent() != 0 {
		t.Error("who gives is still silent")
	}
}

// Whoever is silent is neither parent nor second way, and who is vouched for is.
func TestSilent(t *testing.T) {
	r := newHungry()
	role := func(s Slot) Role {
		r.settleAll()
		return r.word(r.roots[testRoot], s).Role
	}
	if role(parent) != Parent || role(giver) != Backup || role(taker) != Backup {
		t.Fatalf("roles %d %d %d, want two second ways where nothing vouches for the parent", role(parent), role(giver), role(taker))
	}
	r.Distrust(Of(parent) | Of(giver))
	if role(taker) != Parent {
		t.Errorf("roles %d %d %d, want the third one for a parent", role(parent), role(giver), role(taker))
	}
	r.Own(Of(taker))
	r.settleAll()
	if got := r.roots[testRoot].backups.Len(); got != 1 {
		t.Errorf("%d second ways, want one where the parent is vouched for", got)
	}
	r.comes(parent, 1)
	if role(parent) != Parent {
		t.Errorf("who gives again is %d, want the parent", role(parent))
	}
}

// Who asked for facts gets as many, beside what is his in the trees, or what comes
// for a while, and no more.
func TestHelping(t *testing.T) {
	for _, row := range []struct {
		name                  string
		asks, pause, gets, of int // pause between two facts in microseconds
	}{
		{"slowly, as many", 3, spree, 3, 10},
		{"quickly, more", 3, spree / 20, 20, 30},
		{"but not everything", 3, 1, mostHelping, mostHelping + 10},
		{"not more than that, whatever was asked for", 1000, spree, mostHelping, mostHelping + 10},
	} {
		r, got := newHungry(), 0
		r.Asked(taker, row.asks, 0)
		for i := range row.of {
			if r.comes(parent, Time(i*row.pause)).Has(taker) {
				got++
			}
		}
		if got != row.gets {
			t.Errorf("%s: %d of %d facts, want %d", row.name, got, row.of, row.gets)
		}
	}
}

// The latest facts are named once, to who is not known to have them.
func TestRecent(t *testing.T) {
	r := newHungry()
	r.Own(Of(parent))           // no second way but the giver
	r.Named(giver, Name{99}, 0) // it is not here
	for i := range Time(mostRecent + 2) {
		r.comes(parent, i)
	}
	if got := r.Recent(child); len(got) != 0 {
		t.Errorf("%d facts are named to one who got all", len(got))
	}
	got := r.Recent(taker)
	if len(got) != mostRecent || got[0] != (Name{mostRecent + 2}) || got[len(got)-1] != (Name{3}) {
		t.Errorf("named are %v, want the latest that are here, the last one first", got)
	}
	if got := r.Recent(taker); len(got) != 0 {
		t.Errorf("%d facts are named twice", len(got))
	}
}

// Who had a fact by another way before it came along its tree has missed nothing; nor has
// who fetched one that his parent was about to push.
func TestOvertakenIsNotMissed(t *testing.T) {
	r := newHungry()
	early := Name{100}
	r.Learned(early, []byte("fact"))
	r.Missed(early, 1)
	r.Pushed(parent, early)
	r.Accept(parent, testRoot, early, []byte("fact"), 2)
	if r.Ask(1+lateness) != 0 {
		t.Error("neighbours are asked though the fact came along its tree")
	}
	late := Name{101}
	r.Named(giver, late, 3)
	r.Due(3 + Patience)
	r.Pushed(giver, late)
	r.Accept(giver, testRoot, late, []byte("fact"), 4+Patience)
	r.Pushed(parent, late)
	if r.Ask(4+Patience+lateness) != 0 {
		t.Error("neighbours are asked though the parent was only late")
	}
	lost := Name{102}
	r.Named(taker, lost, 5) // who was late is no parent for a while
	r.Due(5 + Patience)
	r.Pushed(taker, lost)
	r.Accept(taker, testRoot, lost, []byte("fact"), 6+Patience)
	if r.Ask(6+Patience+lateness) == 0 {
		t.Error("nobody is asked though the fact never came along its tree")
	}
}
