package store

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestVirtualTime runs a store inside a bubble, where simulated nodes live: every
// goroutine of the engine must block durably and end with Close.
func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := NewDisk()
		for round := range 3 {
			s, err := disk.Open(Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 50 {
				if err := s.PutFacts(ctx, []StampedFact{testAgent(t, round*50+i).stamped(t)}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if got := len(allFacts(t, s, 0)); got != (round+1)*50 {
				t.Fatalf("round %d: %d facts", round, got)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
