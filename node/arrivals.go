package node

import (
	"sync"

	"github.com/cairn-overlay/cairn/records"
)

// maxArrivals bounds what is remembered of routes; of older facts it is forgotten.
const maxArrivals = 1 << 16

// arrivals remembers by which route recent facts came, for the answers that show
// it. It is a convenience: nothing is decided by it.
type arrivals struct {
	mu    sync.Mutex
	route map[records.AgentID]string // owned by mu
	ring  []records.AgentID          // in order of arrival, overwritten from next; owned by mu
	next  int                        // owned by mu
}

func newArrivals() *arrivals { return &arrivals{route: make(map[records.AgentID]string)} }

// note remembers the route of id.
func (a *arrivals) note(id records.AgentID, source string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.ring) < maxArrivals {
		a.ring = append(a.ring, id)
	} else {
		delete(a.route, a.ring[a.next])
		a.ring[a.next] = id
		a.next = (a.next + 1) % maxArrivals
	}
	a.route[id] = source
}

// source names the route of id as an answer shows it.
func (a *arrivals) source(id records.AgentID) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch a.route[id] {
	case SourceGossip:
		return SourceGossip
	case SourceDHT:
		return SourceDHT
	}
	return SourceLocal
}
