package store

import (
	"context"
	"errors"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// TestRetainFacts drops facts: a cursor of what was dropped goes on with the next fact,
// cursors are for ever, also over a power cut, and what was dropped may come again.
func TestRetainFacts(t *testing.T) {
	const many = 3000
	disk := NewDisk()
	s := must[*Store](t)(disk.Open(Options{}))
	var facts []StampedFact
	for n := range uint64(many) {
		facts = append(facts, StampedFact{Fact: tombstone(n), At: testTime, Source: "sync"})
	}
	if err := s.PutFacts(ctx, facts); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if n, err := s.RetainFacts(ended, func(StampedFact) bool { return false }); n != 0 || !errors.Is(err, context.Canceled) {
		t.Fatalf("%d were dropped after the end, %v", n, err)
	}
	third := func(f StampedFact) bool { return f.Cursor%3 == 0 }
	if n, err := s.RetainFacts(ctx, third); n != many*2/3 || err != nil {
		t.Fatalf("%d were dropped, %v", n, err)
	}
	left := disk.PowerCut()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RetainFacts(ctx, third); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	for name, disk := range map[string]*Disk{"closed": disk, "power cut": left} {
		s := must[*Store](t)(disk.Open(Options{}))
		if c := s.Counts(); c.Facts != many/3 || c.FactBytes != 78*many/3 || s.LastCursor() != many {
			t.Fatalf("%s: %+v, last cursor %d", name, c, s.LastCursor())
		}
		for _, after := range []uint64{0, 1, 3, 1000, many - 1} {
			next := after/3*3 + 3
			for f, err := range s.Facts(after) {
				if err != nil || f.Cursor != next || f.Fact.ID() != facts[f.Cursor-1].Fact.ID() {
					t.Fatalf("%s: cursor %d after %d, %v", name, f.Cursor, after, err)
				}
				next += 3
			}
			if next != many+3 {
				t.Fatalf("%s: after %d it ends before %d", name, after, next)
			}
		}
		if f := must[records.Fact](t)(s.Fact(facts[0].Fact.ID())); f != nil {
			t.Errorf("%s: what was dropped is there", name)
		}
		again := []StampedFact{{Fact: facts[0].Fact, At: testTime}, {Fact: facts[2].Fact, At: testTime}}
		if err := s.PutFacts(ctx, again); err != nil || again[0].Cursor != many+1 || again[1].Cursor != 3 {
			t.Errorf("%s: cursors %d and %d, %v", name, again[0].Cursor, again[1].Cursor, err)
		}
		checkCounts(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
