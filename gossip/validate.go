package gossip

import (
	"context"
	"crypto/sha256"
	"errors"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// messageID is the SHA-256 over all bytes of a message that its sender chooses:
// the data, and whatever unknown fields ride along. A hash over less, such as the
// subject alone, would let a forgery that comes first block the genuine message,
// since the router marks an ID as seen before the verdict.
func messageID(m *pb.Message) string {
	if weak.Off(weak.FullHashID) {
		return string(m.GetData()[:len(m.GetData())/2]) // kind, end and body of a tombstone, not its locks
	}
	unknown := m.ProtoReflect().GetUnknown()
	if len(unknown) == 0 {
		sum := sha256.Sum256(m.GetData())
		return string(sum[:])
	}
	sum := sha256.Sum256(append(append([]byte(nil), m.GetData()...), unknown...))
	return string(sum[:])
}

// validate is the topic's validator. It runs inline, in the router's validation
// workers, and does all the work there is for a message: what it accepts is in the
// fact set before the router forwards it. It rejects only what the sender answers
// for, since senders are punished for that. Whatever may be right, but cannot be
// taken now, is ignored and fetched by reconciliation: the router would not show
// the same message again for two minutes.
func (t *Topic) validate(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	if h, ours := m.ValidatorData.(*handover); ours {
		h.fresh.Store(true)
		return pubsub.ValidationAccept
	}
	if !t.enter() {
		return pubsub.ValidationIgnore
	}
	defer t.leave()
	t.counters.received.Add(1)
	f, verdict := t.open(m)
	if f == nil {
		return verdict
	}
	if t.cfg.Held(f) {
		t.counters.duplicate.Add(1)
		return pubsub.ValidationIgnore
	}
	if !t.pass(f, from) {
		if weak.Off(weak.OwnFault) {
			return pubsub.ValidationReject
		}
		return pubsub.ValidationIgnore
	}
	return t.ingest(f, from)
}

// open verifies a message, or returns the verdict on it.
func (t *Topic) open(m *pubsub.Message) (records.Fact, pubsub.ValidationResult) {
	switch {
	case len(m.GetData()) > maxFactSize:
		t.counters.rejectedSize.Add(1)
		return nil, pubsub.ValidationReject
	case len(m.Message.ProtoReflect().GetUnknown()) > 0:
		t.counters.rejectedOther.Add(1)
		return nil, pubsub.ValidationReject
	}
	f, err := openFact(m.GetData(), t.cfg.Lookup)
	switch {
	case err == nil && f == nil:
		t.counters.duplicate.Add(1)
		return nil, pubsub.ValidationIgnore
	case errors.Is(err, records.ErrUnsupported):
		t.counters.ignoredUnknown.Add(1)
		return nil, pubsub.ValidationIgnore
	case err != nil:
		t.counters.rejectedMalformed.Add(1)
		return nil, pubsub.ValidationReject
	case t.past(f):
		return nil, pubsub.ValidationIgnore
	}
	return f, pubsub.ValidationAccept
}

// past reports whether a fact is past our cut-off, and counts it: the sender's may be an
// earlier one.
func (t *Topic) past(f records.Fact) bool {
	if !t.cfg.CutOff().Past(f) {
		return false
	}
	t.counters.ignoredPast.Add(1)
	return true
}

// pass reports whether a new fact may pass. One that may not is counted, and fetched by
// a reconciliation.
func (t *Topic) pass(f records.Fact, from peer.ID) bool {
	if t.lanes.pass(f.ID(), f.Size(), func() source { return sourceOf(t.cfg.Host, from) }) {
		return true
	}
	t.counters.droppedLane.Add(1)
	t.sched.drop(from, "drop: strangers' lane is full")
	return false
}

// ingest hands a new fact to the node.
func (t *Topic) ingest(f records.Fact, from peer.ID) pubsub.ValidationResult {
	isNew, err := t.cfg.Ingest(f, from, ViaGossip)
	switch {
	case err != nil:
		t.counters.ingestErrors.Add(1)
		if weak.Off(weak.OwnFault) {
			return pubsub.ValidationReject
		}
		t.cfg.Logger.Error("a fact was not taken", "subject", f.ID(), "err", err)
		t.sched.drop(from, "drop: ingest failed")
		return pubsub.ValidationIgnore
	case isNew:
		t.counters.fresh.Add(1)
		t.sched.learned()
		t.trees.originate(f.Bytes())
	default:
		t.counters.duplicate.Add(1)
	}
	return pubsub.ValidationAccept
}

// ingestSync hands a fact that reconciliation brought to the node.
func (t *Topic) ingestSync(f records.Fact, from peer.ID) (isNew bool, err error) {
	isNew, err = t.cfg.Ingest(f, from, ViaSync)
	if isNew {
		t.trees.missed(f.Bytes())
	}
	return isNew, err
}
