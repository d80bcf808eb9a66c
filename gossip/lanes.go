package gossip

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// typicalFact is how many bytes count as one fact against the strangers' cap.
	typicalFact = 150
	// shares is how many sources could use up the cap together, each within its share:
	// more than a node has connections, so that no neighbours keep another one out.
	shares = 32
	// withinShare and beyondShare are which part of a bucket facts without any work leave
	// to others, and workForAll how many bits of work leave nothing.
	withinShare = 0.5
	beyondShare = 0.75
	workForAll  = 32
	// sourceBuckets is how many sources are told apart, roughly.
	sourceBuckets = 1024
)

// lanes decide which new facts pass. Facts of known subjects always do. All others
// share a cap, since identities are free: whoever makes a million of them may revoke
// each.
//
// Of the cap every source has a share, a source being the network that the fact was
// handed on from. What is beyond a share passes as long as the cap is hardly used, so
// that one source alone has most of the cap, and yet leaves room for all others. And
// the emptier a bucket is, the more work it takes to draw from it: who floods draws it
// down to where his own facts stop, and all with more work than his go on as if nothing
// was.
//
// Sources have buckets by a keyed hash: what is kept of them does not grow, nothing is
// evicted, and nobody can aim at the bucket of another. Whoever fills all of them sent
// from so many networks that the cap itself was used up long ago.
type lanes struct {
	known     func(records.AgentID) bool
	rate, max float64 // facts a second, and at once
	seed      maphash.Seed

	mu      sync.Mutex // guards the buckets
	all     bucket
	sources [sourceBuckets]bucket
}

func newLanes(cfg Config) *lanes {
	return &lanes{known: cfg.Known, rate: float64(cfg.StrangerRate), max: float64(cfg.StrangerBurst), seed: maphash.MakeSeed()}
}

// pass reports whether a fact of so many bytes, handed on by a source, may pass now.
func (l *lanes) pass(id records.AgentID, size int, from func() source) bool {
	if l.known(id) || weak.Off(weak.StrangerCap) {
		return true
	}
	return l.draw(time.Now(), id.Work(), max(1, float64(size)/typicalFact), from())
}

// draw takes what a fact costs from the cap, and from its source's share where that has
// it, or reports that it may not.
func (l *lanes) draw(now time.Time, work int, cost float64, from source) bool {
	closed := 1 - float64(min(work, workForAll))/workForAll
	if weak.Off(weak.WorkOrder) {
		closed = 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all, own := &l.all, &l.sources[maphash.Comparable(l.seed, from)%sourceBuckets]
	all.refill(now, l.rate, l.max)
	own.refill(now, l.rate/shares, l.max/shares)
	switch {
	case weak.Off(weak.SourceShare):
		return all.draw(cost, withinShare*closed*l.max)
	case own.has(cost, withinShare*closed*l.max/shares):
		return all.draw(cost, withinShare*closed*l.max) && own.draw(cost, 0)
	}
	return all.draw(cost, beyondShare*closed*l.max)
}

// A bucket fills with time. One that was never used is full.
type bucket struct {
	level float64
	at    time.Time // when it was that full
}

// refill brings the level up to date.
func (b *bucket) refill(now time.Time, rate, most float64) {
	if b.at.IsZero() {
		b.level = most
	} else {
		b.level = min(most, b.level+rate*max(0, now.Sub(b.at).Seconds()))
	}
	b.at = now
}

// has reports whether cost can be drawn and reserve stays.
func (b *bucket) has(cost, reserve float64) bool { return b.level-cost >= reserve }

// draw takes cost where reserve stays.
func (b *bucket) draw(cost, reserve float64) bool {
	if !b.has(cost, reserve) {
		return false
	}
	b.level -= cost
	return true
}
