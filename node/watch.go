package node

import (
	"context"
	"fmt"
	"iter"

	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

// Facts yields the facts that are durable here after a cursor, in order of
// arrival (0 is from the start). With follow it goes on with each new one until
// ctx ends. A reader may stop at any time and come back with the last cursor: it
// gets each fact once, and however slow it is, none is skipped. A cursor after the last one
// here is another node's, or of a data directory that is gone: an error of ErrUsage, as what
// comes next would be left out.
func (n *Node) Facts(ctx context.Context, after uint64, follow bool) iter.Seq2[store.StampedFact, error] {
	return func(yield func(store.StampedFact, error) bool) {
		if last := n.store.LastCursor(); after > last {
			yield(store.StampedFact{}, fmt.Errorf("cursor %d: the last one here is %d; it is another node's, or of a data directory that is gone: begin at 0: %w", after, last, ErrUsage))
			return
		}
		for {
			moved := n.store.FactsMoved()
			for f, err := range n.store.Facts(after) {
				if err == nil {
					err = ctx.Err()
				}
				if !yield(f, err) || err != nil {
					return
				}
				after = f.Cursor
			}
			if !follow {
				return
			}
			select {
			case <-moved:
			case <-ctx.Done():
				return
			case <-n.ctx.Done():
				return
			}
		}
	}
}

// Watch yields what is known of an agent now, and again whenever that changes here,
// until ctx ends or the agent is revoked. While it runs, holders of the agent's record
// push each newer one to this node: a move is here about a round trip after its publish.
// A reader that is slow gets what stands when it asks for more, not every step.
func (n *Node) Watch(ctx context.Context, id records.AgentID) iter.Seq2[Resolution, error] {
	return func(yield func(Resolution, error) bool) {
		news, first, stop := n.watchers.watch(id)
		defer stop()
		if first != nil {
			n.background(func(ctx context.Context) { n.beTold(ctx, id, first) })
		}
		policy, last := Policy{}, Resolution{}
		for {
			res, err := n.Resolve(ctx, id, policy)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				yield(res, err)
				return
			}
			if changed(last, res) && !yield(res, nil) || res.Status == records.StatusRevoked {
				return
			}
			last, policy = res, Policy{Mode: PolicyCacheOnly}
			select {
			case <-news:
			case <-ctx.Done():
				return
			case <-n.ctx.Done():
				return
			}
		}
	}
}

// beTold has holders push what is new of an agent until nobody here watches it.
func (n *Node) beTold(ctx context.Context, id records.AgentID, while context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(while, cancel)()
	_ = n.dht.Watch(ctx, id, func(v records.Value) { n.told(ctx, v) }) // it ends with ctx alone
}

// told takes what a holder pushed. The answer that follows from it is the cache's.
func (n *Node) told(ctx context.Context, v records.Value) {
	switch v := v.(type) {
	case records.Fact:
		if err := n.learn(ctx, v, answerPatience); err != nil {
			n.log.Warn("fact from a holder not stored", "agent", v.ID(), "err", err)
		}
	case *records.Record:
		now := n.clock.Now()
		if err := n.learnProof(ctx, v); err != nil {
			n.log.Warn("rotations from a holder not stored", "agent", v.ID(), "err", err)
		}
		if n.standing(v) != nil || holds(v, now) != nil {
			return
		}
		if mark, err := n.mark(v.ID()); err != nil || mark.Compare(v.Mark()) > 0 {
			return
		}
		n.count.add("watch_told_total", 1)
		n.cache.offer(v, sourceFound, now, 0)
		n.watchers.notify(v.ID())
	}
}

// changed reports whether b says something else than a about the agent.
func changed(a, b Resolution) bool {
	if a.Status != b.Status || (a.Record == nil) != (b.Record == nil) {
		return true
	}
	return a.Record != nil && a.Record.Mark() != b.Record.Mark()
}
