package node

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// readyPeers is how many peers a node reconciles with before it is ready,
	// where that many can be reached.
	readyPeers = 3
	// degradedAfter is when a node that is not ready calls itself degraded, and
	// when peers that were never ready themselves begin to count.
	degradedAfter = time.Minute
	// completeLimit is how old completeness may be in the public profile.
	completeLimit = 5 * time.Minute
	// overdueAfter is how old it gets before anchors are asked. Where one is linked, its
	// pulses keep it younger.
	overdueAfter = time.Minute
	// maxAsked is how many anchors are asked at once when none has been heard for long.
	maxAsked = 3
)

// State says whether a node may call an agent active.
type State string

// The states of a node.
const (
	StateStarting State = "starting"
	StateReady    State = "ready"
	StateDegraded State = "degraded"
)

// readiness knows since when the node's facts are complete: reconciled with
// min(3, peers seen in 24 hours) peers that were ever ready themselves, one of
// them a bootstrap or long known from an earlier run, where there is one. Empty or fresh
// peers cannot make a node ready, two that were both away cannot vouch for each other while they
// know of more, and one slow or dead peer cannot keep a node from it for ever.
//
// From then on completeness is as old as the last round with one who was there before: an
// anchor, which is also whoever the facts became complete with, whoever agreed for five
// minutes while they were, and the first ones who agree with the founder of a network. So a node whose peers are all replaced by others, however
// many and however agreeable, grows old.
//
// All this is about the node's range. A round counts for what it was about; what two
// halves of a range are complete about, the range is.
type readiness struct {
	now     func() time.Time     // real time: completeness ages by the machine's clock
	ageless bool                 // local profile: completeness does not age
	became  func()               // called once, at the first time ready
	own     func() records.Range // the node's range; set before the first round
	base    time.Time            // what lasts counts from
	until   atomic.Int64         // see lasts; negative while not ready

	mu       sync.Mutex
	started  time.Time
	alone    bool             // no bootstrap and no known peer
	first    bool             // its own first seed
	rebuilt  bool             // the store, and with it who the peers were, is lost
	missing  bool             // a fact is lost, and nobody has agreed since
	anchors  map[peer.ID]bool // bootstrap peers, those long known from an earlier run, and who has proved himself
	seen     map[peer.ID]bool // peers reached in this run, and those known from an earlier one
	live     map[peer.ID]bool // those reached in this run
	apart    map[peer.ID]bool // those whose range has nothing in common with ours
	seasoned map[peer.ID]word // last complete round with a peer that was ever ready
	others   map[peer.ID]word // last complete round with any other peer
	complete time.Time        // when the facts were last complete; zero before
	clock    string           // why the clock cannot be relied on; empty where nothing says so
	changed  chan struct{}    // closed and replaced when the state may have changed
}

// word is what complete rounds with a peer came to.
type word struct {
	since, at time.Time     // the first and the last one, without a long gap between
	over      records.Range // what the last one was about
}

func newReadiness(now func() time.Time, base time.Time, ageless bool, anchors, known []peer.ID, rebuilt bool, became func()) *readiness {
	r := &readiness{
		now: now, ageless: ageless, anchors: make(map[peer.ID]bool), became: became, own: func() records.Range { return records.Range{} },
		base: base, started: now(), alone: len(anchors)+len(known) == 0 && !rebuilt, rebuilt: rebuilt,
		seen: make(map[peer.ID]bool), live: make(map[peer.ID]bool), apart: make(map[peer.ID]bool), seasoned: make(map[peer.ID]word), others: make(map[peer.ID]word),
		changed: make(chan struct{}),
	}
	r.until.Store(-1)
	for _, p := range anchors {
		r.anchors[p] = true
	}
	for _, p := range known {
		r.seen[p] = true
	}
	return r
}

// begin lets a node without anybody to ask be ready at once.
func (r *readiness) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alone {
		r.finish()
	}
}

// awaitSeeds has a node without anybody to ask wait for who is behind its seeds. It comes
// before begin.
func (r *readiness) awaitSeeds() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alone = false
}

// anchor notes a peer found behind a seed, who counts like a bootstrap.
func (r *readiness) anchor(p peer.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.anchors[p] = true
}

// isFirst says that the node is its own first seed: a network that is born begins with it.
func (r *readiness) isFirst() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.first = true
	if r.complete.IsZero() && r.begins() {
		r.alone = len(r.anchors)+len(r.seen) == 0
		r.finish()
	}
}

