package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/node/store/factlog"
	"github.com/cairn-overlay/cairn/records"
)

// Format 1 kept facts in the engine, in two tables: by arrival ('a' | cursor: time,
// source, bytes) and by subject. They move to the log, under the same cursors; when all
// are on disk there, one batch removes the tables and raises the version. A crash before
// it leaves format 1, and a log that the next Open goes on to fill.

// toFormat2 brings a store of an older format, or a new one, to the format of this build.
func (s *Store) toFormat2(from uint32) error {
	if from == formatVersion {
		return nil
	}
	if from == 1 {
		if err := s.moveFacts(); err != nil {
			return fmt.Errorf("move the facts of format 1: %w", err)
		}
		s.opts.Logger.Info("the store is brought up to date", "from", from, "to", formatVersion, "facts", s.facts.set.Len())
	}
	return s.update(context.Background(), nil, func() (fill, error) {
		return func(b *pebble.Batch, _ *tally) error {
			for _, table := range []byte{tableArrival, tableFact} {
				if err := b.DeleteRange([]byte{table}, []byte{table + 1}, nil); err != nil {
					return err
				}
			}
			return b.Set([]byte{tableVersion}, binary.BigEndian.AppendUint32(nil, formatVersion), nil)
		}, nil
	})
}

// moveFacts appends those of the engine's facts to the log that are not there.
func (s *Store) moveFacts() error {
	var lot []factlog.Entry
	flush := func() error {
		if len(lot) == 0 {
			return nil
		}
		if err := s.facts.log.Append(lot); err != nil {
			return s.failed(err)
		}
		for _, e := range lot {
			s.facts.set.Replay(e.Number, e.Fact)
		}
		s.facts.written.Store(int64(s.facts.log.Next()))
		s.facts.durable.Store(int64(s.facts.log.Next()))
		lot = nil
		return s.brokenErr()
	}
	lo := binary.BigEndian.AppendUint64([]byte{tableArrival}, uint64(s.facts.log.Next())+1)
	for it, err := range s.each(lo, []byte{tableArrival + 1}, scanFacts) {
		if err != nil {
			return err
		}
		e, err := decodeArrival(it)
		if err != nil {
			s.damaged(fmt.Sprintf("fact %x", it.key), err)
			continue
		}
		if lot = append(lot, e); len(lot) == scanFacts {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// decodeArrival reads an item of format 1: time (8, microseconds), length of the source
// (1), source, fact.
func decodeArrival(it item) (e factlog.Entry, err error) {
	n := 0
	if len(it.val) >= 9 {
		n = int(it.val[8])
	}
	if len(it.key) != 9 || len(it.val) < 9+n || n > MaxSource {
		return e, fmt.Errorf("%w: an arrival of %d bytes", ErrCorrupt, len(it.val))
	}
	cursor := binary.BigEndian.Uint64(it.key[1:])
	if cursor == 0 || cursor > 1<<40 {
		return e, fmt.Errorf("%w: an arrival with cursor %d", ErrCorrupt, cursor)
	}
	e.Number = int(cursor) - 1
	e.At = readTime(it.val)
	e.Source = string(it.val[9 : 9+n])
	e.Fact, err = records.OpenTombstone(it.val[9+n:])
	return e, err
}

// decodeOldTally reads the counters of format 1: facts, their bytes, records, their
// bytes, strangers' bytes, marks, cursor, batch.
func decodeOldTally(b []byte) (t tally, ok bool) {
	if len(b) != 8*8 {
		return t, false
	}
	var v [8]int64
	for i := range v {
		v[i] = int64(binary.BigEndian.Uint64(b[8*i:]))
	}
	return tally{v[2], v[3], v[4], v[5], uint64(v[7])}, true
}
