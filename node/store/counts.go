package store

import (
	"encoding/binary"
	"fmt"
)

// Counts says how much the store holds, and what went wrong since it was opened.
type Counts struct {
	Facts        int
	FactBytes    int64
	Records      int
	RecordBytes  int64  // of all records
	ForeignBytes int64  // of strangers' records: what the quota bounds
	Marks        int    // agents whose rank is remembered
	Corrupt      uint64 // values that did not verify when they were read
	Refused      uint64 // writes refused for want of room or quota
	Stalls       uint64 // times that writers had to wait for the disk
}

// Counts returns the figures without touching the disk. They are kept as things
// change, and count what can be read: the last writes may not be synced yet.
func (s *Store) Counts() Counts {
	t := s.counts.Load()
	return Counts{
		Facts: s.facts.set.Len(), FactBytes: int64(s.facts.set.Size()),
		Records: int(t.records), RecordBytes: t.recordBytes, ForeignBytes: t.foreignBytes,
		Marks:   int(t.marks),
		Corrupt: s.corrupt.Load(), Refused: s.space.refused.Load(), Stalls: s.stalls.Load(),
	}
}

// tally are the counters that go with the data. They are written in the batch that
// changes them, so they are right after every crash.
type tally struct {
	records, recordBytes, foreignBytes int64
	marks                              int64
	batch                              uint64 // number of this batch
}

const tallySize = 5 * 8

func (t tally) encode() []byte {
	b := make([]byte, 0, tallySize)
	for _, v := range []int64{t.records, t.recordBytes, t.foreignBytes, t.marks, int64(t.batch)} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return b
}

func decodeTally(b []byte) (t tally, ok bool) {
	if len(b) != tallySize {
		return t, false
	}
	var v [5]int64
	for i := range v {
		v[i] = int64(binary.BigEndian.Uint64(b[8*i:]))
	}
	return tally{v[0], v[1], v[2], v[3], uint64(v[4])}, true
}

// loadTally reads the counters. Where they are damaged it counts, and takes the
// number of the batch from the check file.
func (s *Store) loadTally(check uint64) (tally, error) {
	raw, err := s.get([]byte{tableCounters})
	if err != nil || raw == nil {
		return tally{}, err
	}
	if t, ok := decodeTally(raw); ok {
		return t, nil
	}
	if t, ok := decodeOldTally(raw); ok {
		return t, nil
	}
	s.corrupt.Add(1)
	t, err := s.recount()
	t.batch = check
	return t, err
}

// recount makes the counters from the data.
func (s *Store) recount() (t tally, err error) {
	for it, err := range s.table(tableMark, scanMarks) {
		if err != nil {
			return t, err
		}
		if m, err := decodeRow(it.val); err == nil {
			t.marks++
			t.hold(m, 1)
		}
	}
	return t, nil
}

// hold adds the record of a row to the counters, or takes it away (sign -1).
func (t *tally) hold(m row, sign int64) {
	if m.size == 0 {
		return
	}
	t.records += sign
	t.recordBytes += sign * int64(m.size)
	if !m.own {
		t.foreignBytes += sign * int64(m.size)
	}
}

// damaged notes a stored value that does not verify.
func (s *Store) damaged(what string, err error) {
	s.corrupt.Add(1)
	s.opts.Logger.Error("store: a value does not verify and counts as absent", "what", what, "err", fmt.Sprint(err))
}
