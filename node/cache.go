package node

import (
	"sync"
	"sync/atomic"
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

// cached is what is remembered of one agent. It does not change, but for the two
// marks at its end.
type cached struct {
	id            records.AgentID
	rec           *records.Record
	source        string
	confirmed     time.Time // when it was last put here or confirmed by peers
	confirmations int       // peers that gave the same record then

	since       int64 // confirmed, in Unix nanoseconds like the next three
	from, until int64 // the lease
	freshUntil  int64 // see fresh
	slot        int   // place in the ring; owned by cache.mu

	said *testimony // what others said, where the agent is beyond the node's range; nil: nothing

	top  atomic.Bool // the store knew of nothing that outranks rec, and what it learns later is offered here
	used atomic.Bool // asked for since the hand was last here
}

func newCached(rec *records.Record, source string, confirmed time.Time, confirmations int) *cached {
	c := &cached{id: rec.ID(), rec: rec, source: source, confirmed: confirmed, confirmations: confirmations}
	c.from, c.until = rec.Issued().Add(-records.MaxAhead).UnixNano(), rec.NotAfter().UnixNano()
	c.since = confirmed.UnixNano()
	c.freshUntil = confirmed.Add(c.freshFor()).UnixNano()
	return c
}

func (c *cached) freshFor() time.Duration {
	if c.source == sourceHeld {
		return freshHeld
	}
	return freshFound
}

// fresh reports whether c may answer without asking anybody.
func (c *cached) fresh(now time.Time) bool {
	return now.Sub(c.confirmed) <= c.freshFor() && holds(c.rec, now) == nil
}

// cache remembers the newest record of recently used agents; one that was not used
// for long goes first. It is memory only: after a restart everything is asked again.
//
// It never holds a record that a fact ends, about its agent or an ancestor: the fact set is
// asked before one is taken in, and a fact comes into the set by bury. So what is found here
// needs no further look at the facts, and who has seen an agent dead finds it here no more.
type cache struct {
	standing func(*records.Record) error

	byID *cacheIndex // read by all, written under mu
	mu   sync.Mutex
	ring []*cached                                    // all of byID, in the order of the hand; owned by mu
	hand int                                          // owned by mu
	kin  map[records.AgentID]map[records.AgentID]bool // of an ancestor, those in byID who descend from it; owned by mu
}

// newCache returns an empty cache of records of which standing says nil.
func newCache(standing func(*records.Record) error) *cache {
	return &cache{standing: standing, byID: newCacheIndex(), kin: make(map[records.AgentID]map[records.AgentID]bool)}
}

// get returns what is known of id.
func (c *cache) get(id records.AgentID) (*cached, bool) {
	entry := c.byID.find(&id)
	if entry == nil {
		return nil, false
	}
	if !entry.used.Load() {
		entry.used.Store(true)
	}
	return entry, true
}

// offer remembers rec unless a newer one is known; an equal one is confirmed anew.
func (c *cache) offer(rec *records.Record, source string, at time.Time, confirmations int) {
	c.offerSaid(rec, source, at, confirmations, nil)
}

// offerSaid is offer, with what others said of the agent's being alive.
func (c *cache) offerSaid(rec *records.Record, source string, at time.Time, confirmations int, said *testimony) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.standing(rec) != nil {
		return
	}
	id := rec.ID()
	old := c.byID.find(&id)
	if old == nil {
		entry := newCached(rec, source, at, confirmations)
		entry.said = said
		c.insert(entry)
		return
	}
	if said == nil {
		said = old.said
	}
	switch rec.Mark().Compare(old.rec.Mark()) {
	case -1:
		return
	case 0:
		if old.source == sourceHeld {
			source = sourceHeld
		}
		confirmations = max(confirmations, old.confirmations)
	}
	entry := newCached(rec, source, at, confirmations)
	entry.slot, entry.said = old.slot, said
	entry.used.Store(true)
	c.ring[entry.slot] = entry
	c.byID.put(entry)
}

// insert takes in an agent that is not known, in the place of one that was not used
// for a turn of the hand where there is no other. Owned by mu.
func (c *cache) insert(entry *cached) {
	defer c.byID.put(entry)
	for _, id := range entry.rec.Ancestors() {
		if c.kin[id] == nil {
			c.kin[id] = make(map[records.AgentID]bool)
		}
		c.kin[id][entry.id] = true
	}
	if len(c.ring) < cacheSize {
		entry.slot = len(c.ring)
		c.ring = append(c.ring, entry)
		return
	}
	for c.ring[c.hand].used.Swap(false) {
		c.hand = (c.hand + 1) % len(c.ring)
	}
	c.unlist(c.ring[c.hand])
	entry.slot, c.ring[c.hand] = c.hand, entry
	c.hand = (c.hand + 1) % len(c.ring)
}

// bury forgets id, and all that descend from it, whom it returns, and then lets add put a
// fact about it into the set; nothing is taken in meanwhile.
func (c *cache) bury(id records.AgentID, add func() bool) (isNew bool, kin []records.AgentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(id)
	for child := range c.kin[id] {
		kin = append(kin, child)
	}
	for _, child := range kin {
		c.remove(child)
	}
	return add(), kin
}

// doubt has every answer about an agent beyond a range judged anew.
func (c *cache) doubt(beyond records.Range) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entry := range c.ring {
		if !beyond.Has(entry.id) {
			entry.top.Store(false)
		}
	}
}

// remove forgets id. Owned by mu.
func (c *cache) remove(id records.AgentID) {
	entry := c.byID.find(&id)
	if entry == nil {
		return
	}
	c.unlist(entry)
	last := len(c.ring) - 1
	c.ring[entry.slot], c.ring[last].slot = c.ring[last], entry.slot
	c.ring[last] = nil
	c.ring = c.ring[:last]
	if c.hand >= last {
		c.hand = 0
	}
}

// unlist takes an agent out of the index and from among its ancestors' kin. Owned by mu.
func (c *cache) unlist(entry *cached) {
	c.byID.remove(entry.id)
	for _, id := range entry.rec.Ancestors() {
		if delete(c.kin[id], entry.id); len(c.kin[id]) == 0 {
			delete(c.kin, id)
		}
	}
}