// begins reports whether there is no network yet but what begins with this node: every
// anchor, and everybody who is here, agrees and was never ready. Owned by mu.
func (r *readiness) begins() bool {
	if !r.first || r.rebuilt || r.missing {
		return false
	}
	for _, peers := range []map[peer.ID]bool{r.anchors, r.seen} {
		for p := range peers {
			if _, ok := r.others[p]; !ok {
				return false
			}
		}
	}
	return true
}

// connected notes that p could be reached.
func (r *readiness) connected(p peer.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[p], r.live[p] = true, true
	r.extend()
}

// synced notes a reconciliation that ended in agreement.
func (r *readiness) synced(rep gossip.SyncReport) {
	if rep.Err != nil || !rep.Complete && !rep.Apart {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[rep.Peer], r.live[rep.Peer] = true, true
	if rep.Apart {
		r.apart[rep.Peer] = true
		return
	}
	delete(r.apart, rep.Peer)
	r.heard(rep)
	if !r.complete.IsZero() {
		r.refresh()
	} else if r.enough() {
		r.finish()
	}
	r.extend()
}

// heard notes a complete round. Owned by mu.
func (r *readiness) heard(rep gossip.SyncReport) {
	now := r.now()
	of := r.others
	if rep.EverReady {
		of = r.seasoned
		delete(r.others, rep.Peer)
	}
	w := of[rep.Peer]
	if now.Sub(w.at) > completeLimit {
		w.since = now
	}
	w.at, w.over = now, rep.Range
	of[rep.Peer] = w
	if rep.EverReady && r.alone && len(r.anchors) < readyPeers {
		r.anchors[rep.Peer] = true // the founder's first ones
	}
	if rep.EverReady && r.complete.Sub(w.since) > completeLimit {
		r.anchors[rep.Peer] = true
	}
}

// enough reports whether the rounds so far make the facts complete for the first time.
// Owned by mu.
func (r *readiness) enough() bool {
	own, patient := r.own(), r.now().Sub(r.started) < degradedAfter && !weak.Off(weak.Anchors)
	if at := r.vouched(r.seasoned, own, r.need(), true); !at.IsZero() {
		return true
	}
	if patient {
		return r.begins()
	}
	of, anchored := r.seasoned, len(r.anchors) > 0 && !weak.Off(weak.Anchors)
	if len(of) == 0 {
		of = r.others // nobody reachable was ever ready: a network being born
	}
	return !r.vouched(of, own, 1, anchored).IsZero()
}

// vouched is since when that many peers agree about all of a range, one of them an anchor
// where it is asked for: the earliest of their last rounds. It is zero where there are not
// so many. Owned by mu.
func (r *readiness) vouched(words map[peer.ID]word, over records.Range, need int, anchored bool) time.Time {
	var all []time.Time
	var anchor time.Time
	parts := false
	for p, w := range words {
		switch {
		case w.over.Holds(over):
			all = append(all, w.at)
			if r.anchors[p] && w.at.After(anchor) {
				anchor = w.at
			}
		case over.Holds(w.over):
			parts = true
		}
	}
	var whole time.Time
	if len(all) >= need && !(anchored && anchor.IsZero()) {
		slices.SortFunc(all, func(a, b time.Time) int { return b.Compare(a) })
		if whole = all[need-1]; anchored && anchor.Before(whole) {
			whole = anchor
		}
	}
	if !parts || over.Bits() == records.MaxRangeBits {
		return whole
	}
	low, high := over.Halves()
	halves := r.vouched(words, low, need, anchored)
	if other := r.vouched(words, high, need, anchored); other.Before(halves) {
		halves = other
	}
	if halves.After(whole) {
		return halves
	}
	return whole
}

// refresh makes completeness as young as the last round with an anchor, or with anybody
// as long as there is none. Owned by mu.
func (r *readiness) refresh() {
	if weak.Off(weak.SeasonedAge) {
		r.complete = r.now()
		return
	}
	at := r.vouched(r.seasoned, r.own(), 1, r.anchored())
	if at.IsZero() && len(r.seasoned) == 0 {
		at = r.vouched(r.others, r.own(), 1, false)
	}
	if at.After(r.complete) {
		r.complete = at
	}
}

// anchored reports whether there is an anchor that was heard within a day, or has not had
// the time to be. Owned by mu.
func (r *readiness) anchored() bool {
	now := r.now()
	if now.Sub(r.started) < knownFor {
		return len(r.anchors) > 0
	}
	for p := range r.anchors {
		if w, ok := r.seasoned[p]; ok && now.Sub(w.at) < knownFor {
			return true
		}
	}
	return false
}

// overdue reports whether no anchor has been heard for long, and which to ask then: those
// heard last.
func (r *readiness) overdue() (anchors []peer.ID, overdue bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.complete.IsZero() || len(r.seen) == 0 || r.now().Sub(r.complete) < overdueAfter {
		return nil, false
	}
	all := slices.SortedFunc(maps.Keys(r.anchors), func(a, b peer.ID) int { return r.seasoned[b].at.Compare(r.seasoned[a].at) })
	return all[:min(len(all), maxAsked)], true
}

// need is how many peers to reconcile with while there is patience. Those that were
// never ready are not waited for: newcomers would wait for each other. Nor are those with
// whom there is nothing to agree on. Owned by mu.
func (r *readiness) need() int {
	return min(readyPeers, max(1, len(r.seen)-len(r.others)-len(r.apart)))
}

// waits says in words what the facts lack to be complete. Owned by mu.
func (r *readiness) waits(now time.Time) string {
	if len(r.live) == 0 && r.rebuilt && len(r.anchors) == 0 {
		return "the store was corrupt and is empty now, and who the peers were is lost with it: " +
			"start with --bootstrap ADDRESS; where there never was a peer, remove the directory store in the data directory"
	}
	if len(r.live) == 0 && r.missing {
		return "a fact on the disk is damaged, and no peer is there to bring it back: start with --bootstrap ADDRESS"
	}
	if len(r.live) == 0 {
		return "no bootstrap or known peer could be reached yet"
	}
	why := fmt.Sprintf("facts are not complete: reconciled with %d of %d peers", len(r.seasoned), r.need())
	if len(r.others) > 0 {
		why += fmt.Sprintf(", and with %d that were never ready themselves", len(r.others))
	}
	if left := degradedAfter - now.Sub(r.started); left > 0 {
		why += fmt.Sprintf("; in %s those that can be reached are enough", left.Round(time.Second))
	}
	return why
}

// finish marks the facts complete now. Owned by mu.
func (r *readiness) finish() {
	first := r.complete.IsZero()
	r.complete, r.missing = r.now(), false
	if first {
		for p := range r.seasoned {
			r.anchors[p] = true
		}
		r.became()
		close(r.changed)
		r.changed = make(chan struct{})
	}
	r.extend()
}

// lost notes that a fact is not there any more: what was agreed before says nothing now.
// Whoever was alone is so no longer, since nobody here can bring the fact back.
func (r *readiness) lost() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complete, r.alone, r.missing = time.Time{}, false, true
	clear(r.seasoned)
	clear(r.others)
	r.until.Store(-1)
}

