package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/node/store/factlog"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// SourceLocal is the source of facts that were made here. They may use the last
	// of the disk; see Options.MinFree.
	SourceLocal = "local"
	// MaxSource bounds the bytes of a source.
	MaxSource = factlog.MaxSource

	// maxUnwritten bounds the facts that wait for the disk.
	maxUnwritten = 200_000
	// maxFactGroup is how many of them are written and synced at once.
	maxFactGroup = 8192
	// scanFacts is how many facts are read at once in an iteration.
	scanFacts = 1024
	// factCost is how many bytes a fact takes on disk beyond its own, about, for the
	// free-space floor.
	factCost = 50
	// fullPause is how long after a write that found no room the next one is tried.
	fullPause = time.Second
	// leastTail is how many facts are appended at least between two checkpoints of the
	// log, and tailShare which part of all that are there: what a start reads again.
	leastTail, tailShare = 1 << 15, 16
)

// StampedFact is a fact as it arrived here.
type StampedFact struct {
	Cursor uint64    // its arrival number in the set, plus one; the store gives it
	At     time.Time // when it arrived, kept to the microsecond
	Source string    // how: local, gossip, sync, dht
	Fact   records.Fact
}

// facts is the log of facts and what waits to be written to it.
type facts struct {
	log     *factlog.Log
	set     *records.FactSet
	durable atomic.Int64 // the facts with numbers below are acknowledged
	written atomic.Int64 // and those below are in the log: the same, where nothing is weak
	saving  atomic.Bool  // a checkpoint is being written

	mu      sync.Mutex
	queue   []factlog.Entry // not yet on disk, in the order of their numbers; owned by mu
	busy    bool            // a goroutine writes; owned by mu
	failing error           // why nothing can be written now; owned by mu
	moved   chan struct{}   // closed and replaced whenever durable or failing changes; owned by mu
}

// FactSet returns the set of the store's facts. It has those that are not on disk yet,
// too. What is added to it goes through AddFact or PutFacts.
func (s *Store) FactSet() *records.FactSet { return s.facts.set }

// AddFact puts a fact into the set and reports whether it said more than what was held of
// its subject, and what is known now (records.FactSet.Enter): every answer changes at once,
// and the disk follows (SyncFacts). An error, which is that too many wait for the disk, is
// our own fault and nobody else's; then nothing was added.
func (s *Store) AddFact(f records.Fact, source string, at time.Time) (isNew bool, now records.Fact, err error) {
	if f == nil || len(source) > MaxSource {
		return false, nil, fmt.Errorf("add fact: %w: no fact, or a source of over %d bytes", ErrInvalid, MaxSource)
	}
	if err := s.enter(); err != nil {
		return false, nil, err
	}
	defer s.gate.leave()
	one := [1]records.Arrival{{Fact: f}}
	s.facts.set.Meet(one[:]) // what has to be read is not read under mu
	if one[0].New() {
		if err := s.queueFacts([]StampedFact{{At: at, Source: source, Fact: f}}, one[:]); err != nil {
			return false, one[0].Held, err
		}
	}
	return one[0].New(), one[0].Now, nil
}

// queueFacts puts facts into the set: those that say more get the next numbers.
func (s *Store) queueFacts(facts []StampedFact, met []records.Arrival) error {
	q := &s.facts
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) >= maxUnwritten {
		return fmt.Errorf("%w: %d facts wait for the disk (%v)", ErrFull, len(q.queue), q.failing)
	}
	q.queue = slices.Grow(q.queue, len(facts))
	q.set.EnterAll(met)
	for i := range met {
		if a := &met[i]; a.New() {
			q.queue = append(q.queue, factlog.Entry{Number: a.Number, At: facts[i].At, Source: facts[i].Source, Fact: a.Now})
		}
	}
	if len(q.queue) > 0 && !q.busy {
		q.busy = true
		s.gate.again()
		go s.writeFacts()
	}
	return nil
}

