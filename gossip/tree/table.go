package tree

import (
	"cmp"
	"slices"
)

const (
	// settleShare of a distance is how much nearer another parent must be, and
	// settleLeast at least: delays tremble.
	settleShare = 64
	settleLeast = 200 // microseconds
	// tellShare of a distance is how far it may be off what was told.
	tellShare = 64
	tellLeast = 100 // microseconds
)

// Table is what a node knows of all trees. It is not safe for concurrent use.
//
// Of one change all neighbours speak, one after the other. So what is heard is only noted, and
// the way to a root is chosen anew when somebody looks: once for many words.
type Table struct {
	self   Tag
	charge Dist
	up     Set
	delay  [MaxLinks]Dist // one way
	fault  [MaxLinks]Dist // what blame adds to it
	own    Set            // links that this node has chosen
	gave   Set            // those that have given something
	silent Set            // those that give nothing
	roots  map[Tag]*root
	order  []*root // the same, as they came
	waits  bool    // some root waits
	isRoot bool
	seq    uint16 // own number as a root
	raises int    // how often it may still be raised until the next Tick
}

// root is one tree, seen from here.
type root struct {
	tag      Tag
	waits    bool // something has changed since the way was chosen
	own      Route
	least    Route // the nearest that was ever told: what may be followed must be nearer
	parent   Slot
	former   Set  // parents until lately, who go on as such until the present one knows
	orphan   bool // a parent left with its link, and no other one knows that it is one
	backups  Set
	children Set
	wants    Set // those whose backup this node is
	asks     Set // those who have lost their way
	asking   bool
	detours  int // for how many ticks a way that may not be followed was shorter
	heard    [MaxLinks]Route
	told     [MaxLinks]said
	stale    Set // links to which told is no longer true
}

// New returns the table of a node without links. Charge is what each node needs
// before it can pass a fact on.
func New(self Tag, charge Dist) *Table {
	return &Table{self: self, charge: charge, roots: make(map[Tag]*root)}
}

// Link adds a link, or changes its delay, one way. A link that is new knows nothing:
// Tell has everything for it.
func (t *Table) Link(s Slot, delay Dist) {
	fresh := !t.up.Has(s)
	t.delay[s] = max(delay, 1)
	t.up |= Of(s)
	for _, r := range t.order {
		if fresh {
			r.clear(s)
		}
		t.touch(r)
	}
}

// Unlink removes a link.
func (t *Table) Unlink(s Slot) {
	t.up &^= Of(s)
	t.own, t.gave, t.silent, t.fault[s] = t.own&^Of(s), t.gave&^Of(s), t.silent&^Of(s), 0
	for _, r := range t.order {
		r.clear(s)
		t.touch(r)
	}
}

// clear forgets what a link said and was told.
func (r *root) clear(s Slot) {
	r.heard[s], r.told[s] = Route{Dist: Unreachable}, said{dist: Unreachable}
	r.children, r.wants, r.asks = r.children&^Of(s), r.wants&^Of(s), r.asks&^Of(s)
	if r.parent == s {
		r.parent, r.orphan = None, true
	}
	r.backups, r.former = r.backups&^Of(s), r.former&^Of(s)
	r.stale |= Of(s)
}

// root returns the tree of a tag, a new one where there is room.
func (t *Table) root(tag Tag) *root {
	r := t.roots[tag]
	if r == nil && len(t.roots) < MaxRoots {
		r = &root{tag: tag, own: Route{Dist: Unreachable}, least: Route{Dist: Unreachable}, parent: None}
		for s := range Slot(MaxLinks) {
			r.clear(s)
		}
		t.roots[tag], t.order = r, append(t.order, r)
	}
	return r
}

