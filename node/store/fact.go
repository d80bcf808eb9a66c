package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// SourceLocal is the source of facts that were made here. They may use the last
	// of the disk; see Options.MinFree.
	SourceLocal = "local"
	// MaxSource bounds the bytes of a source.
	MaxSource = 32

	factBatch = 1024 // facts in one batch
	scanFacts = 1024 // facts in one read of an iteration
	factCost  = 256  // bytes of a fact with its keys, for the free-space floor
)

// StampedFact is a fact as it arrived here.
type StampedFact struct {
	Cursor uint64    // place in the order of arrival, from 1 on; the store gives it
	At     time.Time // when it arrived, kept to the microsecond
	Source string    // how: local, gossip, sync, dht
	Fact   records.Fact
}

// PutFacts stores facts and returns nil once all are on disk. The first fact of a
// subject stays; another one of the same subject changes nothing. With a fact the
// record of its subject is dropped, and its mark kept.
//
// On nil, the Cursor of every element is set: a new one, or that of the fact held.
// On an error some of the facts may be stored; putting them again is safe.
func (s *Store) PutFacts(ctx context.Context, facts []StampedFact) error {
	own := true
	for i, f := range facts {
		if f.Fact == nil || len(f.Source) > MaxSource {
			return fmt.Errorf("put facts: %w: element %d has no fact, or a source of over %d bytes", ErrInvalid, i, MaxSource)
		}
		own = own && f.Source == SourceLocal
	}
	work := slices.Clone(facts) // the caller may be gone when the work ends
	for chunk := range slices.Chunk(work, factBatch) {
		if err := s.putChunk(ctx, chunk, own); err != nil {
			return fmt.Errorf("put facts: %w", err)
		}
	}
	copy(facts, work)
	return nil
}

// putChunk stores facts in one batch, under the locks of all subjects.
func (s *Store) putChunk(ctx context.Context, facts []StampedFact, own bool) error {
	ids := make([]records.AgentID, len(facts))
	for i, f := range facts {
		ids[i] = f.Fact.ID()
	}
	var fresh []freshFact
	err := s.update(ctx, s.agentLocks(ids...), func() (_ fill, err error) {
		if fresh, err = s.freshFacts(facts, ids); err != nil || len(fresh) == 0 {
			return nil, err
		}
		if err := s.space.admit(int64(len(fresh)*factCost), own); err != nil {
			return nil, err
		}
		return func(b *pebble.Batch, t *tally) error {
			for _, f := range fresh {
				if err := f.add(b, t); err != nil {
					return err
				}
			}
			return nil
		}, nil
	})
	if err != nil {
		return err
	}
	cursors := make(map[records.AgentID]uint64, len(fresh))
	for _, f := range fresh {
		cursors[f.Fact.ID()] = f.Cursor
	}
	for i, id := range ids {
		if c, ok := cursors[id]; ok {
			facts[i].Cursor = c
		}
	}
	return nil
}

// freshFact is a fact to write, with the row of its subject. One with a cursor is
// known already and damaged on disk: it is written again where it was.
type freshFact struct {
	*StampedFact
	row row
}

// freshFacts returns those to write, each subject once, and sets the cursors of the
// others. It asks for them in the order of their keys, one table after the other,
// which is much quicker than to and fro.
func (s *Store) freshFacts(facts []StampedFact, ids []records.AgentID) ([]freshFact, error) {
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	defer v.close()
	ascending := make([]int, len(ids))
	for i := range ascending {
		ascending[i] = i
	}
	slices.SortStableFunc(ascending, func(i, j int) int { return ids[i].Compare(ids[j]) })
	var absent []int // ascending, each subject once: the first that came
	for n, i := range ascending {
		if n > 0 && ids[i] == ids[ascending[n-1]] {
			facts[i].Cursor = facts[ascending[n-1]].Cursor
			continue
		}
		cursor, held, err := s.lookupFact(v.get, ids[i])
		if err != nil {
			return nil, err
		}
		facts[i].Cursor = cursor
		if held == nil {
			absent = append(absent, i)
		}
	}
	rows := make([]row, len(ids))
	for _, i := range absent {
		if rows[i], err = s.row(v.get, ids[i]); err != nil {
			return nil, err
		}
	}
	slices.Sort(absent)
	fresh := make([]freshFact, len(absent))
	for n, i := range absent {
		copied := facts[i]
		fresh[n] = freshFact{&copied, rows[i]}
	}
	return fresh, nil
}

