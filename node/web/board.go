package web

import (
	"sync"
	"time"
)

const (
	// keptSpreads is how many spreads the board remembers, the last ones.
	keptSpreads = 12
	// keptWaiting bounds the arrivals that wait to be sent; of more the page hears
	// nothing, though each spread still counts them.
	keptWaiting = 4096
)

// Board hears of each fact as it becomes known to a node, and remembers how the last
// ones spread. It is safe for concurrent use; the zero Board is empty.
type Board struct {
	mu      sync.Mutex
	spreads []*Spread // the oldest first; owned by mu
	waiting []Arrival // not yet taken; owned by mu
	missed  uint64    // arrivals that found no room; owned by mu
}

// Spread is how one fact became known.
type Spread struct {
	Agent   string             `json:"agent"`
	Name    string             `json:"name,omitempty"` // of the agent, where it is known
	From    string             `json:"from"`           // the first node that knew
	Began   int64              `json:"began"`          // Unix milliseconds of its knowing
	Floor   map[string]float64 `json:"floor,omitempty"`
	Arrived []Arrival          `json:"arrived"`

	start time.Time
	knows map[string]bool // nodes that have learned it
	told  bool            // take has returned it
}

// Arrival is a fact that a node has just learned.
type Arrival struct {
	Agent string  `json:"agent"`
	Node  string  `json:"node"`
	From  string  `json:"from,omitempty"` // who handed it over
	Via   string  `json:"via"`            // local, gossip, sync, dht, import
	MS    float64 `json:"ms"`             // since the first node knew
}

// Seen notes that a node has learned a fact of an agent just now. It returns at once.
func (b *Board) Seen(agent, node, from, via string) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(agent)
	if s == nil {
		s = &Spread{Agent: agent, From: node, Began: now.UnixMilli(), start: now, knows: make(map[string]bool)}
		if len(b.spreads) == keptSpreads {
			b.spreads = append(b.spreads[:0], b.spreads[1:]...)
		}
		b.spreads = append(b.spreads, s)
	}
	if s.knows[node] { // it has lost it and learned it again
		return
	}
	s.knows[node] = true
	a := Arrival{Agent: agent, Node: node, From: from, Via: via, MS: float64(now.Sub(s.start).Microseconds()) / 1000}
	s.Arrived = append(s.Arrived, a)
	if len(b.waiting) == keptWaiting {
		b.missed++
		return
	}
	b.waiting = append(b.waiting, a)
}

// find needs mu.
func (b *Board) find(agent string) *Spread {
	for _, s := range b.spreads {
		if s.Agent == agent {
			return s
		}
	}
	return nil
}

// take returns the arrivals since the last call, and the agents of spreads that it has
// not returned yet.
func (b *Board) take() (fresh []Spread, arrived []Arrival) {
	b.mu.Lock()
	defer b.mu.Unlock()
	arrived, b.waiting = b.waiting, nil
	for _, s := range b.spreads {
		if !s.told {
			s.told = true
			fresh = append(fresh, s.head())
		}
	}
	return fresh, arrived
}

// describe says of what agent a spread is, and how fast it could have been.
func (b *Board) describe(agent, name string, floor map[string]float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.find(agent); s != nil {
		s.Name, s.Floor = name, floor
	}
}

// all returns every spread with its arrivals so far.
func (b *Board) all() []Spread {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []Spread{}
	for _, s := range b.spreads {
		one := s.head()
		one.Arrived = append(one.Arrived, s.Arrived...)
		out = append(out, one)
	}
	return out
}

// head is the spread without its arrivals.
func (s *Spread) head() Spread {
	return Spread{Agent: s.Agent, Name: s.Name, From: s.From, Began: s.Began, Floor: s.Floor, Arrived: []Arrival{}}
}