// Hear takes what a neighbour says about one root. It reports whether there was
// room for it.
func (t *Table) Hear(s Slot, w Word) bool {
	if !t.up.Has(s) {
		return false
	}
	r := t.roots[w.Tag]
	if r == nil {
		if !w.reaches() {
			return true
		}
		if r = t.root(w.Tag); r == nil {
			return false
		}
	}
	r.heard[s] = w.Route
	set(&r.children, s, w.Role&Parent != 0)
	set(&r.wants, s, w.Role&Backup != 0)
	set(&r.asks, s, w.Role&Ask != 0)
	if t.isRoot && w.Tag == t.self {
		t.answer(r, w.Route)
	}
	t.touch(r)
	return true
}

func set(of *Set, s Slot, in bool) {
	*of &^= Of(s)
	if in {
		*of |= Of(s)
	}
}

// answer raises the number of our own root for one who has lost his way, and where
// another life of ours used a higher one.
func (t *Table) answer(r *root, heard Route) {
	behind := heard.reaches() && newer(heard.Seq, t.seq)
	if !behind && r.asks == 0 || t.raises == 0 {
		return
	}
	if behind {
		t.seq = heard.Seq
	}
	t.seq++
	t.raises--
	r.asks = 0
}

// cost is how far a root is by way of a neighbour.
func (t *Table) cost(r *root, s Slot) Dist {
	fault := t.fault[s]
	if t.silent.Has(s) {
		fault = mostFault
	}
	sum := uint64(r.heard[s].Dist) + uint64(t.delay[s]) + uint64(t.charge) + uint64(fault)
	return Dist(min(sum, uint64(Unreachable)))
}

// Path is the least cost of a way to a root over all links but one, which may be None;
// Unreachable where none is known.
func (t *Table) Path(tag Tag, but Slot) Dist {
	r, least := t.roots[tag], Unreachable
	if r == nil {
		return Unreachable
	}
	for s := range (t.up &^ Of(but)).All {
		if r.heard[s].reaches() {
			least = min(least, t.cost(r, s))
		}
	}
	return least
}

// touch notes that the way to a root is to be chosen anew.
func (t *Table) touch(r *root) { r.waits, t.waits = true, true }

// touchAll is touch for all roots.
func (t *Table) touchAll() {
	for _, r := range t.order {
		t.touch(r)
	}
}

// settle brings a root up to date before somebody looks at it.
func (t *Table) settle(r *root) {
	if r.waits {
		r.waits = false
		t.choose(r)
	}
}

// settleAll is settle for all roots.
func (t *Table) settleAll() {
	if !t.waits {
		return
	}
	t.waits = false
	for _, r := range t.order {
		t.settle(r)
	}
}

// choose finds the way to a root anew, and marks to whom that must be told.
func (t *Table) choose(r *root) {
	if r.tag == t.self && t.isRoot {
		r.own, r.parent, r.former, r.backups, r.asking = Route{Seq: t.seq}, None, 0, 0, false
		t.note(r)
		return
	}
	best, least := None, Unreachable
	for s := range t.up.All {
		if h := r.heard[s]; h.reaches() && h.nearer(r.least) {
			if c := t.cost(r, s); c < least {
				best, least = s, c
			}
		}
	}
	if p := r.parent; p != None && best != None && p != best && r.heard[p].reaches() && r.heard[p].nearer(r.least) && r.heard[p].Seq == r.heard[best].Seq {
		if c := t.cost(r, p); c < Unreachable && c <= least+max(least/settleShare, settleLeast) {
			best, least = p, c
		}
	}
	if p := r.parent; p != None && r.heard[p].reaches() && r.told[p].role&Parent != 0 {
		r.former |= Of(p)
	}
	r.former &^= Of(best)
	r.parent = best
	if best == None {
		r.own = Route{Seq: r.own.Seq, Dist: Unreachable}
	} else {
		r.own = Route{Seq: r.heard[best].Seq, Dist: least}
		if newer(r.own.Seq, r.least.Seq) {
			r.asks, r.detours = 0, 0 // here is the new number
		}
	}
	r.backups = t.seconds(r)
	r.asking = r.asks != 0 || r.detours >= detourTicks || best == None && r.lost(t.up)
	t.note(r)
}

