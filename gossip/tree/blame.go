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
	t.chooseAll()
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
		t.chooseAll()
	}
}

func (t *Table) chooseAll() {
	for _, r := range t.order {
		t.choose(r)
	}
}
