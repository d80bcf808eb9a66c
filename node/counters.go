package node

import (
	"maps"
	"sync"
)

// counters counts what happened, by name; nothing is dropped uncounted.
type counters struct {
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
	return maps.Clone(c.by)
}
