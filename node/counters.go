package node

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/cairn-overlay/cairn/records"
)

// counters counts what happened, by name; nothing is dropped uncounted.
type counters struct {
	warm atomic.Uint64 // answers out of memory: there can be a million a second

	mu sync.Mutex
	by map[string]uint64 // owned by mu
}

func newCounters() *counters { return &counters{by: make(map[string]uint64)} }

func (c *counters) add(name string, n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by[name] += n
}

// all returns a copy.
func (c *counters) all() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	by := maps.Clone(c.by)
	if warm := c.warm.Load(); warm > 0 {
		by["resolves_warm_total"] = warm
		by["resolves_"+string(records.StatusActive)+"_total"] += warm
	}
	return by
}
