package store

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestOpenDoesNotMerge: a store with tables to merge opens without a merge, however
// much there is, and merges them a moment later.
func TestOpenDoesNotMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := NewDisk()
		s, err := disk.Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		const rounds = 8
		for round := range rounds {
			if err := s.PutRecord(ctx, testAgent(t, round).record(t, 1), false, testTime); err != nil {
				t.Fatal(err)
			}
			if err := s.eng.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		// One more in the log, so that opening flushes and asks for a merge.
		if err := s.PutRecord(ctx, testAgent(t, rounds).record(t, 1), false, testTime); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = disk.Open(Options{}); err != nil {
			t.Fatal(err)
		}
		tables := func() (all int64) {
			for _, l := range s.eng.Metrics().Levels {
				all += l.TablesCount
			}
			return all
		}
		if got := tables(); got <= rounds || s.eng.Metrics().Compact.Count > 0 {
			t.Errorf("%d tables and %d merges after opening", got, s.eng.Metrics().Compact.Count)
		}
		time.Sleep(2 * restAfterOpen)
		synctest.Wait()
		if got := tables(); got > 2 {
			t.Errorf("%d tables are left, after %d merges", got, s.eng.Metrics().Compact.Count)
		}
		got := 0
		for range s.Records() {
			got++
		}
		if got != rounds+1 {
			t.Errorf("%d records", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
