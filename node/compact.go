package node

import (
	"container/heap"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

// Facts are kept for 30 days after their subject's end, in whole days: docs/spec/003,
// section 1. The day before which subjects have ended whose facts are past is the node's
// cut-off. It grows only, and only while the node knows from others that its clock is
// right; an earlier run's holds from the start.

const (
	// firstCompaction is when a node first looks whether there is a later cut-off, and
	// compactionRound the mean time between two looks: each is between a half and one and a
	// half of it, so that not all nodes of a network drop facts at midnight.
	firstCompaction = 10 * time.Minute
	compactionRound = 4 * time.Hour
	// clocksAnswer is how long peers' clocks are waited for when none is known.
	clocksAnswer = time.Minute
)

// cutOff is what the node neither keeps nor takes facts past; 0: there is none.
func (n *Node) cutOff() records.Day { return records.Day(n.cut.Load()) }

// appendCutOff is the cut-off as it is stored: its day, and whether all that is past it has
// been dropped (1) or not (0).
func appendCutOff(cut records.Day, dropped byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(cut)), dropped)
}

// loadCutOff reads the cut-off of an earlier run. The clock does not run below it.
func (n *Node) loadCutOff() (reached time.Time, err error) {
	b, err := n.store.Meta(metaCutOff)
	if err != nil || len(b) == 0 {
		return time.Time{}, err
	}
	if len(b) != 5 {
		return time.Time{}, fmt.Errorf("stored cut-off of %d bytes", len(b))
	}
	cut := records.Day(binary.BigEndian.Uint32(b))
	n.cut.Store(uint32(cut))
	n.cutShort = b[4] == 0
	return cut.Reached(), nil
}

// compact moves the cut-off once a day, and drops what is past it.
func (n *Node) compact(ctx context.Context) {
	if n.cutShort {
		n.compacted(n.dropPast(ctx))
	}
	for pause := firstCompaction; ; pause = compactionRound/2 + rand.N(compactionRound) {
		if !sleep(ctx, pause) {
			return
		}
		cut, unsure := n.laterCutOff()
		if unsure {
			n.topic.SyncSoon("to know the time")
			if !sleep(ctx, clocksAnswer) {
				return
			}
			cut, unsure = n.laterCutOff()
		}
		switch {
		case unsure:
			n.count.add("compactions_unsure_total", 1)
		case cut > 0:
			n.compacted(n.cutAt(ctx, cut))
		}
	}
}

// laterCutOff returns the cut-off of today where it is later than the node's own, else 0.
// unsure: it would be, if the clock were known to be right.
func (n *Node) laterCutOff() (cut records.Day, unsure bool) {
	if cut = records.CutOffAt(n.clock.Now()); cut <= n.cutOff() {
		return 0, false
	}
	if ahead, clocks := n.offset(); clocks == 0 || ahead.Abs() >= offsetLimit {
		return 0, true
	}
	return cut, false
}

// compacted notes what came of a compaction.
func (n *Node) compacted(dropped int, err error) {
	n.count.add("facts_dropped_past_total", uint64(dropped))
	switch {
	case err != nil && n.ctx.Err() == nil:
		n.log.Warn("not all facts that are past were dropped", "cut-off", n.cutOff(), "dropped", dropped, "err", err)
	case dropped > 0:
		n.log.Info("facts were dropped whose subjects ended 30 days ago", "before", n.cutOff(), "dropped", dropped, "left", n.facts.Len())
	}
}

// cutAt makes a day the cut-off, and drops what is past it.
func (n *Node) cutAt(ctx context.Context, cut records.Day) (dropped int, err error) {
	n.topic.Prepare(cut)
	// The disk first: what is dropped must not be taken again by a later run.
	if err := n.store.SetMeta(ctx, metaCutOff, appendCutOff(cut, 0)); err != nil {
		return 0, fmt.Errorf("the cut-off cannot be stored: %w", err)
	}
	n.cut.Store(uint32(cut))
	return n.dropPast(ctx)
}

// dropPast drops what is past the cut-off, here and on the disk. What was taken in while
// the cut-off moved goes the next time.
func (n *Node) dropPast(ctx context.Context) (dropped int, err error) {
	cut := n.cutOff()
	n.strangers.drop(cut.Past)
	if err := n.store.SyncFacts(ctx); err != nil {
		return 0, err
	}
	dropped, err = n.store.RetainFacts(ctx, func(f store.StampedFact) bool { return !cut.Past(f.Fact) })
	if err == nil && dropped == 0 {
		err = n.store.SaveFacts() // what is beside them is about another cut-off
	}
	if err != nil {
		return dropped, err
	}
	return dropped, n.store.SetMeta(ctx, metaCutOff, appendCutOff(cut, 1))
}

// longLedger is how many facts one start may go through anew that another one need not.
const longLedger = 1 << 15

// saveLedger goes through all facts for reconciliation, where no earlier run has, so that no
// session has to, and no later run.
func (n *Node) saveLedger(context.Context) {
	if n.topic.Prepare(n.cutOff()) < longLedger {
		return
	}
	if err := n.store.SaveFacts(); err != nil {
		n.log.Warn("the next start goes through all facts again", "err", err)
	}
}

// drop drops those that are past.
func (s *strangers) drop(past func(records.Fact) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.order[:0]
	for _, one := range s.order {
		if !past(one.fact) {
			kept = append(kept, one)
			continue
		}
		delete(s.byID, one.id)
		s.bytes -= one.fact.Size()
	}
	clear(s.order[len(kept):])
	s.order = kept
	heap.Init(&s.order)
}

// errPast says that nothing hangs on a fact any more.
func errPast(f records.Fact) error {
	return fmt.Errorf("%w: its subject ended on %s, and nothing of it is valid any more", records.ErrExpired, f.End().Format(time.DateOnly))
}

// sleep waits, and reports whether it may go on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