// lost reports that there are ways to the root, and none that may be followed.
func (r *root) lost(up Set) bool {
	for s := range up.All {
		if r.heard[s].reaches() {
			return true
		}
	}
	return false
}

// seconds are the neighbours that are to name facts: one, and another one where nothing
// vouches for the parent.
func (t *Table) seconds(r *root) Set {
	first := Of(t.second(r, 0))
	if r.parent == None || t.vouched().Has(r.parent) {
		return first
	}
	return first | Of(t.second(r, first))
}

// vouched are the links that have given something or that this node chose itself: whoever
// wants to have many links opens the others.
func (t *Table) vouched() Set { return (t.own | t.gave) &^ t.silent }

// second finds the best neighbour that is neither the parent nor a child, nor in but.
// Before others comes one that is vouched for, and one that is nearer to the root than
// this node, since it cannot have its facts from here; after others one whose own second
// way is this node: two that count on each other, and on the same parent, would both be
// lost with it.
func (t *Table) second(r *root, but Set) Slot {
	best, least, rank, vouched := None, Unreachable, -1, t.vouched()
	for s := range (t.up &^ r.children &^ Of(r.parent) &^ but).All {
		if !r.heard[s].reaches() {
			continue
		}
		c := t.cost(r, s)
		if r.backups.Has(s) {
			c -= min(c, max(c/settleShare, settleLeast))
		}
		k := r.rank(s)
		if vouched.Has(s) {
			k += 2
		}
		if k > rank || k == rank && c < least {
			best, least, rank = s, c, k
		}
	}
	return best
}

// rank is how independent of this node a neighbour's way to the root is.
func (r *root) rank(s Slot) int {
	switch {
	case r.heard[s].Dist < r.own.Dist:
		return 2
	case !r.wants.Has(s):
		return 1
	}
	return 0
}

// word is what a neighbour should know.
func (t *Table) word(r *root, s Slot) Word {
	w := Word{Tag: r.tag, Route: r.own}
	switch {
	case s == r.parent || r.former.Has(s):
		w.Role |= Parent
		if r.asking && s == r.parent {
			w.Role |= Ask
		}
	case r.backups.Has(s):
		w.Role |= Backup
	}
	if r.asking && r.parent == None && r.heard[s].reaches() {
		w.Role |= Ask
	}
	return w
}

// note marks the links that must be told.
func (t *Table) note(r *root) {
	for s := range t.up.All {
		if t.word(r, s).differs(r.told[s]) {
			r.stale |= Of(s)
		} else {
			r.stale &^= Of(s)
		}
	}
}

// said is a word without its tag: there are many.
type said struct {
	dist Dist
	seq  uint16
	role Role
}

// differs reports whether w is worth a message to one who was told v.
func (w Word) differs(v said) bool {
	if w.Role != v.role || w.reaches() != (v.dist < Unreachable) {
		return true
	}
	if !w.reaches() {
		return false
	}
	far := max(w.Dist, v.dist)
	return w.Seq != v.seq || far-min(w.Dist, v.dist) > max(far/tellShare, tellLeast)
}

// Tell returns up to most words that a neighbour has not been told, and takes them
// as told. They are to reach it, in this order, or the link is to be removed.
func (t *Table) Tell(s Slot, most int) []Word {
	if !t.up.Has(s) {
		return nil
	}
	t.settleAll()
	var words []Word
	for _, r := range t.order {
		if len(words) == most {
			break
		}
		if !r.stale.Has(s) {
			continue
		}
		r.stale &^= Of(s)
		w := t.word(r, s)
		if !w.differs(r.told[s]) {
			continue
		}
		r.told[s] = said{w.Dist, w.Seq, w.Role}
		if w.reaches() && w.nearer(r.least) {
			r.least = w.Route
		}
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b Word) int { return cmp.Compare(a.Tag, b.Tag) })
	return words
}

// Stale returns the neighbours to whom there is something to tell.
func (t *Table) Stale() Set {
	t.settleAll()
	var all Set
	for _, r := range t.order {
		all |= r.stale
	}
	return all & t.up
}
