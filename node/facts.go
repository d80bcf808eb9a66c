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

// Seen is a fact that is new to a node.
type Seen struct {
	Fact records.Fact
	Via  string  // local, gossip, sync, dht or import
	From peer.ID // who handed it over, by gossip or sync; else empty
}

// ingest is ingestFrom for what nobody handed over, or where it does not matter who did.
func (n *Node) ingest(f records.Fact, source string) (bool, error) {
	return n.ingestFrom(f, source, "")
}

// ingestFrom is the one way into the fact set: memory first, so that every answer
// changes at once, then the disk behind it. new is false where what was held says as much.
// What follows from the fact and another one together, the proof that the two contradict
// each other, nobody else need have found: it is spread from here.
func (n *Node) ingestFrom(f records.Fact, source string, from peer.ID) (bool, error) {
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
		return n.beyond(f, source, from), nil
	}
	var err error
	now := f
	isNew, kin := n.cache.bury(f.ID(), func() (isNew bool) {
		isNew, now, err = n.store.AddFact(f, source, n.clock.Now())
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
	n.cfg.Seen(Seen{Fact: f, Via: source, From: from})
	if own := n.leases.touched(f.ID()); len(own) > 0 {
		n.background(func(ctx context.Context) { n.endLeases(ctx, own) })
	}
	n.count.add("facts_"+source+"_total", 1)
	n.took(now, f, kin)
	if n.facts.Size() > n.extent.room {
		n.extent.look()
	}
	return true, nil
}

// took tells of what is known now that a fact has come: those who watch its subject or an
// agent that was in the cache and descends from it, and the network of what it does not tell
// by itself.
func (n *Node) took(now, f records.Fact, kin []records.AgentID) {
	n.watchers.notify(f.ID())
	for _, id := range kin {
		n.watchers.notify(id)
	}
	n.dht.Tell(now)
	if now != f {
		n.count.add("conflicts_found_total", 1)
		n.log.Warn("the keys of an agent contradict themselves: nobody follows it any more, and its owner can only revoke it", "agent", f.ID())
		n.topic.Offer(now, putPatience)
	}
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

// fact returns what is known of a subject, or nil. Whatever takes, serves, answers or
// puts a record asks it.
func (n *Node) fact(id records.AgentID) records.Fact {
	if weak.Off(weak.TombCheck) {
		return nil
	}
	return n.lookupFact(id)
}

func (n *Node) lookupFact(id records.AgentID) records.Fact {
	held, pooled := n.facts.Lookup(id), n.strangers.get(id)
	if pooled == nil {
		return held
	}
	return records.Join(held, pooled)
}

// final returns the tombstone of a subject, or the proof that its keys contradict
// themselves, or nil.
func (n *Node) final(id records.AgentID) records.Fact {
	if f := n.fact(id); records.Ended(f, records.MaxRotations) != nil {
		return f
	}
	return nil
}

// standing reports why a record is not to be followed, given what is known of its agent and
// its ancestors: a *records.StandingError.
func (n *Node) standing(rec *records.Record) error {
	return rec.Standing(func(id records.AgentID) records.Fact {
		if id != rec.ID() && weak.Off(weak.Lineage) {
			return nil
		}
		return n.fact(id)
	})
}

// learnProof learns what a record's proof tells of the rotations of its agent and its
// ancestors.
func (n *Node) learnProof(ctx context.Context, rec *records.Record) error {
	for _, c := range rec.Rotated() {
		if weak.Off(weak.ProofFacts) {
			continue
		}
		if err := n.learn(ctx, c, answerPatience); err != nil {
			return err
		}
	}
	return nil
}

// ingestGossip is ingest for the fact topic and reconciliation.
func (n *Node) ingestGossip(f records.Fact, from peer.ID, via gossip.Via) (bool, error) {
	return n.ingestFrom(f, string(via), from)
}

// How long a fact may take to come along by gossip before it is spread from here.
// What an answer brings is old, or on its way here as well; what is put here may be
// known to nobody else.
const (
	answerPatience = 500 * time.Millisecond
	putPatience    = 0
)

// learn takes a fact that a peer's answer or put brought: it is spread on, where
// nobody else does so within patience, and durable when learn returns.
func (n *Node) learn(ctx context.Context, f records.Fact, patience time.Duration) error {
	fresh, err := n.ingest(f, sourceDHT)
	if err != nil {
		return err
	}
	if fresh {
		n.topic.Offer(f, patience)
	}
	return n.store.SyncFacts(ctx)
}

// endLeases stops renewing those of some agents whose records are not to be followed any more;
// who can sign anew does so at once.
func (n *Node) endLeases(ctx context.Context, ids []records.AgentID) {
	for _, id := range ids {
		lease, ok := n.leases.get(id)
		if !ok || n.standing(lease.Record) == nil {
			continue
		}
		if n.rises(lease) {
			n.leases.postpone(id, n.clock.Now())
			n.leases.rouse()
			continue
		}
		if err := n.leases.drop(ctx, id); err != nil {
			n.log.Warn("lease of an agent that has ended not dropped", "agent", id, "err", err)
		}
	}
}
