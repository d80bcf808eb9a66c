package tree

import "slices"

const (
	// FewRoots is how many roots there may be before one must be needed.
	FewRoots = 300
	// Cover is how near the next root must be where there are that many.
	Cover = Dist(5_000)
	// raisesPerTick and mostRaises bound how often a root's number goes up, since each
	// time everybody hears of it.
	mostRaises = 3
)

// Tick lets time pass, about a second: roots that nobody reaches any more are
// forgotten, and this node becomes a root where one is missing, with a chance of one
// in eight, so that neighbours do not all do so at once (draw is a random number). It
// stops being one where there are many and another is near; of two, the one with the
// lower tag stays.
func (t *Table) Tick(draw uint32) {
	t.raises = min(t.raises+1, mostRaises)
	t.forget()
	next, far := t.nextRoot()
	switch many := t.reachable() > FewRoots; {
	case !t.isRoot && (!many || far > Cover) && draw%8 == 0:
		t.become(true)
	case t.isRoot && many && far < Cover/2 && next < t.self && draw%8 == 0:
		t.become(false)
	}
}

// become makes this node a root, or lets it be one no longer.
func (t *Table) become(isRoot bool) {
	r := t.root(t.self)
	if r == nil {
		return
	}
	t.isRoot = isRoot
	t.choose(r)
}

// IsRoot reports whether this node is a root.
func (t *Table) IsRoot() bool { return t.isRoot }

// Roots returns how many roots can be reached.
func (t *Table) Roots() int { return t.reachable() }

func (t *Table) reachable() (n int) {
	for _, r := range t.order {
		if r.own.reaches() {
			n++
		}
	}
	return n
}

// nextRoot is the nearest other root.
func (t *Table) nextRoot() (tag Tag, dist Dist) {
	dist = Unreachable
	for _, r := range t.order {
		if r.tag != t.self && r.own.Dist < dist {
			tag, dist = r.tag, r.own.Dist
		}
	}
	return tag, dist
}

// forget drops the roots of which nobody says that he reaches them, and about which
// there is nothing left to say.
func (t *Table) forget() {
	t.order = slices.DeleteFunc(t.order, func(r *root) bool {
		gone := !r.own.reaches() && !r.lost(t.up) && r.stale&t.up == 0 && !(r.tag == t.self && t.isRoot)
		if gone {
			delete(t.roots, r.tag)
		}
		return gone
	})
}
