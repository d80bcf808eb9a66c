package tree

import (
	"slices"

	"github.com/cairn-overlay/cairn/internal/weak"
)

const (
	// Helping is how many facts a node asks of all its neighbours at once. A neighbour
	// gives so many beyond what the trees ask for, and more within spree, in
	// microseconds, but no more than mostHelping.
	Helping     = 16
	mostHelping = 128
	spree       = 10_000_000
	// lateness is how long a fact that came by other ways may still come along its tree, in
	// microseconds: then it was not missed, only overtaken. mostDoubts is how many such
	// facts are waited for.
	lateness   = 50_000
	mostDoubts = 64
	// mostRecent is how many of the latest facts are named to who asks, and by who asks.
	mostRecent = 16
	// judgeAfter is how long after the beginning of a round neighbours are judged, in
	// microseconds: by then those who gave have given.
	judgeAfter = 2_000_000
	// silentFrom is of how many facts a neighbour must have given a share, one of
	// silentShare, or it is silent.
	silentFrom  = 8
	silentShare = 4
)

// hunger is what a node does that a fact did not reach along its tree: it asks all of its
// neighbours for the next few facts, whatever they are to each other, and sees who
// gives any. It names them its latest facts, and they theirs: so that who missed one too
// hears of it at once.
type hunger struct {
	doubts []doubt        // facts that came by other ways a moment ago
	begun  Time           // the round
	asked  Set            // the neighbours that are to be judged; empty: they were
	left   int            // facts until then
	gave   [MaxLinks]int  // what a neighbour pushed or named in the round
	owed   [MaxLinks]int  // what came, and neither from it nor by us to it
	debts  [MaxLinks]debt // what neighbours have asked of us
}

// doubt is a fact that may have been missed.
type doubt struct {
	name Name
	due  Time // when to see whether it has come along its tree after all
}

// debt is what a neighbour asked for.
type debt struct {
	facts int  // it gets in any case
	until Time // it gets more
	most  int  // and this is all
}

// Missed notes that a fact came by other ways which should have come along its tree: it is
// missed if it does not do so shortly, see Ask.
func (r *Relay) Missed(n Name, now Time) {
	if h := &r.hunger; now >= r.short && len(h.doubts) < mostDoubts {
		h.doubts = append(h.doubts, doubt{n, now + lateness})
	}
}

// Ask begins a round where a fact was missed and none is under way, and returns the
// neighbours to ask for Helping facts.
func (r *Relay) Ask(now Time) Set {
	h := &r.hunger
	if !r.missed(now) || h.asked != 0 || h.begun != 0 && now < h.begun+spree || weak.Off(weak.Hunger) {
		return 0
	}
	*h = hunger{doubts: h.doubts, begun: now, asked: r.Up() &^ r.newcomers(now), left: Helping, debts: h.debts}
	return h.asked
}

// missed reports whether a fact was missed, and forgets those of which it is known by now.
func (r *Relay) missed(now Time) (yes bool) {
	r.doubts = slices.DeleteFunc(r.doubts, func(d doubt) bool {
		if now < d.due {
			return false
		}
		it := r.items[d.name]
		yes = yes || it == nil || !it.came
		return true
	})
	return yes
}

// Asked notes that a neighbour wants the next facts, so many.
func (r *Relay) Asked(s Slot, facts int, now Time) {
	r.debts[s] = debt{min(facts, mostHelping), now + spree, mostHelping}
}

// Recent returns the names of the latest facts here that a neighbour is not known to have,
// and takes them as named to it: where one fact was missed others are likely to be, on
// both sides.
func (r *Relay) Recent(s Slot) (names []Name) {
	for i := range min(len(r.ring), mostRecent) {
		n := r.ring[(r.next+len(r.ring)-1-i)%len(r.ring)]
		if it := r.items[n]; it.fact != nil && !it.have.Has(s) {
			it.have |= Of(s)
			names = append(names, n)
		}
	}
	return names
}

// given notes that a neighbour gave a fact or its name: it is not silent.
func (r *Relay) given(s Slot) {
	if s == None {
		return
	}
	r.hunger.gave[s]++
	r.Heed(s)
}

// helped are the neighbours that asked for the fact that has come, whatever it is.
func (r *Relay) helped(now Time) (all Set) {
	for s := range r.Up().All {
		if d := &r.debts[s]; d.most > 0 && (d.facts > 0 || now < d.until) {
			d.facts, d.most = max(d.facts-1, 0), d.most-1
			all |= Of(s)
		}
	}
	return all
}

// served counts a fact that those of have gave or need not give.
func (r *Relay) served(have Set) {
	h := &r.hunger
	if h.left == 0 {
		return
	}
	h.left--
	for s := range (h.asked &^ have).All {
		h.owed[s]++
	}
}

// Judge judges the neighbours of a round whose time has come: who gave next to nothing of what came is
// silent, and neither parent nor second way while there is anybody else.
func (r *Relay) Judge(now Time) {
	h := &r.hunger
	if h.asked == 0 || h.left > 0 || now < h.begun+judgeAfter {
		return
	}
	var silent Set
	for s := range (h.asked & r.Up()).All {
		if h.owed[s] >= silentFrom && h.gave[s]*silentShare < h.owed[s] {
			silent |= Of(s)
		}
	}
	h.asked = 0
	r.Distrust(silent)
}
