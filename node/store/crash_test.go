package store

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestPowerCut cuts the power at random moments while writers write, keeps a random
// share of what was not synced, and opens what is left: whatever was acknowledged
// before the cut is there, and nothing is damaged. Every tenth cut hits a store that
// was itself opened after a cut.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	cuts := pick(10_000, 1000, 100)
	const writers = 8
	rng := rand.New(rand.NewPCG(1, 2))
	var (
		w    *workload
		disk *vfs.MemFS
	)
	done, acked := 0, 0
	for done < cuts {
		if done%50 == 0 {
			disk, w = vfs.NewCrashableMem(), newWorkload(t, writers, nil)
			w.tokens = make(chan struct{}, 1000)
		}
		s, err := openIn(disk, Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.check(t, s, w.acks)
		w.first = 1 << 20 * uint64(done+1)
		run, stop := context.WithCancel(context.Background())
		ended, seed := make(chan []error, 1), uint64(done)
		go func() { ended <- w.run(run, t, s, writers, seed) }()
		for range min(10, cuts-done) {
			for range rng.IntN(200) {
				w.tokens <- struct{}{}
			}
			waitABit(rng)
			if rng.IntN(5) == 0 {
				_, _ = s.eng.AsyncFlush()
			}
			before := w.acks.copied()
			left := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(4) * 33, RNG: rng})
			checkClone(t, w, left, before)
			acked += before.len()
			done++
		}
		// The last cut of the round is the one that counts: go on from there.
		before := w.acks.copied()
		next := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng})
		stop()
		for _, err := range <-ended {
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		disk, w.acks = next, before
	}
	t.Logf("%d power cuts, %d acknowledgements held against what was left", done, acked)
}

// TestDiskPowerCut cuts the power of a disk as other packages do it.
func TestDiskPowerCut(t *testing.T) {
	disk := NewDisk()
	s := must[*Store](t)(disk.Open(Options{}))
	defer s.Close()
	facts := []StampedFact{{Fact: tombstone(1)}}
	if err := s.PutFacts(ctx, facts); err != nil {
		t.Fatal(err)
	}
	left := must[*Store](t)(disk.PowerCut().Open(Options{})) // not in use: the process is gone too
	defer left.Close()
	if got := allFacts(t, left, 0); len(got) != 1 || got[0].Cursor != facts[0].Cursor {
		t.Fatalf("left: %+v", got)
	}
	if err := s.PutFacts(ctx, []StampedFact{{Fact: tombstone(2)}}); err != nil || left.LastCursor() != 1 {
		t.Fatalf("two disks are one: %v", err)
	}
}

// checkClone opens what a power cut left, holds it against the acknowledgements, and
// writes on.
func checkClone(t *testing.T, w *workload, disk vfs.FS, before *acks) {
	t.Helper()
	s, err := openIn(disk, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w.check(t, s, before)
	last := s.LastCursor()
	more := []StampedFact{{Fact: tombstone(1 << 40)}}
	if err := s.PutFacts(context.Background(), more); err != nil || more[0].Cursor != last+1 {
		t.Fatalf("cursor %d after %d, %v", more[0].Cursor, last, err)
	}
}

// waitABit lets the writers run for up to two milliseconds.
func waitABit(rng *rand.Rand) {
	t := time.NewTimer(time.Duration(rng.IntN(2000)) * time.Microsecond)
	<-t.C
}
