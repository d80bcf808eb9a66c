package tree

const (
	// detourShare of a distance is how much shorter a way must be that may not be followed,
	// and detourLeast at least, for a node to ask for a new number; and detourTicks for how
	// many ticks: while words travel such ways come and go.
	detourShare = 16
	detourLeast = 1000 // microseconds
	detourTicks = 5
)

// watch counts for how long a shorter way to a root may not be followed: a distance that
// has grown since it was told bars all neighbours that are not nearer than it was then. A
// new number frees them.
func (t *Table) watch(r *root) {
	if !t.detour(r) {
		if r.detours >= detourTicks {
			t.touch(r)
		}
		r.detours = 0
		return
	}
	if r.detours++; r.detours == detourTicks {
		t.touch(r)
	}
}

// detour reports whether the way to a root is longer than it would be without what was told.
// Neighbours with an older number do not count: they are about to hear the present one.
func (t *Table) detour(r *root) bool {
	if !r.own.reaches() {
		return false
	}
	margin := max(r.own.Dist/detourShare, detourLeast)
	for s := range (t.up &^ r.children).All {
		if h := r.heard[s]; h.reaches() && !newer(r.own.Seq, h.Seq) && t.cost(r, s) < r.own.Dist-min(margin, r.own.Dist) {
			return true
		}
	}
	return false
}
