package store

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// inParallel shares b.N calls among writers and reports calls per second.
func inParallel(b *testing.B, writers int, call func(n int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range writers {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := call(int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// onDisk opens a store in a directory of the disk under test.
func onDisk(b *testing.B) *Store {
	b.Helper()
	s := must[*Store](b)(Open(b.TempDir(), Options{}))
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkPutFacts stores facts one per call, each synced before the call returns.
func BenchmarkPutFacts(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := onDisk(b)
			inParallel(b, writers, func(n int) error {
				return s.PutFacts(ctx, []StampedFact{{Fact: tombstone(uint64(n)), At: testTime, Source: "gossip"}})
			})
		})
	}
	b.Run("batch=1000", func(b *testing.B) {
		s := onDisk(b)
		inParallel(b, 1, func(n int) error {
			facts := make([]StampedFact, 1000)
			for i := range facts {
				facts[i] = StampedFact{Fact: tombstone(uint64(n*1000 + i)), At: testTime, Source: "sync"}
			}
			return s.PutFacts(ctx, facts)
		})
	})
}

// BenchmarkFloor is what the disk gives: lines of a fact's size appended to one file,
// with one fdatasync for all that wait.
func BenchmarkFloor(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			f, err := os.Create(filepath.Join(b.TempDir(), "log"))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			g := groupLog{sync: func(p []byte) error {
				if _, err := f.Write(p); err != nil {
					return err
				}
				return fdatasync(f)
			}}
			line := make([]byte, factCost)
			inParallel(b, writers, func(int) error { return g.append(line) })
		})
	}
}

// groupLog is the simplest group commit: whoever finds nobody syncing syncs for all.
type groupLog struct {
	sync func([]byte) error

	mu      sync.Mutex
	busy    bool
	buf     []byte
	waiting []chan error
}

func (g *groupLog) append(p []byte) error {
	done := make(chan error, 1)
	g.mu.Lock()
	g.buf = append(g.buf, p...)
	g.waiting = append(g.waiting, done)
	if g.busy {
		g.mu.Unlock()
		return <-done
	}
	g.busy = true
	for len(g.waiting) > 0 {
		buf, waiting := g.buf, g.waiting
		g.buf, g.waiting = nil, nil
		g.mu.Unlock()
		err := g.sync(buf)
		for _, w := range waiting {
			w <- err
		}
		g.mu.Lock()
	}
	g.busy = false
	g.mu.Unlock()
	return <-done
}

// BenchmarkPutRecord stores the first record of agent after agent.
func BenchmarkPutRecord(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := onDisk(b)
			recs := make([]*records.Record, b.N+1)
			for n := range recs {
				recs[n] = testAgent(b, n).record(b, 1)
			}
			inParallel(b, writers, func(n int) error { return s.PutRecord(ctx, recs[n], false, testTime) })
		})
	}
}

// BenchmarkRecord reads and verifies records that lie in tables.
func BenchmarkRecord(b *testing.B) {
	s := onDisk(b)
	ids := make([]records.AgentID, 1000)
	for i := range ids {
		a := testAgent(b, i)
		ids[i] = a.ID()
		if err := s.PutRecord(ctx, a.record(b, 1), false, testTime); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.eng.Flush(); err != nil {
		b.Fatal(err)
	}
	b.Run("record", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if rec, err := s.Record(ids[n%len(ids)]); rec == nil || err != nil {
				b.Fatal(rec, err)
			}
		}
	})
	b.Run("mark", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if m, err := s.Mark(ids[n%len(ids)]); m.IsZero() || err != nil {
				b.Fatal(m, err)
			}
		}
	})
	b.Run("unknown fact", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if f, err := s.Fact(ids[n%len(ids)]); f != nil || err != nil {
				b.Fatal(f, err)
			}
		}
	})
}

var millions = flag.Int("millions", 1, "millions of facts of BenchmarkFacts")

// BenchmarkFacts has a million facts on disk, or as many as -millions says, and tells what
// they take there and in memory, what a look-up takes of one that has a fact and of one that
// has none, what it takes to read all, and how long the store takes to open.
func BenchmarkFacts(b *testing.B) {
	million := *millions * 1_000_000
	dir := b.TempDir()
	before := heapInUse()
	s := must[*Store](b)(Open(dir, Options{}))
	defer func() { _ = s.Close() }()
	facts := make([]StampedFact, 10_000)
	ids := make([]records.AgentID, 0, million/10)
	for n := 0; n < million; {
		for i := range facts {
			facts[i] = StampedFact{Fact: tombstone(uint64(n)), At: testTime, Source: "sync"}
			if n++; n%10 == 0 {
				ids = append(ids, facts[i].Fact.ID())
			}
		}
		if err := s.PutFacts(ctx, facts); err != nil {
			b.Fatal(err)
		}
	}
	clear(facts)
	held := heapInUse() - before - uint64(cap(ids)*len(records.AgentID{}.Digest()))
	b.Run("room", func(b *testing.B) {
		b.ReportMetric(float64(held)/float64(million), "B/fact-in-memory")
		b.ReportMetric(float64(s.FactsOnDisk())/float64(million), "B/fact-on-disk")
	})
	set := s.FactSet()
	b.Run("held", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if set.Lookup(ids[n*7919%len(ids)]) == nil {
				b.Fatal("not there")
			}
		}
	})
	b.Run("not held", func(b *testing.B) {
		for n := uint64(0); b.Loop(); n++ {
			if set.Lookup(records.AgentIDFromDigest([32]byte(append(binary.BigEndian.AppendUint64(nil, n*0x9e3779b97f4a7c15), make([]byte, 24)...)))) != nil {
				b.Fatal("there")
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for _, err := range s.Facts(0) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != million {
				b.Fatal(n)
			}
		}
		b.ReportMetric(float64(million*b.N)/b.Elapsed().Seconds(), "facts/s")
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			s = must[*Store](b)(Open(dir, Options{}))
		}
	})
}

// heapInUse is what lives on the heap.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
