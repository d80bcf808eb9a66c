package gossip

import (
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// tracer sees what the router does, and what it drops without an error. It is
// called in the router's loop and in its workers: it counts and marks, no more.
// Every drop of a message makes a reconciliation due.
type tracer struct {
	t *Topic
	// scored are the peers that the router has a stream to; owned by its loop.
	scored map[peer.ID]bool
}

func newTracer(t *Topic) tracer { return tracer{t, make(map[peer.ID]bool)} }

var _ pubsub.RawTracer = tracer{}

// OnNewOutboundStream: from now on the router keeps a score of p, and tells it our topic.
func (r tracer) OnNewOutboundStream(p peer.ID, _ protocol.ID) { r.scored[p] = true }

// OnClosedOutboundStream: that is over.
func (r tracer) OnClosedOutboundStream(p peer.ID) { delete(r.scored, p) }

// inspect takes the messages out of what a peer sends of which the router keeps no score,
// before it marks them as seen. Such a peer has taken no stream of ours, so it cannot know
// our topic yet, unless it means to be judged by nobody.
func (r tracer) inspect(p peer.ID, rpc *pubsub.RPC) error {
	if len(rpc.GetPublish()) == 0 || r.scored[p] || weak.Off(weak.ScoredOnly) {
		return nil
	}
	r.t.counters.droppedUnscored.Add(uint64(len(rpc.Publish)))
	r.t.sched.drop(p, "drop: the router keeps no score of the sender")
	rpc.Publish = nil
	return nil
}

// DropRPC: a peer's outbound queue is full, or the peer has gone.
func (r tracer) DropRPC(rpc *pubsub.RPC, p peer.ID) {
	if n := len(rpc.GetPublish()); n > 0 {
		r.t.counters.droppedOutbound.Add(uint64(n))
		r.t.sched.drop(p, "drop: outbound queue is full")
	}
}

// RejectMessage: the validator's verdicts are counted by itself.
func (r tracer) RejectMessage(m *pubsub.Message, reason string) {
	switch reason {
	case pubsub.RejectValidationFailed, pubsub.RejectValidationIgnored:
	case pubsub.RejectValidationQueueFull, pubsub.RejectValidationThrottled:
		r.t.counters.droppedValidation.Add(1)
		r.t.sched.drop(m.ReceivedFrom, "drop: "+reason)
	default:
		r.t.counters.rejectedOther.Add(1)
	}
}

// UndeliverableMessage: our own subscription is full. The validator has seen the
// message, so nothing is lost, yet it should not happen.
func (r tracer) UndeliverableMessage(*pubsub.Message) {
	r.t.counters.droppedSubscription.Add(1)
	r.t.sched.wave("drop: subscription is full")
}

// ThrottlePeer: the router shut a peer's messages out.
func (r tracer) ThrottlePeer(p peer.ID) {
	r.t.counters.droppedThrottled.Add(1)
	r.t.sched.drop(p, "drop: throttled")
}

// DuplicateMessage: the router has seen it.
func (r tracer) DuplicateMessage(*pubsub.Message) { r.t.counters.duplicate.Add(1) }

// SendRPC: queued for a peer.
func (r tracer) SendRPC(rpc *pubsub.RPC, _ peer.ID) {
	r.t.counters.routed.Add(uint64(len(rpc.GetPublish())))
	r.t.handovers.sent(rpc.GetPublish())
}

// Graft: p is in our mesh.
func (r tracer) Graft(p peer.ID, _ string) { r.t.sched.grafted(p, true) }

// Prune: p is not in our mesh any more.
func (r tracer) Prune(p peer.ID, _ string) { r.t.sched.grafted(p, r.t.trees.linked(p)) }

// The rest is of no interest here.

func (tracer) Join(string)                                          {}
func (tracer) Leave(string)                                         {}
func (tracer) ValidateMessage(*pubsub.Message)                      {}
func (tracer) DeliverMessage(*pubsub.Message)                       {}
func (tracer) RecvRPC(*pubsub.RPC)                                  {}
func (tracer) SendRPCCompleted(*pubsub.RPC, peer.ID, time.Duration) {}
