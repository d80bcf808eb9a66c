package node

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// crowdedRoom is how much of the quota of strangers' records is made free at a time, as
	// a share of it.
	crowdedRoom = 16
	// crowdedPause is between two looks for who may leave, while nothing is found.
	crowdedPause = 10 * time.Second
)

// crowding is what a node does when strangers' records fill their quota: those farthest
// from it leave for nearer ones, since others hold them. It is safe for concurrent use.
type crowding struct {
	mu      sync.Mutex
	refused map[netip.Prefix]refusal // by where records come from; owned by mu
}

// refusal is that no room was found: until then nobody gets in who is not nearer.
type refusal struct {
	until time.Time
	bound uint64
}

// maxRefusals bounds them.
const maxRefusals = 1024

// makeRoom makes room for a stranger's record that is near, or comes from where few do, and
// reports whether there may be some. What is watched here stays.
func (n *Node) makeRoom(ctx context.Context, id records.AgentID, from netip.Prefix) bool {
	if weak.Off(weak.NearestKept) {
		return false
	}
	c := &n.crowding
	c.mu.Lock()
	defer c.mu.Unlock()
	now, far := n.clock.Now(), n.dht.Away(id)
	if r := c.refused[from]; now.Before(r.until) && far >= r.bound {
		return false
	}
	quota := n.cfg.Limits.RecordBytes()
	freed, err := n.store.MakeRoom(ctx, quota-quota/crowdedRoom, store.Newcomer{Far: far, From: from}, now, func(id records.AgentID) (uint64, bool) {
		return n.dht.Away(id), !n.watchers.watched(id) && !n.leases.holds(id)
	})
	if err != nil {
		n.log.Warn("no room made", "err", err)
	}
	n.count.add("records_displaced_bytes_total", uint64(freed))
	if freed == 0 {
		if c.refused == nil || len(c.refused) >= maxRefusals {
			c.refused = make(map[netip.Prefix]refusal)
		}
		c.refused[from] = refusal{now.Add(crowdedPause), far}
	}
	return freed > 0
}
