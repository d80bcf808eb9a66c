package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/records"
)

// write runs work as one write of the store. It returns when work has ended, ctx
// has, or the store has broken: a disk that hangs holds up nobody who brought a
// context. Work that was begun goes on, and Close waits for it.
func (s *Store) write(ctx context.Context, work func() error) error {
	if err := s.enter(); err != nil {
		return err
	}
	if err := s.takeSlot(ctx); err != nil {
		s.gate.leave()
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer s.gate.leave()
		defer func() { <-s.slots }()
		defer func() {
			if p := recover(); p != nil { // a bug of the engine: what it holds is unknown
				s.guard.freeze(fmt.Errorf("panic: %v", p))
			}
		}()
		done <- work()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("store: the write goes on and its outcome is unknown: %w", context.Cause(ctx))
	case <-s.broken:
		return s.brokenErr()
	}
}

// takeSlot waits for one of the places for running writes.
func (s *Store) takeSlot(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("store: nothing was written: %w", context.Cause(ctx))
	}
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("store: nothing was written: %w", context.Cause(ctx))
	case <-s.broken:
		return s.brokenErr()
	}
}

// ticket stands for a batch that was applied, and can be read, but need not be
// synced yet.
type ticket struct {
	s      *Store
	b      *pebble.Batch
	cursor uint64 // the highest cursor given out up to this batch
	batch  uint64 // the number of the batch
}

// apply gives one batch to the engine. Batches are applied one after the other, in
// the order of the log; fill, which runs in that order, adds the operations and
// changes the counters. A batch without operations is not applied.
func (s *Store) apply(fill func(b *pebble.Batch, t *tally) error) (ticket, error) {
	b := s.eng.NewBatch()
	s.seq.Lock()
	defer s.seq.Unlock()
	t := s.tally
	err := fill(b, &t)
	if err == nil && b.Count() > 0 {
		t.batch++
		err = b.Set([]byte{tableCounters}, t.encode(), nil)
	}
	if err != nil || b.Empty() {
		return ticket{}, errors.Join(err, b.Close())
	}
	s.pending.Add(1)
	if err := s.eng.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		s.pending.Add(-1)
		return ticket{}, fmt.Errorf("store: %w", err)
	}
	s.tally = t
	s.counts.Store(&t)
	return ticket{s, b, t.cursor, t.batch}, nil
}

// wait returns nil once the batch, and so every one before it, is synced. The log
// of a ticket that is waited for is synced together with its neighbours'.
func (t ticket) wait() error {
	if t.b == nil {
		return nil
	}
	err := t.b.SyncWait()
	if err != nil { // the guard does not let it come this far
		t.s.guard.freeze(err)
	}
	if broken := t.s.brokenErr(); broken != nil {
		return broken
	}
	raise(&t.s.durable, t.cursor)
	raise(&t.s.synced, t.batch)
	t.s.pending.Add(-1)
	return t.b.Close()
}

// raise moves a number up to at least n.
func raise(v *atomic.Uint64, n uint64) {
	for {
		old := v.Load()
		if old >= n || v.CompareAndSwap(old, n) {
			return
		}
	}
}

// commit applies one batch and waits for it.
func (s *Store) commit(fill func(b *pebble.Batch, t *tally) error) error {
	t, err := s.apply(fill)
	if err != nil {
		return err
	}
	return t.wait()
}

// barrier returns nil once everything that can be read is synced. Whoever finds
// that its write was made already, perhaps a moment ago by another caller, waits
// here before it says so.
func (s *Store) barrier() error {
	if s.pending.Load() == 0 {
		return s.brokenErr()
	}
	return s.commit(func(b *pebble.Batch, _ *tally) error { return b.LogData(nil, nil) })
}

// lockAgents takes the locks of agents, each once, in one order for all callers.
func (s *Store) lockAgents(ids ...records.AgentID) (unlock func()) {
	var taken [stripeCount]bool
	for _, id := range ids {
		sum := id.Digest()
		taken[int(sum[31])%stripeCount] = true
	}
	for i, t := range taken {
		if t {
			s.stripes[i].Lock()
		}
	}
	return func() {
		for i, t := range taken {
			if t {
				s.stripes[i].Unlock()
			}
		}
	}
}
