package lookup

import "time"

const (
	// FirstLimit is for a peer before anything was measured.
	FirstLimit = 500 * time.Millisecond
	// MinLimit: no peer is late before.
	MinLimit = 50 * time.Millisecond
	// dialFactor is dial and question, in round trips, before any was measured.
	dialFactor = 3
)

// Estimate is a smoothed round trip and its variation (RFC 6298). The zero value
// has seen none.
type Estimate struct{ Mean, Deviation time.Duration }

// Add takes a measured round trip in.
func (e *Estimate) Add(d time.Duration) {
	if e.Mean == 0 {
		e.Mean, e.Deviation = d, d/2
		return
	}
	e.Deviation += ((d - e.Mean).Abs() - e.Deviation) / 4
	e.Mean += (d - e.Mean) / 8
}

// limit is when an answer over an open connection is late.
func (e Estimate) limit() time.Duration {
	if e.Mean == 0 {
		return FirstLimit
	}
	return max(MinLimit, e.Mean+2*e.Deviation)
}

// Trips is what is known of the time that a peer takes.
type Trips struct {
	Connected bool
	Warm      Estimate // over an open connection: of this peer, else of all peers
	Known     bool     // Warm is of this peer
	Cold      Estimate // with the dial, of all peers
}

// Cost is what a question is expected to take.
func (t Trips) Cost() time.Duration {
	switch {
	case t.Connected && t.Warm.Mean == 0:
		return FirstLimit
	case t.Connected:
		return t.Warm.Mean
	case t.Known:
		return 2 * t.Warm.Mean
	case t.Cold.Mean == 0:
		return dialFactor * max(t.Warm.Mean, MinLimit)
	}
	return t.Cold.Mean
}

// Limit is the time after which a peer counts as late. It is short, since a late
// peer costs another question and nothing else.
func (t Trips) Limit() time.Duration {
	switch {
	case t.Connected:
		return t.Warm.limit()
	case t.Cold.Mean == 0:
		return dialFactor * t.Warm.limit()
	}
	return max(t.Cold.Mean+2*t.Cold.Deviation, 2*MinLimit)
}
