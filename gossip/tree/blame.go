package tree

const (
	// firstFault is how much farther a neighbour is taken to be that did not pass on a
	// fact, doubled each time up to mostFault; half of it is forgiven at each Forgive.
	firstFault = Dist(10_000)
	mostFault  = Dist(2_000_000)
)

// Blame notes that a neighbour did not pass on in time what it had to: for all
// trees it counts as farther away, so that others become parents.
func (t *Table) Blame(s Slot) {
	if !t.up.Has(s) {
		return
	}
	t.fault[s] = min(max(2*t.fault[s], firstFault), mostFault)
	t.touchAll()
}

// Forgive halves all faults.
func (t *Table) Forgive() {
	changed := false
	for s := range t.up.All {
		if t.fault[s] == 0 {
			continue
		}
		if t.fault[s] /= 2; t.fault[s] < firstFault/8 {
			t.fault[s] = 0
		}
		changed = true
	}
	if changed {
		t.touchAll()
	}
}

// Distrust notes that some neighbours give nothing: they count as far away in all trees,
// and are nobody's second way, until Heed.
func (t *Table) Distrust(s Set) {
	if s&^t.silent != 0 {
		t.silent |= s
		t.touchAll()
	}
}

// Heed notes that a neighbour gives: it is distrusted no more.
func (t *Table) Heed(s Slot) {
	if t.gave.Has(s) && !t.silent.Has(s) {
		return
	}
	t.gave, t.silent = t.gave|Of(s), t.silent&^Of(s)
	t.touchAll()
}

// Own says which links this node has chosen itself.
func (t *Table) Own(all Set) {
	if all &= t.up; all != t.own {
		t.own = all
		t.touchAll()
	}
}

// Silent are the neighbours that are distrusted.
func (t *Table) Silent() Set { return t.silent }
