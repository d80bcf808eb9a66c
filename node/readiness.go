package node

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
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
// them a bootstrap or known from an earlier run. Empty or fresh peers cannot make
// a node ready, two that were both away cannot vouch for each other while they
// know of more, and one slow or dead peer cannot keep a node from it for ever.
type readiness struct {
	now     func() time.Time // real time: completeness ages by the machine's clock
	ageless bool             // local profile: completeness does not age
	anchors map[peer.ID]bool // bootstrap peers and those known from an earlier run
	became  func()           // called once, at the first time ready
	base    time.Time        // what lasts counts from
	until   atomic.Int64     // see lasts; negative while not ready

	mu       sync.Mutex
	started  time.Time
	alone    bool                  // no bootstrap and no known peer
	rebuilt  bool                  // the store, and with it who the peers were, is lost
	seen     map[peer.ID]bool      // peers reached in this run, and those known from an earlier one
	live     map[peer.ID]bool      // those reached in this run
	seasoned map[peer.ID]time.Time // last complete round with a peer that was ever ready
	others   map[peer.ID]time.Time // last complete round with any other peer
	complete time.Time             // when the facts were last complete; zero before
	changed  chan struct{}         // closed and replaced when the state may have changed
}

func newReadiness(now func() time.Time, base time.Time, ageless bool, bootstrap, known []peer.ID, rebuilt bool, became func()) *readiness {
	r := &readiness{
		now: now, ageless: ageless, anchors: make(map[peer.ID]bool), became: became,
		base: base, started: now(), alone: len(bootstrap)+len(known) == 0 && !rebuilt, rebuilt: rebuilt,
		seen: make(map[peer.ID]bool), live: make(map[peer.ID]bool), seasoned: make(map[peer.ID]time.Time), others: make(map[peer.ID]time.Time),
		changed: make(chan struct{}),
	}
	r.until.Store(-1)
	for _, p := range bootstrap {
		r.anchors[p] = true
	}
	for _, p := range known {
		r.anchors[p], r.seen[p] = true, true
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

// connected notes that p could be reached.
func (r *readiness) connected(p peer.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[p], r.live[p] = true, true
	r.extend()
}

// synced notes a reconciliation that ended in agreement.
func (r *readiness) synced(rep gossip.SyncReport) {
	if rep.Err != nil || !rep.Complete {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[rep.Peer], r.live[rep.Peer] = true, true
	if rep.EverReady {
		r.seasoned[rep.Peer] = r.now()
		delete(r.others, rep.Peer)
	} else {
		r.others[rep.Peer] = r.now()
	}
	if r.enough() {
		r.finish()
	}
	r.extend()
}

// enough reports whether the rounds so far make the facts complete. Owned by mu.
func (r *readiness) enough() bool {
	if !r.complete.IsZero() {
		return true // once complete, every further round keeps it so
	}
	need := r.need()
	patient := r.now().Sub(r.started) < degradedAfter
	count, anchored := 0, false
	for p := range r.seasoned {
		count++
		anchored = anchored || r.anchors[p]
	}
	if patient || count > 0 {
		return count >= need && anchored || count > 0 && !patient
	}
	return len(r.others) > 0 // nobody reachable was ever ready: a network being born
}

// need is how many peers to reconcile with while there is patience. Those that were
// never ready are not waited for: newcomers would wait for each other. Owned by mu.
func (r *readiness) need() int {
	return min(readyPeers, max(1, len(r.seen)-len(r.others)))
}

// waits says in words what the facts lack to be complete. Owned by mu.
func (r *readiness) waits(now time.Time) string {
	if len(r.live) == 0 && r.rebuilt && len(r.anchors) == 0 {
		return "the store was corrupt and is empty now, and who the peers were is lost with it: " +
			"start with --bootstrap ADDRESS; where there never was a peer, remove the directory store in the data directory"
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
	r.complete = r.now()
	if first {
		r.became()
		close(r.changed)
		r.changed = make(chan struct{})
	}
	r.extend()
}

// extend works out how long the node is ready if nothing more happens. Owned by mu,
// and called after every change of what state looks at.
func (r *readiness) extend() {
	switch {
	case r.complete.IsZero():
	case r.ageless || r.alone && len(r.live) == 0:
		r.until.Store(math.MaxInt64)
	default:
		r.until.Store(int64(r.complete.Sub(r.base) + completeLimit))
	}
}

// lasts reports whether the state is ready at a time since base, without a lock and
// without a look at the clock.
func (r *readiness) lasts(run time.Duration) bool { return int64(run) <= r.until.Load() }

// tick lets time pass: a patient wait may be over.
func (r *readiness) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.complete.IsZero() && r.enough() {
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