// extend works out how long the node is ready if nothing more happens. Owned by mu,
// and called after every change of what state looks at.
func (r *readiness) extend() {
	switch {
	case r.complete.IsZero():
	case r.clock != "":
		r.until.Store(-1)
	case r.ageless || r.alone && len(r.live) == 0:
		r.until.Store(math.MaxInt64)
	default:
		r.until.Store(int64(r.complete.Sub(r.base) + completeLimit))
	}
}

// doubt says why the clock cannot be relied on, by which leases are judged; empty: it can.
func (r *readiness) doubt(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if weak.Off(weak.ClockOffset) {
		why = ""
	}
	if r.clock != why {
		r.clock = why
		r.extend()
	}
}

// lasts reports whether the state is ready at a time since base, without a lock and
// without a look at the clock.
func (r *readiness) lasts(run time.Duration) bool { return int64(run) <= r.until.Load() }

// tick lets time pass: a patient wait may be over.
func (r *readiness) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.complete.IsZero() && r.enough() { // and not again: time alone keeps nothing complete
		r.finish()
	}
}

// state returns the state, a reason where it is not ready, and the age of
// completeness (negative before the first).
func (r *readiness) state() (State, string, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.complete.IsZero() {
		why := r.waits(now)
		if now.Sub(r.started) >= degradedAfter {
			return StateDegraded, why, -1
		}
		return StateStarting, why, -1
	}
	age := now.Sub(r.complete)
	if r.clock != "" {
		return StateDegraded, r.clock, age
	}
	if r.ageless || r.alone && len(r.live) == 0 {
		return StateReady, "", age
	}
	if age > completeLimit {
		return StateDegraded, fmt.Sprintf("the last complete reconciliation is %s old", age.Round(time.Second)), age
	}
	return StateReady, "", age
}

// wait returns a channel that closes when the node first becomes ready.
func (r *readiness) wait() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.complete.IsZero() {
		done := make(chan struct{})
		close(done)
		return done
	}
	return r.changed
}
