package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/records"
)

// values are what may be said of one agent, with and without its end.
func values(t testing.TB, a agent, dead bool) []records.Value {
	var all []records.Value
	for seq := range uint64(4) {
		for _, host := range []string{"x", "y", "z"} {
			all = append(all, a.recordAt(t, seq, host, testTime, time.Hour))
		}
	}
	if dead {
		all = append(all, a.fact(t))
	}
	return all
}

// putValue stores any value; what ranks lower than what is held is no failure.
func putValue(s *Store, v records.Value) error {
	switch v := v.(type) {
	case *records.Tombstone:
		return s.PutFacts(ctx, []StampedFact{{Fact: v, At: testTime}})
	case *records.Record:
		err := s.PutRecord(ctx, v, false, testTime)
		if errors.Is(err, records.ErrStale) || errors.Is(err, records.ErrRevoked) {
			return nil
		}
		return err
	}
	return ErrInvalid
}

// checkWinner holds the store against the value that wins.
func checkWinner(t rapid.TB, s *Store, id records.AgentID, put []records.Value) {
	if len(put) == 0 {
		return
	}
	best, err := records.Select(put)
	if err != nil {
		t.Fatal(err)
	}
	fact, err1 := s.Fact(id)
	rec, err2 := s.Record(id)
	mark, err3 := s.Mark(id)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	switch won := put[best].(type) {
	case *records.Tombstone:
		if fact == nil || rec != nil {
			t.Fatalf("the tombstone should have won: fact %v, record %v", fact != nil, rec != nil)
		}
	case *records.Record:
		if fact != nil || rec == nil || rec.Mark() != won.Mark() || mark != won.Mark() {
			t.Fatalf("sequence %d should have won: fact %v, mark %d", won.Sequence(), fact != nil, mark.Sequence)
		}
	}
}

// TestOrderOfArrival puts values in any order, with restarts and sweeps in between:
// after every step the winner among what was put so far is held.
func TestOrderOfArrival(t *testing.T) {
	a := testAgent(t, 1)
	all := values(t, a, true)
	rapid.Check(t, func(t *rapid.T) {
		disk := NewDisk()
		s, err := disk.Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		var put []records.Value
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if s, err = disk.Open(Options{}); err != nil {
					t.Fatal(err)
				}
			case 1:
				if _, err := s.Sweep(ctx, testTime.Add(90*time.Minute)); err != nil {
					t.Fatal(err)
				}
			default:
				v := rapid.SampledFrom(all).Draw(t, "value")
				if err := putValue(s, v); err != nil {
					t.Fatal(err)
				}
				put = append(put, v)
			}
			checkWinner(t, s, a.ID(), put)
		}
	})
}

// TestRace puts all values at once, over and over.
func TestRace(t *testing.T) {
	s := memory(t, Options{})
	for n := range 50 {
		a := testAgent(t, n)
		all := values(t, a, n%2 == 0)
		var wg sync.WaitGroup
		for _, v := range append(all, all...) {
			wg.Go(func() {
				if err := putValue(s, v); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		checkWinner(t, s, a.ID(), all)
	}
	checkCounts(t, s)
}

// TestManyWriters lets writers of the same facts meet: each subject gets one cursor,
// every writer learns it, and readers never see a gap.
func TestManyWriters(t *testing.T) {
	s := memory(t, Options{})
	const facts, writers = 500, 8
	cursors := make([][]uint64, writers)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for last := uint64(0); ; {
			for f, err := range s.Facts(last) {
				if err != nil || f.Cursor != last+1 {
					t.Errorf("cursor %d after %d, %v", f.Cursor, last, err)
					return
				}
				last = f.Cursor
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range uint64(facts) {
				f := []StampedFact{{Fact: tombstone(n)}, {Fact: tombstone((n + 7) % facts)}}
				if err := s.PutFacts(ctx, f); err != nil {
					t.Error(err)
				}
				if s.LastCursor() < f[0].Cursor {
					t.Errorf("cursor %d was given, the last one is %d", f[0].Cursor, s.LastCursor())
				}
				cursors[w] = append(cursors[w], f[0].Cursor)
			}
		})
	}
	wg.Wait()
	close(stop)
	<-ended
	for w := range writers {
		for n, c := range cursors[w] {
			if c == 0 || c != cursors[0][n] {
				t.Fatalf("fact %d is at %d and at %d", n, cursors[0][n], c)
			}
		}
	}
	if s.LastCursor() != facts {
		t.Fatalf("last cursor %d", s.LastCursor())
	}
	checkCounts(t, s)
}

// TestManySequences reserves sequences of one agent from many sides: none twice.
func TestManySequences(t *testing.T) {
	s := memory(t, Options{})
	id := testAgent(t, 1).ID()
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				n, err := s.NextSequence(ctx, id)
				mu.Lock()
				if err != nil || seen[n] {
					t.Errorf("sequence %d twice, or %v", n, err)
				}
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if last := must[uint64](t)(s.LastSequence(id)); last != 400 {
		t.Fatalf("last sequence %d", last)
	}
}
