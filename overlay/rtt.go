package overlay

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	quicgo "github.com/quic-go/quic-go"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// minWriting is the least that a put is given beyond its round trip.
const minWriting = 20 * time.Millisecond

// maxEstimates is how many peers there are whose round trips are remembered.
const maxEstimates = 4096

// roundTrips remembers how quickly peers answer, each and all together.
type roundTrips struct {
	mu    sync.Mutex
	all   lookup.Estimate // over open connections
	cold  lookup.Estimate // with the dial
	write lookup.Estimate // what a put took beyond the round trip
	peers map[peer.ID]lookup.Estimate
}

// addCold notes how long a question took whose peer had to be dialled first.
func (r *roundTrips) addCold(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cold.Add(d)
}

// addWrite notes how much longer than a round trip a put took.
func (r *roundTrips) addWrite(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write.Add(max(d, time.Microsecond))
}

// writing is how much longer than a round trip a put may take.
func (r *roundTrips) writing() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.write.Mean == 0 {
		return silence
	}
	return min(silence, minWriting+r.write.Mean+4*r.write.Deviation)
}

// add notes how long p took to answer over an open connection.
func (r *roundTrips) add(p peer.ID, d time.Duration) {
	d = max(d, time.Microsecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.Add(d)
	if r.peers == nil {
		r.peers = make(map[peer.ID]lookup.Estimate)
	}
	e, ok := r.peers[p]
	if !ok && len(r.peers) >= maxEstimates {
		for other := range r.peers { // any: the estimate of all stands in for it
			delete(r.peers, other)
			break
		}
	}
	e.Add(d)
	r.peers[p] = e
}

// of returns how long p takes to answer; zero where that is not known.
func (r *roundTrips) of(p peer.ID) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers[p].Mean
}

// cost is what a question to p is expected to take.
func (r *roundTrips) cost(p peer.ID, connected bool) time.Duration {
	return r.get(p, connected).Cost()
}

// limit is the time after which p counts as late.
func (r *roundTrips) limit(p peer.ID, connected bool) time.Duration {
	if weak.Off(weak.ShortLimits) {
		return DefaultLookupTimeout
	}
	return r.get(p, connected).Limit()
}

// get returns what is known of p, or of all peers in its stead.
func (r *roundTrips) get(p peer.ID, connected bool) lookup.Trips {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.peers[p]
	if !known {
		e = r.all
	}
	return lookup.Trips{Connected: connected, Warm: e, Known: known, Cold: r.cold}
}

// leastRTT is the least round trip that the transport has measured on any of the
// connections; zero where none tells.
func leastRTT(conns []network.Conn) time.Duration {
	var least time.Duration
	for _, c := range conns {
		var q *quicgo.Conn
		if !c.As(&q) {
			continue
		}
		if rtt := q.ConnectionStats().MinRTT; rtt > 0 && (least == 0 || rtt < least) {
			least = rtt
		}
	}
	return least
}