// add gives the fact its cursor and puts it into the batch.
func (f freshFact) add(b *pebble.Batch, t *tally) error {
	id := f.Fact.ID()
	if f.Cursor == 0 {
		t.cursor++
		t.facts++
		t.factBytes += int64(f.Fact.Size())
		f.Cursor = t.cursor
	}
	key := arrivalKey(f.Cursor)
	if err := b.Set(key, f.encode(), nil); err != nil {
		return err
	}
	if err := b.Set(agentKey(tableFact, id), key[1:], nil); err != nil {
		return err
	}
	if f.row.size == 0 {
		return nil
	}
	t.hold(f.row, -1)
	if err := b.Set(agentKey(tableMark, id), f.row.dropped().encode(), nil); err != nil {
		return err
	}
	return b.Delete(agentKey(tableRecord, id), nil)
}

// encode is time (8, microseconds) | length of the source (1) | source | fact.
func (f StampedFact) encode() []byte {
	b := make([]byte, 0, 9+len(f.Source)+f.Fact.Size())
	b = appendTime(b, f.At)
	b = append(b, byte(len(f.Source)))
	b = append(b, f.Source...)
	return append(b, f.Fact.Bytes()...)
}

// decodeArrival reads an item of the table of arrivals and verifies the fact.
func decodeArrival(it item) (f StampedFact, err error) {
	n := 0
	if len(it.val) >= 9 {
		n = int(it.val[8])
	}
	if len(it.key) != 9 || len(it.val) < 9+n || n > MaxSource {
		return f, fmt.Errorf("%w: an arrival of %d bytes", ErrCorrupt, len(it.val))
	}
	f.Cursor = binary.BigEndian.Uint64(it.key[1:])
	f.At = readTime(it.val)
	f.Source = string(it.val[9 : 9+n])
	f.Fact, err = records.OpenTombstone(it.val[9+n:])
	return f, err
}

// Facts yields the facts with a cursor above after, in order of arrival, that were
// on disk when the loop began. To go on later, pass the last cursor seen.
func (s *Store) Facts(after uint64) iter.Seq2[StampedFact, error] {
	return func(yield func(StampedFact, error) bool) {
		last := s.durable.Load()
		if after >= last {
			if err := s.enter(); err != nil {
				yield(StampedFact{}, err)
				return
			}
			s.gate.leave()
			return
		}
		for it, err := range s.each(arrivalKey(after+1), arrivalKey(last+1), scanFacts) {
			if err != nil {
				yield(StampedFact{}, err)
				return
			}
			f, err := decodeArrival(it)
			if err != nil {
				s.damaged(fmt.Sprintf("fact %x", it.key), err)
				continue
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Fact returns the fact about id, or nil.
func (s *Store) Fact(id records.AgentID) (records.Fact, error) {
	return read(s, func() (records.Fact, error) {
		_, f, err := s.lookupFact(s.get, id)
		return f, err
	})
}

// lookupFact returns the cursor of a subject's fact, 0 where there is none, and the
// fact, nil where it does not verify.
func (s *Store) lookupFact(get getter, id records.AgentID) (uint64, records.Fact, error) {
	raw, err := get(agentKey(tableFact, id))
	if err != nil || len(raw) != 8 {
		return 0, nil, err
	}
	key := append([]byte{tableArrival}, raw...)
	val, err := get(key)
	if err != nil {
		return 0, nil, err
	}
	f, err := decodeArrival(item{key, val})
	if err == nil && f.Fact.ID() != id {
		err = records.ErrWrongSubject
	}
	if err != nil {
		s.damaged("fact of "+id.String(), err)
		return binary.BigEndian.Uint64(raw), nil, nil
	}
	return f.Cursor, f.Fact, nil
}

// LastCursor returns the highest cursor that is on disk, 0 before the first fact.
func (s *Store) LastCursor() uint64 { return s.durable.Load() }

// lastArrival reads the highest cursor from the table.
func (s *Store) lastArrival() (uint64, error) {
	it, err := s.eng.NewIter(&pebble.IterOptions{LowerBound: []byte{tableArrival}, UpperBound: []byte{tableArrival + 1}})
	if err != nil {
		return 0, readErr(err)
	}
	var last uint64
	if it.Last() && len(it.Key()) == 9 {
		last = binary.BigEndian.Uint64(it.Key()[1:])
	}
	return last, wrapRead(it)
}

// wrapRead closes an iterator and tells what went wrong with it.
func wrapRead(it *pebble.Iterator) error {
	err := it.Error()
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return readErr(err)
	}
	return nil
}
