package node

import (
	"context"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
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
	mu    sync.Mutex
	until time.Time // nobody nearer to come than bound gets in before; owned by mu
	bound uint64    // owned by mu
}

// makeRoom makes room for a stranger's record that is near, and reports whether there may
// be some. What is watched here stays.
func (n *Node) makeRoom(ctx context.Context, id records.AgentID) bool {
	if weak.Off(weak.NearestKept) {
		return false
	}
	c := &n.crowding
	c.mu.Lock()
	defer c.mu.Unlock()
	now, far := n.clock.Now(), n.dht.Away(id)
	if now.Before(c.until) && far >= c.bound {
		return false
	}
	quota := n.cfg.Limits.RecordBytes()
	freed, err := n.store.MakeRoom(ctx, quota-quota/crowdedRoom, far, now, func(id records.AgentID) (uint64, bool) {
		return n.dht.Away(id), !n.watchers.watched(id) && !n.leases.holds(id)
	})
	if err != nil {
		n.log.Warn("no room made", "err", err)
	}
	n.count.add("records_displaced_bytes_total", uint64(freed))
	if freed == 0 {
		c.until, c.bound = now.Add(crowdedPause), far
	}
	return freed > 0
}