// writeFacts writes what is queued until nothing is: whoever adds during a sync shares
// the next one.
func (s *Store) writeFacts() {
	defer s.gate.leave()
	q := &s.facts
	for {
		q.mu.Lock()
		lot := q.queue[:min(len(q.queue), maxFactGroup)]
		if len(lot) == 0 {
			q.queue, q.busy = nil, false
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		err := s.writeLot(lot)
		q.mu.Lock()
		again := q.failing != nil && err == nil
		if q.failing = err; err == nil {
			q.queue = q.queue[len(lot):]
		}
		close(q.moved)
		q.moved = make(chan struct{})
		q.mu.Unlock()
		if again {
			s.opts.Logger.Warn("store: facts are written again")
		}
		if err != nil && !s.tryAgain(err) {
			return
		}
	}
}

// writeLot puts the next facts on disk.
func (s *Store) writeLot(lot []factlog.Entry) error {
	own := false
	for _, e := range lot {
		own = own || e.Source == SourceLocal
	}
	if err := s.space.admit(costOf(lot), own); err != nil {
		return err
	}
	next := lot[len(lot)-1].Number + 1
	if weak.Off(weak.Disk) {
		s.facts.durable.Store(int64(next))
		return nil
	}
	if err := s.facts.log.Append(lot); err != nil {
		return s.failed(err)
	}
	if err := s.brokenErr(); err != nil {
		return err
	}
	s.facts.written.Store(int64(next))
	s.facts.durable.Store(int64(next))
	s.facts.set.Shelved(next)
	if tail := next - s.facts.log.Saved(); tail > max(leastTail, next/tailShare) && s.facts.saving.CompareAndSwap(false, true) {
		s.gate.again()
		go s.saveFacts()
	}
	return nil
}

// FactsBeside has the checkpoint of the facts written with what their owner has computed from
// them: what make returns, of the facts with arrival numbers below the given one. It may read
// facts, and must not add or drop any; nil is nothing.
func (s *Store) FactsBeside(make func(below int) []byte) { s.facts.log.Beside(make) }

// BesideFacts returns what an earlier run had computed from the facts, nil where there is
// nothing. It is of the facts up to one of them, and of no other ones.
func (s *Store) BesideFacts() []byte { return s.facts.log.Annex() }

// SaveFacts writes the checkpoint of the facts, since what is beside them has changed.
func (s *Store) SaveFacts() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	return s.facts.log.Save()
}

// costOf is what entries take on disk, about.
func costOf(lot []factlog.Entry) (bytes int64) {
	for _, e := range lot {
		bytes += int64(factCost + e.Fact.Size())
	}
	return bytes
}

// saveFacts writes the log's checkpoint.
func (s *Store) saveFacts() {
	defer s.gate.leave()
	defer s.facts.saving.Store(false)
	if err := s.facts.log.Checkpoint(); err != nil {
		s.opts.Logger.Warn("store: the next start reads more facts than it would have to", "err", err)
	}
}

// tryAgain waits until a write may be tried again, and reports whether one is to be.
func (s *Store) tryAgain(err error) bool {
	if s.brokenErr() != nil {
		return false
	}
	s.opts.Logger.Error("store: facts are not written, and tried again", "err", err)
	pause := time.NewTimer(fullPause)
	defer pause.Stop()
	select {
	case <-pause.C:
		return true
	case <-s.gate.closing:
	case <-s.broken:
	}
	return false
}

// SyncFacts returns nil once all facts that were added so far are on disk, or says why
// they are not: no room, a disk that hangs, ctx.
func (s *Store) SyncFacts(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	return s.syncFacts(ctx)
}

func (s *Store) syncFacts(ctx context.Context) error {
	q := &s.facts
	target := int64(q.set.Next())
	late := time.NewTimer(s.patience)
	defer late.Stop()
	for {
		q.mu.Lock()
		moved, failing := q.moved, q.failing
		q.mu.Unlock()
		switch {
		case q.durable.Load() >= target:
			return nil
		case failing != nil:
			return fmt.Errorf("facts are not on disk: %w", failing)
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("store: the write goes on and its outcome is unknown: %w", context.Cause(ctx))
		case <-s.broken:
			return s.brokenErr()
		case <-late.C:
			return fmt.Errorf("store: %w: the write goes on and its outcome is unknown", ErrStalled)
		}
	}
}

// FactsMoved returns a channel that closes when the next facts are on disk.
func (s *Store) FactsMoved() <-chan struct{} {
	s.facts.mu.Lock()
	defer s.facts.mu.Unlock()
	return s.facts.moved
}

