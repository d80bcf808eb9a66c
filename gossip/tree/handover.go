package tree

// release lets former parents go where the present one knows that it is one.
func (t *Table) release(r *root) {
	if r.parent != None && r.told[r.parent].role&Parent == 0 {
		return
	}
	if r.orphan = r.orphan && r.parent == None; r.former != 0 {
		r.former = 0
		t.note(r)
	}
}

// Urgent returns the neighbours that have become parents in place of one that left with its
// link, do not know it, and have no former one to stand in: until they hear of it facts
// pass by.
func (t *Table) Urgent() (all Set) {
	t.settleAll()
	for _, r := range t.order {
		if p := r.parent; r.orphan && p != None && r.former == 0 && r.told[p].role&Parent == 0 {
			all |= Of(p)
		}
	}
	return all
}
