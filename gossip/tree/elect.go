package tree

import "slices"

const (
	// FewRoots is up to how many roots any node may be one.
	FewRoots = 128
	// leastCover is how near the next root must be where there are a few more, doubled
	// for each coverStep of them.
	leastCover = Dist(300)
	coverStep  = 32
	// raisesPerTick and mostRaises bound how often a root's number goes up, since each
	// time everybody hears of it.
	mostRaises = 3
)

// Cover is how far the next root may be from a node where there are so many of them: a
// node from which it is farther becomes one. It grows so fast that the number of roots
// settles well below [MaxRoots], however large the network is.
func Cover(roots int) Dist {
	if roots < FewRoots {
		return 0
	}
	return leastCover << min((roots-FewRoots)/coverStep, 20)
}

// Tick lets time pass, about a second: roots that nobody reaches any more are
// forgotten, and this node becomes a root where one is missing, with a chance of one
// in eight, so that neighbours do not all do so at once (draw is a random number). It
// stops being one where another is nearer than half of that; of two, the one with the
// lower tag stays.
func (t *Table) Tick(draw uint32) {
	t.raises = min(t.raises+1, mostRaises)
	if r := t.roots[t.self]; r != nil && t.isRoot && r.asks != 0 {
		t.answer(r, Route{Dist: Unreachable})
		t.touch(r)
	}
	t.settleAll()
	t.forget()
	for _, r := range t.order {
		t.release(r)
		t.watch(r)
	}
	next, far := t.nextRoot()
	switch cover := Cover(t.reachable()); {
	case draw%8 != 0:
	case !t.isRoot && far > cover:
		t.become(true)
	case t.isRoot && far < cover/2 && next < t.self:
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
	t.touch(r)
}

// IsRoot reports whether this node is a root.
func (t *Table) IsRoot() bool { return t.isRoot }

// Roots returns how many roots can be reached.
func (t *Table) Roots() int {
	t.settleAll()
	return t.reachable()
}

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
