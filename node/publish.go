package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/node/traces"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// confirmLimit bounds how long a publish or revoke waits for the final receipt.
const confirmLimit = 5 * time.Second

// Receipt is the evidence of a write: who was asked, who acknowledged, who gave it
// back when asked again.
type Receipt = overlay.Receipt

// Publish stores a record that its agent signed, spreads it to the nodes closest
// to the agent's key, and reads it back. The record is durable here first. Too few
// acknowledgements or read-backs are an *overlay.PartialError, nobody reachable is
// overlay.ErrNoPeers, both with the receipt; a revoked agent is
// records.ErrRevoked, an outranked record records.ErrStale. The node does not renew
// a record whose key it does not hold.
func (n *Node) Publish(ctx context.Context, rec *records.Record) (receipt Receipt, err error) {
	ctx, call := n.traces.Begin(ctx, "cairn.publish")
	defer func() { endWrite(call, rec.ID(), receipt, err) }()
	if err := n.hold(ctx, rec, true); err != nil {
		return Receipt{}, fmt.Errorf("publish: %w", err)
	}
	return n.place(ctx, rec, nil)
}

// place puts a value that is safe here to the closest nodes: those of a region, where one
// is given that covers it.
func (n *Node) place(ctx context.Context, v records.Value, in *overlay.Tract) (receipt Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, confirmLimit)
	defer cancel()
	call, begin := n.traces.Within(ctx, "cairn.put"), time.Now()
	if in != nil {
		receipt, err = n.dht.Renew(ctx, in, v)
	} else {
		receipt, err = n.dht.Publish(ctx, v, nil)
	}
	endEvidence(call, begin, receipt, err)
	n.noteReceipt(receipt, err)
	if lost := n.outranked(ctx, v, receipt); lost != nil {
		return receipt, fmt.Errorf("publish: %w", lost)
	}
	if err != nil {
		n.count.add("publishes_partial_total", 1)
		return receipt, err // it says "publish" itself
	}
	n.count.add("publishes_confirmed_total", 1)
	return receipt, nil
}

// noteReceipt counts what came of putting a value.
func (n *Node) noteReceipt(r Receipt, err error) {
	n.count.add("publish_targets_total", uint64(r.Targets))
	n.count.add("publish_acks_total", uint64(r.Acks))
	n.count.add("publish_read_backs_total", uint64(r.ReadBack))
	n.metrics.Published(err == nil, r.Elapsed)
}

// outranked learns what a publish met that wins against v, and says why v lost.
func (n *Node) outranked(ctx context.Context, v records.Value, receipt Receipt) error {
	if receipt.Newer == nil || records.Compare(receipt.Newer, v) <= 0 {
		return nil
	}
	switch newer := receipt.Newer.(type) {
	case records.Fact:
		err := n.learn(ctx, newer, answerPatience)
		if rec, ok := v.(*records.Record); ok {
			err = errors.Join(records.Ended(newer, rec.Rotation()), err)
		}
		return err
	case *records.Record:
		if err := n.hold(ctx, newer, true); err != nil {
			n.log.Warn("newer record of an own agent not stored", "agent", newer.ID(), "err", err)
		}
		return fmt.Errorf("%w: sequence %d is out there", records.ErrStale, newer.Sequence())
	}
	return nil
}

// Announcement is what PublishAgent did.
type Announcement struct {
	Record  *records.Record // nil where nothing was signed
	Receipt Receipt
}

