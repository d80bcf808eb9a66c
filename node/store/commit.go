package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// maxWriters is how many writes wait at once; the rest wait for their turn to.
	maxWriters = 1024
	// maxGroup bounds the bytes of a batch, about: a quarter of a memtable.
	maxGroup = memTableSize / 4
	// stripeCount is how many locks the agents share: the last byte of the digest says
	// which.
	stripeCount = 256
)

// lock is a mutex that can be waited for with a context.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

// fill adds the operations of one write to a batch and changes the counters. It runs
// in the order of the log. An error refuses the write: then nothing was added.
type fill func(b *pebble.Batch, t *tally) error

// write is one write on its way to the disk.
type write struct {
	fill fill
	free func()     // gives back its locks, once it can be read
	done chan error // its outcome, once it is synced
}

// queue are the writes that wait. One goroutine at a time takes them all, puts them
// into one batch, syncs it, and looks again: whoever arrives during a sync shares
// the next one.
type queue struct {
	mu   sync.Mutex
	list []*write // under mu
	busy bool     // under mu: a goroutine is at work
}

// update is one changing call of the store. It takes locks, lets prepare read what
// the change depends on, and commits what prepare returns. A nil fill means that
// everything is as it should be, perhaps by the write of somebody else a moment ago:
// then it returns once that is synced.
//
// It returns when the change is synced, ctx has ended, the store has broken, or its
// patience is over: a disk that hangs holds up nobody. A write that was begun goes on,
// and Close waits for it.
func (s *Store) update(ctx context.Context, locks []lock, prepare func() (fill, error)) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if ctx.Err() != nil {
		return unwritten(ctx)
	}
	late := time.NewTimer(s.patience)
	defer late.Stop()
	free, err := s.take(ctx, late, append(locks, s.slots))
	if err != nil {
		return err
	}
	f, err := prepare()
	if err != nil {
		free()
		return err
	}
	w := &write{fill: f, free: free, done: make(chan error, 1)}
	if !s.push(w) {
		free()
		return s.brokenErr()
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("store: the write goes on and its outcome is unknown: %w", context.Cause(ctx))
	case <-s.broken:
		return s.brokenErr()
	case <-late.C:
		return fmt.Errorf("store: %w: the write goes on and its outcome is unknown", ErrStalled)
	}
}

func unwritten(ctx context.Context) error {
	return fmt.Errorf("store: nothing was written: %w", context.Cause(ctx))
}

// take takes locks, in the order given, and returns what gives them back.
func (s *Store) take(ctx context.Context, late *time.Timer, locks []lock) (free func(), err error) {
	for i, l := range locks {
		select {
		case l <- struct{}{}:
			continue
		case <-ctx.Done():
			err = unwritten(ctx)
		case <-s.broken:
			err = s.brokenErr()
		case <-late.C:
			err = fmt.Errorf("store: %w: nothing was written", ErrStalled)
		}
		release(locks[:i])
		return nil, err
	}
	return func() { release(locks) }, nil
}

func release(locks []lock) {
	for _, l := range locks {
		<-l
	}
}

// agentLocks are the locks of agents, each once, in one order for all callers.
func (s *Store) agentLocks(ids ...records.AgentID) []lock {
	stripes := make([]byte, len(ids))
	for i, id := range ids {
		sum := id.Digest()
		stripes[i] = sum[31]
	}
	slices.Sort(stripes)
	stripes = slices.Compact(stripes)
	locks := make([]lock, len(stripes), len(stripes)+1)
	for i, n := range stripes {
		locks[i] = s.stripes[n]
	}
	return locks
}

// push queues a write, and starts the goroutine that works where none does. It
// reports false where there is nothing to write or to wait for.
func (s *Store) push(w *write) bool {
	q := &s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.fill == nil && !q.busy { // everything that can be read is synced
		return false
	}
	q.list = append(q.list, w)
	if !q.busy {
		q.busy = true
		s.gate.again()
		go s.work()
	}
	return true
}

// work commits what is queued until nothing is.
func (s *Store) work() {
	defer s.gate.leave()
	defer func() {
		if p := recover(); p != nil { // a bug of the engine: what it holds is unknown
			s.guard.freeze(fmt.Errorf("panic: %v", p))
		}
	}()
	for {
		s.queue.mu.Lock()
		list := s.queue.list
		s.queue.list, s.queue.busy = nil, len(list) > 0
		s.queue.mu.Unlock()
		if len(list) == 0 {
			return
		}
		for len(list) > 0 {
			list = list[s.group(list):]
		}
	}
}

// group commits the first writes of a list in one batch and returns how many.
func (s *Store) group(list []*write) (n int) {
	b := s.eng.NewBatch()
	t := s.tally
	errs := make([]error, 0, len(list))
	for n < len(list) && b.Len() < maxGroup {
		errs = append(errs, list[n].add(b, &t))
		n++
	}
	err := s.commit(b, t, func() {
		for _, w := range list[:n] {
			w.free()
		}
	})
	for i, w := range list[:n] {
		if err != nil {
			w.done <- err
			continue
		}
		w.done <- errs[i]
	}
	return n
}

// add fills a batch with one write; one that is refused leaves the counters alone.
func (w *write) add(b *pebble.Batch, t *tally) error {
	if w.fill == nil {
		return nil
	}
	after := *t
	if err := w.fill(b, &after); err != nil {
		return err
	}
	*t = after
	return nil
}

// commit gives a batch to the engine and waits for its sync; applied is called in
// between, when the batch can be read.
func (s *Store) commit(b *pebble.Batch, t tally, applied func()) error {
	if b.Empty() {
		applied()
		return b.Close()
	}
	t.batch++
	if err := b.Set([]byte{tableCounters}, t.encode(), nil); err != nil {
		return s.failed(err)
	}
	wait, err := s.apply(b)
	if err != nil {
		return s.failed(err)
	}
	s.tally = t
	s.counts.Store(&t)
	applied()
	if err := wait(); err != nil {
		return s.failed(err)
	}
	if err := s.brokenErr(); err != nil {
		return err
	}
	s.synced.Store(t.batch)
	return b.Close()
}

// apply gives a batch to the engine, and returns what waits for its sync.
func (s *Store) apply(b *pebble.Batch) (wait func() error, err error) {
	if weak.Off(weak.SyncWrites) {
		return func() error { return nil }, s.eng.Apply(b, pebble.NoSync)
	}
	return b.SyncWait, s.eng.ApplyNoSyncWait(b, pebble.Sync)
}

// failed breaks the store over an error that the guard should have caught: what the
// engine holds is unknown.
func (s *Store) failed(err error) error {
	s.guard.freeze(err)
	return s.brokenErr()
}
