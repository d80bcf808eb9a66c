package node

import (
	"container/list"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// cacheSize bounds the agents remembered.
	cacheSize = 20_000
	// freshHeld is how long a record that this node holds for others answers
	// without asking: its publisher pushes newer ones here.
	freshHeld = time.Minute
	// freshFound is the same for a record that a lookup brought: nobody pushes.
	freshFound = 5 * time.Second
)

// How a cached record came here.
const (
	sourceHeld  = "local" // put here, since this node is a holder or the publisher
	sourceFound = "cache" // found by a lookup
)

// cached is what is remembered of one agent.
type cached struct {
	rec           *records.Record
	source        string
	confirmed     time.Time // when it was last put here or confirmed by peers
	confirmations int       // peers that gave the same record then
}

// fresh reports whether c may answer without asking anybody.
func (c cached) fresh(now time.Time) bool {
	limit := freshFound
	if c.source == sourceHeld {
		limit = freshHeld
	}
	return now.Sub(c.confirmed) <= limit && holds(c.rec, now) == nil
}

// cache remembers the newest record of recently used agents; the least recently
// used goes first. It is memory only: after a restart everything is asked again.
type cache struct {
	mu    sync.Mutex
	byID  map[records.AgentID]*list.Element // owned by mu
	order *list.List                        // of cached, most recent first; owned by mu
}

func newCache() *cache {
	return &cache{byID: make(map[records.AgentID]*list.Element), order: list.New()}
}

// get returns what is known of id.
func (c *cache) get(id records.AgentID) (cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byID[id]
	if !ok {
		return cached{}, false
	}
	c.order.MoveToFront(el)
	return el.Value.(cached), true
}

// offer remembers rec unless a newer one is known; an equal one is confirmed anew.
func (c *cache) offer(rec *records.Record, source string, at time.Time, confirmations int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := cached{rec: rec, source: source, confirmed: at, confirmations: confirmations}
	if el, ok := c.byID[rec.ID()]; ok {
		old := el.Value.(cached)
		switch rec.Mark().Compare(old.rec.Mark()) {
		case -1:
			return
		case 0:
			if old.source == sourceHeld {
				entry.source = sourceHeld
			}
			entry.confirmations = max(confirmations, old.confirmations)
		}
		el.Value = entry
		c.order.MoveToFront(el)
		return
	}
	c.byID[rec.ID()] = c.order.PushFront(entry)
	if c.order.Len() > cacheSize {
		last := c.order.Back()
		delete(c.byID, c.order.Remove(last).(cached).rec.ID())
	}
}

// drop forgets id.
func (c *cache) drop(id records.AgentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byID[id]; ok {
		c.order.Remove(el)
		delete(c.byID, id)
	}
}