// PublishAgent signs a location as the agent of that name in the data directory,
// publishes it, and keeps its lease alive until Withdraw or Revoke, also across
// restarts. A zero lease means DefaultLease. What was partial is kept and goes out
// again when peers come; the announcement then comes with the error of Publish.
func (n *Node) PublishAgent(ctx context.Context, name string, loc records.Location, lease time.Duration) (done Announcement, err error) {
	ctx, call := n.traces.Begin(ctx, "cairn.publish")
	defer func() { endAnnouncement(call, done, err) }()
	if lease == 0 {
		lease = DefaultLease
	}
	if lease < minLease || lease > records.MaxLease {
		return Announcement{}, fmt.Errorf("publish: lease %s: want %s to %s: %w", lease, minLease, records.MaxLease, ErrUsage)
	}
	if n.keys == nil {
		return Announcement{}, fmt.Errorf("publish: without a data directory there are no agents: %w", ErrUsage)
	}
	agent, err := n.keys.Get(name)
	if err != nil {
		return Announcement{}, fmt.Errorf("publish: %w", err)
	}
	unlock := n.leases.lock(agent.Identity.ID())
	defer unlock()
	if err := n.catchUp(ctx, agent); err != nil {
		return Announcement{}, fmt.Errorf("publish: %w", err)
	}
	rec, err := n.sign(ctx, agent, loc, lease)
	if err != nil {
		return Announcement{}, fmt.Errorf("publish: %w", err)
	}
	return n.announce(ctx, name, rec, lease, nil)
}

// catchUp learns the newest sequence of an agent that this node has no mark of,
// since it may have been published elsewhere.
func (n *Node) catchUp(ctx context.Context, agent keyring.Agent) error {
	id := agent.Identity.ID()
	mark, err := n.store.Mark(id)
	if err != nil || !mark.IsZero() || n.dht.TableSize() == 0 || n.clock.Now().Sub(agent.Created) < time.Minute {
		return err
	}
	res, err := n.Resolve(ctx, id, Policy{Mode: PolicyMostRecent})
	if err != nil || res.Record == nil {
		return nil // nobody knows it; a put that is refused as stale will tell
	}
	return n.hold(ctx, res.Record, true)
}

// sign makes the agent's next record.
func (n *Node) sign(ctx context.Context, agent keyring.Agent, loc records.Location, lease time.Duration) (*records.Record, error) {
	id := agent.Identity.ID()
	if err := agent.Proof.Standing(n.fact); err != nil {
		return nil, fmt.Errorf("agent %s: %w", agent.Name, err)
	}
	signer, err := n.keys.Signer(agent.Name)
	if err != nil {
		return nil, err
	}
	seq, err := n.store.NextSequence(ctx, id)
	if err != nil {
		return nil, err
	}
	now := n.clock.Now()
	end := now.Add(lease)
	if agent.Identity.End().Before(end) {
		end = agent.Identity.End()
	}
	return agent.Proof.Sign(signer, records.Draft{Location: n.hereNow(loc), Sequence: seq, Issued: now, NotAfter: end})
}

// announce makes the record and its lease durable, then publishes.
func (n *Node) announce(ctx context.Context, name string, rec *records.Record, lease time.Duration, in *overlay.Tract) (Announcement, error) {
	if err := n.hold(ctx, rec, true); err != nil {
		return Announcement{Record: rec}, fmt.Errorf("publish: %w", err)
	}
	kept := store.Lease{ID: rec.ID(), Name: name, Record: rec, Sequence: rec.Sequence(), Lease: lease, Pending: true}
	if err := n.leases.put(ctx, kept); err != nil {
		return Announcement{Record: rec}, fmt.Errorf("publish: %w", err)
	}
	receipt, err := n.place(ctx, rec, in)
	kept.Pending = err != nil
	if putErr := n.leases.put(ctx, kept); putErr != nil {
		err = errors.Join(err, putErr)
	}
	return Announcement{Record: rec, Receipt: receipt}, err
}

// Withdraw stops renewing the agent's lease and returns when it ends. It does not
// revoke: the agent may publish again.
func (n *Node) Withdraw(ctx context.Context, id records.AgentID) (time.Time, error) {
	lease, ok := n.leases.get(id)
	if !ok {
		return time.Time{}, fmt.Errorf("withdraw: no lease of %s is kept alive here: %w", id, ErrNotFound)
	}
	unlock := n.leases.lock(id)
	defer unlock()
	if err := n.leases.drop(ctx, id); err != nil {
		return time.Time{}, fmt.Errorf("withdraw: %w", err)
	}
	return lease.Record.NotAfter(), nil
}

