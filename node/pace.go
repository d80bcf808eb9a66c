package node

import (
	"math/rand/v2"
	"time"
)

// pace says when the table is to be refreshed: soon after the join, then ever more
// rarely, and soon again after the node was alone. While the table has few peers,
// since the network is small or the join found few, the pauses stay short. It
// belongs to one goroutine.
type pace struct{ full, few rhythm }

const (
	// refreshFirst is the first pause; each further one is twice as long, up to
	// refreshMost. The same for a table of less than fewPeers.
	refreshFirst    = 30 * time.Second
	refreshMost     = time.Hour
	refreshFewFirst = 2 * time.Second
	refreshFewMost  = 5 * time.Minute
	fewPeers        = 20
)

func newPace(now time.Time) *pace {
	p := &pace{full: rhythm{first: refreshFirst, most: refreshMost}, few: rhythm{first: refreshFewFirst, most: refreshFewMost}}
	p.hurry(now)
	return p
}

// hurry begins anew.
func (p *pace) hurry(now time.Time) {
	p.full.begin(now)
	p.few.begin(now)
}

// due reports whether it is time for a table of so many peers, and if so, sets the
// next time.
func (p *pace) due(now time.Time, peers int) bool {
	if p.full.due(now) {
		return true
	}
	return peers < fewPeers && p.few.due(now)
}

// wait is the time until due may say so.
func (p *pace) wait(now time.Time, peers int) time.Duration {
	next := p.full.next
	if peers < fewPeers && p.few.next.Before(next) {
		next = p.few.next
	}
	return max(0, next.Sub(now))
}

// rhythm is pauses that double.
type rhythm struct {
	first, most time.Duration
	wait        time.Duration
	next        time.Time
}

func (r *rhythm) begin(now time.Time) {
	r.wait = r.first
	r.next = now.Add(r.jitter())
}

func (r *rhythm) due(now time.Time) bool {
	if now.Before(r.next) {
		return false
	}
	r.wait = min(2*r.wait, r.most)
	r.next = now.Add(r.jitter())
	return true
}

// jitter is a wait between a half and one and a half of the pause.
func (r *rhythm) jitter() time.Duration { return r.wait/2 + rand.N(r.wait) }
