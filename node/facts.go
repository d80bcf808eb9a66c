package node

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// The routes by which a fact can arrive; gossip.Via names the others.
const (
	sourceLocal = "local"
	sourceDHT   = "dht"
)

// ingest is the one way into the fact set: memory first, so that every answer
// changes at once, then the disk behind it. new is false where the fact was held.
func (n *Node) ingest(f records.Fact, source string) (bool, error) {
	// What only the strangers' pool has is not on disk: who says it here wants it to be.
	if n.facts.Has(f) || source != sourceLocal && n.held(f) || weak.Off(weak.StickyTombstone) && !n.known(f.ID()) {
		return false, nil
	}
	if n.cutOff().Past(f) {
		n.count.add("facts_past_"+source+"_total", 1)
		if source == sourceLocal {
			return false, errPast(f)
		}
		return false, nil
	}
	if source != sourceLocal && !n.inside(f.ID()) && !n.concerns(f.ID()) {
		return n.beyond(f, source), nil
	}
	var err error
	isNew := n.cache.bury(f.ID(), func() (isNew bool) {
		isNew, err = n.store.AddFact(f, source, n.clock.Now())
		return isNew
	})
	if err != nil {
		n.count.add("facts_refused_total", 1)
		return false, err
	}
	if !isNew {
		return false, nil
	}
	n.arrivals.note(f.ID(), source)
	if n.leases.holds(f.ID()) {
		n.background(func(ctx context.Context) { n.endLease(ctx, f.ID()) })
	}
	n.count.add("facts_"+source+"_total", 1)
	n.watchers.notify(f.ID())
	n.dht.Tell(f)
	if n.facts.Size() > n.extent.room {
		n.extent.look()
	}
	return true, nil
}

// lostFact is called when a fact on the disk turns out to be damaged: its subject could be
// anybody, so that nothing is complete until peers have agreed again. What is lost while
// the node starts is missing in what its first rounds are about.
func (n *Node) lostFact() {
	select {
	case <-n.joined:
	default:
		return
	}
	n.count.add("facts_lost_total", 1)
	n.ready.lost()
	n.background(func(context.Context) { n.topic.SyncSoon("a fact was lost") })
}

// dead returns the tombstone of an agent, or nil. Whatever takes, serves, answers or
// puts a record asks it.
func (n *Node) dead(id records.AgentID) records.Fact {
	if weak.Off(weak.TombCheck) {
		return nil
	}
	if f := n.facts.Lookup(id); f != nil {
		return f
	}
	return n.strangers.get(id)
}

// ingestGossip is ingest for the fact topic and reconciliation.
func (n *Node) ingestGossip(f records.Fact, _ peer.ID, via gossip.Via) (bool, error) {
	return n.ingest(f, string(via))
}

// How long a tombstone may take to come along by gossip before it is spread from here.
// What an answer brings is old, or on its way here as well; what is put here may be
// known to nobody else.
const (
	answerPatience = 500 * time.Millisecond
	putPatience    = 0
)

// learn takes a tombstone that a peer's answer or put brought: it is spread on, where
// nobody else does so within patience, and durable when learn returns.
func (n *Node) learn(ctx context.Context, t *records.Tombstone, patience time.Duration) error {
	fresh, err := n.ingest(t, sourceDHT)
	if err != nil {
		return err
	}
	if fresh {
		n.topic.Offer(t, patience)
	}
	return n.store.SyncFacts(ctx)
}

// endLease stops renewing a dead agent.
func (n *Node) endLease(ctx context.Context, id records.AgentID) {
	if err := n.leases.drop(ctx, id); err != nil {
		n.log.Warn("lease of a revoked agent not dropped", "agent", id, "err", err)
	}
}
