package store

import "testing"

func TestSmoke(t *testing.T) {
	for _, open := range []func() (*Store, error){func() (*Store, error) { return Open(t.TempDir()+"/x", Options{}) }, func() (*Store, error) { return Memory(Options{}) }} {
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		a := testAgent(t, 1)
		if err := s.PutRecord(ctx, a.record(t, 1), false, testTime); err != nil {
			t.Fatal(err)
		}
		f := []StampedFact{a.stamped(t)}
		if err := s.PutFacts(ctx, f); err != nil {
			t.Fatal(err)
		}
		t.Log(f[0].Cursor, s.Counts(), len(allFacts(t, s, 0)))
		checkCounts(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
