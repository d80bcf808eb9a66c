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
	dialFactor   = 3                      // dial and question, in round trips, before any was measured
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
	all   estimate // over open connections
	cold  estimate // with the dial
	peers map[peer.ID]estimate
}

// addCold notes how long a question took whose peer had to be dialled first.
func (r *roundTrips) addCold(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cold.add(d)
}

// add notes how long p took to answer over an open connection.
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
	warm, known, cold := r.get(p)
	switch {
	case connected && warm.mean == 0:
		return firstLimit
	case connected:
		return warm.mean
	case known || cold.mean == 0:
		return dialFactor * max(warm.mean, minLimit)
	}
	return cold.mean
}

// limit is the time after which p counts as late. It is short, since a late peer
// costs another question and nothing else.
func (r *roundTrips) limit(p peer.ID, connected bool) time.Duration {
	warm, _, cold := r.get(p)
	switch {
	case connected:
		return warm.limit()
	case cold.mean == 0:
		return dialFactor * warm.limit()
	}
	return max(cold.limit(), 2*minLimit)
}

func (e estimate) limit() time.Duration {
	if e.mean == 0 {
		return firstLimit
	}
	return max(minLimit, e.mean+2*e.deviation)
}

// get returns the estimate of p, where known, else of all peers; and of a dial.
func (r *roundTrips) get(p peer.ID) (warm estimate, known bool, cold estimate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.peers[p]; ok {
		return e, true, r.cold
	}
	return r.all, false, r.cold
}
