package node

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// custodyLeast is how long after a record was last put here it is put again to where
	// it belongs by then, at the earliest; custodySpread later at the latest. Who renews an
	// hour's lease comes first.
	custodyLeast  = 45 * time.Minute
	custodySpread = 30 * time.Minute
	// custodyRound is how often all records held are looked through.
	custodyRound = 10 * time.Minute
	// custodyEnd: a lease that ends so soon is not worth it.
	custodyEnd = 5 * time.Minute
	// custodyPause is between two.
	custodyPause = 200 * time.Millisecond
	// maxPlaced bounds the records of which it is known that somebody put them again, some
	// 70 bytes each. Of those beyond, one comes again sooner than it would have to.
	maxPlaced = 1 << 16
)

// custody is what holders do for records whose publishers do not renew them, since they
// are gone, or since the lease is long: each puts them again to the holders of now. Of all
// holders one comes first, at a time drawn at random, and the others hear of it by its put.
type custody struct {
	secret uint64

	mu     sync.Mutex
	placed map[records.AgentID]time.Time // records that came again as they were; owned by mu
}

func newCustody() *custody {
	return &custody{secret: rand.Uint64(), placed: make(map[records.AgentID]time.Time)}
}

// again notes that somebody put a record that is held.
func (c *custody) again(id records.AgentID, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.placed[id]; !known && len(c.placed) >= maxPlaced {
		for other := range c.placed { // some other one
			delete(c.placed, other)
			break
		}
	}
	c.placed[id] = now
}

// due is when a record is to be put again that was stored at seen.
func (c *custody) due(id records.AgentID, seen time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.placed[id]; at.After(seen) {
		seen = at
	}
	digest := id.Digest()
	x := (binary.BigEndian.Uint64(digest[:]) ^ c.secret ^ uint64(seen.Unix())) * 0x9e3779b97f4a7c15
	return seen.Add(custodyLeast + time.Duration(x>>1)%custodySpread)
}

// forget drops what says nothing any more.
func (c *custody) forget(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, at := range c.placed {
		if now.Sub(at) > custodyLeast+custodySpread+custodyRound {
			delete(c.placed, id)
		}
	}
}

// charge is a record that is due.
type charge struct {
	id   records.AgentID
	seen time.Time
	due  time.Time
}

// keepCustody puts records again that nobody renews.
func (n *Node) keepCustody(ctx context.Context) {
	for round := time.After(firstSweep); ; { // the start is over first
		select {
		case <-round:
		case <-ctx.Done():
			return
		}
		round = time.After(custodyRound)
		for _, c := range n.charges() {
			n.fulfil(ctx, c)
		}
		n.custody.forget(n.clock.Now())
	}
}

// charges are the records that fall due within a round, the first first.
func (n *Node) charges() (all []charge) {
	now := n.clock.Now()
	for h, err := range n.store.Held() {
		if err != nil {
			n.log.Warn("records held not read", "err", err)
			break
		}
		due := n.custody.due(h.ID, h.Seen)
		if due.Sub(now) < custodyRound && h.NotAfter.Sub(due) > custodyEnd && h.NotAfter.Sub(now) > custodyEnd && !n.leases.holds(h.ID) {
			all = append(all, charge{id: h.ID, seen: h.Seen, due: due})
		}
	}
	slices.SortFunc(all, func(a, b charge) int { return a.due.Compare(b.due) })
	return all
}

// fulfil puts one record again when it is due, unless that has become idle.
func (n *Node) fulfil(ctx context.Context, c charge) {
	select {
	case <-time.After(max(custodyPause, c.due.Sub(n.clock.Now()))):
	case <-ctx.Done():
		return
	}
	if weak.Off(weak.Handover) || n.custody.due(c.id, c.seen).After(c.due) || n.final(c.id) != nil {
		return
	}
	rec, err := n.store.Record(c.id)
	if err != nil || rec == nil || n.standing(rec) != nil || holds(rec, n.clock.Now()) != nil || rec.Issued().Add(custodyLeast).After(c.due) {
		return // or it was renewed
	}
	n.custody.again(c.id, n.clock.Now())
	ctx, cancel := context.WithTimeout(ctx, confirmLimit)
	defer cancel()
	receipt, err := n.dht.Publish(ctx, rec, nil)
	if receipt.Newer != nil && records.Compare(receipt.Newer, rec) > 0 {
		err = values{n}.Put(ctx, receipt.Newer)
	}
	if err != nil {
		n.count.add("handovers_failed_total", 1)
		return
	}
	n.count.add("handovers_total", 1)
}