// PutFacts stores facts and returns nil once all are on disk. Each is joined with what is held
// of its subject, as in AddFact. From the moment that a fact is in the set a record that it
// ends is not shown any more.
//
// On nil, the Cursor of every element is set: a new one, or that of what is held. On an error some of the facts may be stored; putting them again is safe.
func (s *Store) PutFacts(ctx context.Context, facts []StampedFact) error {
	own, fresh := true, int64(0)
	for i, f := range facts {
		if f.Fact == nil || len(f.Source) > MaxSource {
			return fmt.Errorf("put facts: %w: element %d has no fact, or a source of over %d bytes", ErrInvalid, i, MaxSource)
		}
		own = own && f.Source == SourceLocal
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if ctx.Err() != nil {
		return fmt.Errorf("put facts: %w", unwritten(ctx))
	}
	met := make([]records.Arrival, len(facts))
	for i, f := range facts {
		met[i].Fact = f.Fact
	}
	s.facts.set.Meet(met)
	for i := range met {
		if met[i].New() {
			fresh += int64(factCost + met[i].Fact.Size())
		}
	}
	if fresh > 0 {
		if err := s.space.admit(fresh, own); err != nil {
			return fmt.Errorf("put facts: %w", err)
		}
		if err := s.queueFacts(facts, met); err != nil {
			return fmt.Errorf("put facts: %w", err)
		}
	}
	for i := range facts {
		facts[i].Cursor = uint64(met[i].Number) + 1
	}
	if err := s.syncFacts(ctx); err != nil {
		return fmt.Errorf("put facts: %w", err)
	}
	return nil
}

// Facts yields the facts with a cursor above after, in order of arrival, that were
// on disk when the loop began. To go on later, pass the last cursor seen. Cursors are
// for ever, and where facts were dropped some are left out.
func (s *Store) Facts(after uint64) iter.Seq2[StampedFact, error] {
	return func(yield func(StampedFact, error) bool) {
		last, err := read(s, func() (uint64, error) { return s.LastCursor(), nil })
		for err == nil && after < last {
			var some []StampedFact
			if some, err = read(s, func() ([]StampedFact, error) { return s.someFacts(after, last) }); err != nil {
				break
			}
			for _, f := range some {
				if !yield(f, nil) {
					return
				}
				after = f.Cursor
			}
			if len(some) < scanFacts {
				return
			}
		}
		if err != nil {
			yield(StampedFact{}, err)
		}
	}
}

// someFacts returns the first scanFacts facts with a cursor above one, up to another.
func (s *Store) someFacts(after, last uint64) (some []StampedFact, err error) {
	for e, err := range s.facts.log.Entries(int(after), int(last)) {
		if err != nil {
			return nil, err
		}
		some = append(some, StampedFact{Cursor: uint64(e.Number) + 1, At: e.At, Source: e.Source, Fact: e.Fact})
		if len(some) == scanFacts {
			break
		}
	}
	return some, nil
}

// Fact returns the fact about id, or nil.
func (s *Store) Fact(id records.AgentID) (records.Fact, error) {
	return read(s, func() (records.Fact, error) { return s.facts.set.Lookup(id), nil })
}

// ended reports why a fact ends what an agent says by the keys of a rotation: its record
// counts as dropped then. Of ancestors nothing is asked.
func (s *Store) ended(id records.AgentID, rotation uint64) error {
	return records.Ended(s.facts.set.Lookup(id), rotation)
}

// LastCursor returns the highest cursor that is on disk, 0 before the first fact.
func (s *Store) LastCursor() uint64 { return uint64(s.facts.durable.Load()) }

// RetainFacts drops the facts for which keep is false, of those that are on disk when it
// begins, and returns how many. It reads all of them, and takes its time; other calls go
// on meanwhile. Where it is cut short by ctx, by Close, or by an error, which it returns,
// some of what was dropped may be there again after a restart.
func (s *Store) RetainFacts(ctx context.Context, keep func(StampedFact) bool) (dropped int, err error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.gate.leave()
	stopped := func() bool {
		select {
		case <-ctx.Done():
		case <-s.gate.closing:
		case <-s.broken:
		default:
			return false
		}
		return true
	}
	dropped, err = s.facts.log.Retain(stopped, func(e factlog.Entry) bool {
		return keep(StampedFact{Cursor: uint64(e.Number) + 1, At: e.At, Source: e.Source, Fact: e.Fact})
	})
	if err != nil {
		return dropped, fmt.Errorf("store: %w", err)
	}
	return dropped, context.Cause(ctx)
}

// FactsOnDisk returns how many bytes the log of facts has on the disk, without its
// checkpoint.
func (s *Store) FactsOnDisk() int64 { return s.facts.log.Size() }
