package overlay

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	maxEstimates = 4096                   // peers whose round trips are remembered
	firstLimit   = 500 * time.Millisecond // for a peer before anything was measured
	minLimit     = 50 * time.Millisecond  // no peer is late before
	dialFactor   = 3                      // round trips of a dial and a question, in those of a question
)

// estimate is a smoothed round trip and its variation (RFC 6298).
type estimate struct{ mean, deviation time.Duration }

func (e *estimate) add(d time.Duration) {
	if e.mean == 0 {
		e.mean, e.deviation = d, d/2
		return
	}
	e.deviation += ((d - e.mean).Abs() - e.deviation) / 4
	e.mean += (d - e.mean) / 8
}

// roundTrips remembers how quickly peers answer, each and all together.
type roundTrips struct {
	mu    sync.Mutex
	all   estimate
	peers map[peer.ID]estimate
}

func (r *roundTrips) add(p peer.ID, d time.Duration) {
	d = max(d, time.Microsecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.add(d)
	if r.peers == nil {
		r.peers = make(map[peer.ID]estimate)
	}
	e, ok := r.peers[p]
	if !ok && len(r.peers) >= maxEstimates {
		for other := range r.peers { // any: the estimate of all stands in for it
			delete(r.peers, other)
			break
		}
	}
	e.add(d)
	r.peers[p] = e
}

// cost is what a question to p is expected to take.
func (r *roundTrips) cost(p peer.ID, connected bool) time.Duration {
	e := r.get(p)
	if e.mean == 0 {
		e.mean = firstLimit
	}
	if connected {
		return e.mean
	}
	return dialFactor * e.mean
}

// limit is the time after which p counts as late.
func (r *roundTrips) limit(p peer.ID, connected bool) time.Duration {
	e := r.get(p)
	limit := firstLimit
	if e.mean != 0 {
		limit = max(minLimit, e.mean+4*e.deviation)
	}
	if connected {
		return limit
	}
	return dialFactor * limit
}

// get returns the estimate of p, or of all where p was never measured.
func (r *roundTrips) get(p peer.ID) estimate {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.peers[p]; ok {
		return e
	}
	return r.all
}
