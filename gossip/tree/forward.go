package tree

// Publish says to whom a fact of our own goes, and along which root's tree: to
// everybody, marked with the nearest root, which is this node where it is one.
func (t *Table) Publish() (tag Tag, push Set) {
	t.settleAll()
	nearest := Unreachable
	for _, r := range t.order {
		if r.own.reaches() && r.own.Dist < nearest {
			tag, nearest = r.tag, r.own.Dist
		}
	}
	return tag, t.up
}

// Forward says to whom a fact goes that came along a root's tree, and who is to hear
// its name, without those that have it.
func (t *Table) Forward(tag Tag, have Set) (push, name Set) {
	r := t.roots[tag]
	if r != nil {
		t.settle(r)
	}
	if r == nil || !r.own.reaches() {
		return t.up &^ have, 0
	}
	push = (r.children | Of(r.parent)) & t.up &^ have
	return push, r.wants & t.up &^ have &^ push
}

// Up returns the links there are.
func (t *Table) Up() Set { return t.up }

// Near returns the n links of least delay.
func (t *Table) Near(n int) Set {
	var near Set
	for near.Len() < min(n, t.up.Len()) {
		best := None
		for s := range (t.up &^ near).All {
			if best == None || t.delay[s] < t.delay[best] {
				best = s
			}
		}
		near |= Of(best)
	}
	return near
}

// Parent returns the parent in a root's tree, or None.
func (t *Table) Parent(tag Tag) Slot {
	if r := t.roots[tag]; r != nil {
		t.settle(r)
		return r.parent
	}
	return None
}
