package store

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2"
)

// oldArrival is a fact as format 1 stored it.
func oldArrival(cursor int, f StampedFact) (key, val []byte) {
	val = appendTime(val, f.At)
	val = append(append(val, byte(len(f.Source))), f.Source...)
	return binary.BigEndian.AppendUint64([]byte{tableArrival}, uint64(cursor)), append(val, f.Fact.Bytes()...)
}

// toFormat1 makes a store what a build of format 1 left: facts in the engine.
func toFormat1(t *testing.T, s *Store, facts []StampedFact) {
	t.Helper()
	b := s.eng.NewBatch()
	for i, f := range facts {
		key, val := oldArrival(i+1, f)
		if i == 3 {
			val[9+len(f.Source)] ^= 1 // of these one is damaged
		}
		if err := b.Set(key, val, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.Set(agentKey(tableFact, f.Fact.ID()), key[1:], nil); err != nil {
			t.Fatal(err)
		}
	}
	old := binary.BigEndian.AppendUint64(nil, uint64(len(facts)))
	for _, v := range []int64{int64(78 * len(facts)), s.tally.records, s.tally.recordBytes, s.tally.foreignBytes, s.tally.marks, int64(len(facts)), int64(s.tally.batch)} {
		old = binary.BigEndian.AppendUint64(old, uint64(v))
	}
	if err := b.Set([]byte{tableCounters}, old, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Set([]byte{tableVersion}, []byte{0, 0, 0, 1}, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

// TestFormat1 opens what an older build left, also where the power was cut in the middle
// of the move: facts keep their cursors, and everything else stays as it was.
func TestFormat1(t *testing.T) {
	const many = 2*scanFacts + 10
	disk := NewDisk()
	s := must[*Store](t)(disk.Open(Options{}))
	rec := testAgent(t, 1).record(t, 5)
	if err := s.PutRecord(ctx, rec, false, testTime); err != nil {
		t.Fatal(err)
	}
	var facts []StampedFact
	for n := range uint64(many) {
		facts = append(facts, StampedFact{At: testTime, Source: "gossip", Fact: tombstone(n)})
	}
	toFormat1(t, s, facts)
	half := disk.PowerCut() // the log got some, and the engine still has all
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	h := must[*Store](t)(half.Open(Options{}))
	toFormat1(t, h, facts)
	moved := half.PowerCut()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for name, disk := range map[string]*Disk{"at rest": disk, "half way": moved} {
		if _, err := disk.Open(Options{KeepFormat: true}); !errors.Is(err, ErrOlderFormat) {
			t.Errorf("%s: whoever keeps the format gets %v", name, err)
		}
		for round := range 2 {
			s := must[*Store](t)(disk.Open(Options{}))
			got := allFacts(t, s, 0)
			if len(got) != many-1 || s.LastCursor() != many || s.Counts().Facts != many-1 {
				t.Fatalf("%s, round %d: %d facts, last cursor %d, %+v", name, round, len(got), s.LastCursor(), s.Counts())
			}
			for i, f := range got {
				if i >= 3 {
					i++
				}
				if f.Cursor != uint64(i+1) || f.Fact.ID() != facts[i].Fact.ID() || f.Source != "gossip" || !f.At.Equal(testTime) {
					t.Fatalf("%s: fact %d: %+v", name, i, f)
				}
			}
			if got, err := s.Record(rec.ID()); err != nil || got == nil {
				t.Fatalf("%s: the record is gone: %v", name, err)
			}
			if left, err := s.scan([]byte{tableArrival}, []byte{tableFact + 1}, 1); len(left) > 0 || err != nil {
				t.Fatalf("%s: format 1 is still there: %v", name, err)
			}
			checkCounts(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
