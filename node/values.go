package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// values is the node's part of the DHT's value store: what it serves is decided
// by the fact set first, the store second, and the lease last.
type values struct{ n *Node }

// Get returns the tombstone of a revoked agent or the proof that its keys contradict
// themselves, else the newest record held whose lease holds, else the agent's rotations, else
// nil. Whether the record's ancestors stand is for the reader to ask: the record names them.
func (v values) Get(_ context.Context, id records.AgentID) (records.Value, error) {
	if f := v.n.final(id); f != nil {
		return f, nil
	}
	known := v.n.fact(id)
	rec, err := v.n.store.Record(id)
	if err == nil && rec != nil && holds(rec, v.n.clock.Now()) == nil && records.Ended(known, rec.Rotation()) == nil {
		return rec, nil
	}
	if known != nil {
		return known, nil
	}
	return nil, err
}

// Put takes a verified value from a peer and is durable when it returns nil.
func (v values) Put(ctx context.Context, val records.Value) error {
	select {
	case <-v.n.joined: // the overlay serves before the rest of the node is there
	case <-ctx.Done():
		return fmt.Errorf("put: %w", context.Cause(ctx))
	case <-v.n.ctx.Done():
		return fmt.Errorf("put: the node is closing: %w", context.Cause(v.n.ctx))
	}
	switch val := val.(type) {
	case records.Fact:
		if !placed(val) {
			return fmt.Errorf("put: %w: a tombstone of what is no agent has no place in the DHT", records.ErrUnsupported)
		}
		if v.n.cutOff().Past(val) {
			return fmt.Errorf("put: %w", errPast(val))
		}
		return v.n.learn(ctx, val, putPatience)
	case *records.Record:
		return v.n.hold(ctx, val, false)
	}
	return fmt.Errorf("put: %w: %T", records.ErrUnsupported, val)
}

// placed reports whether a fact is kept at its subject's key in the DHT: one about an agent is.
// That of a grant or a claim is told and reconciled alone.
func placed(f records.Fact) bool {
	t, dead := f.(*records.Tombstone)
	return !dead || t.Kind() == records.KindAgent
}

// hold stores a record with its mark, unless a fact ends it, the record is
// outranked, or its lease does not hold now.
func (n *Node) hold(ctx context.Context, rec *records.Record, own bool) error {
	now := n.clock.Now()
	if err := holds(rec, now); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	if err := n.learnProof(ctx, rec); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	if fate := n.standing(rec); fate != nil {
		if n.tells(rec) {
			fate = errors.Join(fate, n.store.PutRecord(ctx, rec, false, now))
		}
		return fmt.Errorf("put: %w", fate)
	}
	mark, err := n.mark(rec.ID())
	switch rank := mark.Compare(rec.Mark()); {
	case err != nil:
	case rank == 0 && !own:
		n.custody.again(rec.ID(), now)
	case rank > 0: // seen by a lookup; the store looks at its own
		return fmt.Errorf("put: %w: sequence %d, and %d was seen", records.ErrStale, rec.Sequence(), mark.Sequence)
	}
	put := func() error { return n.store.PutRecord(ctx, rec, own, now) }
	from := overlay.Source(ctx)
	if !own {
		put = func() error { return n.store.PutRecordFrom(ctx, rec, now, from) }
	}
	err = put()
	if errors.Is(err, store.ErrQuota) && n.makeRoom(ctx, rec.ID(), from) {
		err = put()
	}
	if err != nil {
		switch {
		case errors.Is(err, store.ErrFull):
			n.count.add("records_refused_full_total", 1)
		case ctx.Err() != nil: // it may be stored all the same, and outrank what is remembered
			n.cache.offer(rec, sourceFound, now, 0)
		}
		return err
	}
	if fate := n.standing(rec); fate != nil { // meanwhile
		if !n.tells(rec) {
			fate = errors.Join(fate, n.store.DropRecord(rec.ID()))
		}
		return fmt.Errorf("put: %w", fate)
	}
	n.cache.offer(rec, sourceHeld, now, 0)
	n.watchers.notify(rec.ID())
	n.dht.Tell(rec) // the overlay tells of what others put; this is also what was found, or put again
	return nil
}

// tells reports whether a record that has fallen is kept all the same: its own agent stands,
// and not an ancestor. Who asks for the agent is to be told so, whichever came first.
func (n *Node) tells(rec *records.Record) bool {
	return records.Ended(n.fact(rec.ID()), rec.Rotation()) == nil
}