// RevokeReceipt is the evidence of a revocation.
type RevokeReceipt struct {
	Receipt
	GossipPeers int // topic peers the tombstone was handed to
}

// Revoke makes the tombstone durable here and hands it to the fact topic, which
// carries it to every node. Then it asks a few of the nodes closest to the subject's
// key whether they have it; where one does not, it puts it to all of them. Nothing
// undoes it. Errors are those of Publish; the tombstone stands here and spreads in any
// case.
func (n *Node) Revoke(ctx context.Context, t *records.Tombstone) (receipt RevokeReceipt, err error) {
	ctx, call := n.traces.Begin(ctx, "cairn.revoke")
	defer func() {
		endWrite(call, t.ID(), receipt.Receipt, err, traces.Attribute{Key: "cairn.gossip_peers", Value: receipt.GossipPeers})
	}()
	defer func(start time.Time) { n.metrics.Revoked(err == nil, time.Since(start)) }(time.Now())
	return n.assert(ctx, t)
}

// Rotate makes the rotations of an agent durable here and spreads them, as Revoke does with a
// tombstone. From then on no record of the keys before is followed; those kept alive here
// whose keys are here too sign anew. The agent is records.ErrRevoked or records.ErrConflict
// where that is so, or the chain makes it so.
func (n *Node) Rotate(ctx context.Context, c *records.Chain) (RevokeReceipt, error) {
	receipt, err := n.assert(ctx, c)
	if fate := records.Ended(n.fact(c.ID()), c.Number()); fate != nil {
		return receipt, fmt.Errorf("rotate: %w", fate)
	}
	return receipt, err
}

// assert makes a fact durable here, spreads it, and looks whether it arrives.
func (n *Node) assert(ctx context.Context, t records.Fact) (RevokeReceipt, error) {
	if _, err := n.ingest(t, sourceLocal); err != nil {
		return RevokeReceipt{}, err
	}
	if err := n.store.SyncFacts(ctx); err != nil {
		return RevokeReceipt{}, err
	}
	peers, err := n.topic.Publish(ctx, t)
	if err != nil {
		n.log.Warn("fact not handed to the topic", "agent", t.ID(), "err", err)
	}
	if peers > 0 || !placed(t) { // who has it already is handed it by nobody
		if receipt, err := n.witness(ctx, t); err == nil {
			return RevokeReceipt{Receipt: receipt, GossipPeers: peers}, nil
		}
	}
	receipt, err := n.place(ctx, t, nil)
	if err != nil {
		n.insist(t)
	}
	return RevokeReceipt{Receipt: receipt, GossipPeers: peers}, err
}

// witness sees that a fact arrives where it was not sent to. A put to each holder
// would take a handshake with most of them: of all that a revocation sends, it was
// nine parts in ten.
func (n *Node) witness(ctx context.Context, t records.Fact) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, confirmLimit)
	defer cancel()
	told := make(map[peer.ID]bool)
	for _, p := range n.topic.Relays() {
		told[p] = true
	}
	call, begin := n.traces.Within(ctx, "cairn.witness"), time.Now()
	receipt, err := n.dht.Witness(ctx, t, func(p peer.ID) bool { return told[p] })
	endEvidence(call, begin, receipt, err)
	if err != nil {
		n.count.add("revokes_unwitnessed_total", 1)
		return receipt, err
	}
	n.count.add("revokes_witnessed_total", 1)
	for _, w := range receipt.Peers {
		if w.ReadBack { // it had it when it answered: half a round trip before the answer was here
			n.metrics.Witnessed(max(0, w.AckedAt-w.RTT/2))
		}
	}
	return receipt, nil
}
