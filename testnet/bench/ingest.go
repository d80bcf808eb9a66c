package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

// The size of one block of writes. A fact is stored once, so each block has new ones.
const (
	ingestBatch   = 1000 // facts of one call
	ingestWriters = 64   // that wait for one fact each, in the second part
	ingestShare   = 4    // of the facts of a block, those of one there
)

func ingest() Metric {
	return Metric{
		Name: "ingest", About: "1/s; tombstones stored durably, against a log with group commit", Nodes: 1,
		Explained: Explanation{
			Measures: "How many tombstones a second the store takes when each call has a thousand of them and returns once they are on disk. A node adds facts one by one as they come, and waits for the disk once for many: that is not measured. Beside it 64 writers that each wait for one tombstone at a time, and the same with signed records. The blocks take turns with the floor's on the same disk; set TMPDIR to choose it.",
			Unit:     "1/s, tombstones per second of real time. `p50` is the median of the ratios of interleaved pairs, `least` and `most` are the ends; `writers` is the same for 64 writers with a fact each. `cpu` is how many µs of CPU time a tombstone takes in a batch. `records` is how many signed records a second 64 writers got stored.",
			Floor:    "A file to which the same bytes are appended, with one fdatasync for all that wait.",
			Goal:     "At least 0.8 of the floor with batches; 2,800 signed records a second, which is 10^7 an hour.",
		},
		Run: runs(effort{pairs: fewPairs, items: 4 * ingestBatch}, effort{pairs: manyPairs, items: 20 * ingestBatch}, runIngest),
	}
}

func runIngest(ctx context.Context, e effort, say func(string, ...any)) (r Result, err error) {
	r = Result{Unit: Rate, Goal: map[string]float64{"p50": 0.8, "records": 2800}}
	dir, err := os.MkdirTemp("", "cairn-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in := &ingesting{ctx: ctx, calls: e.items / ingestBatch, few: e.items / ingestShare}
	n := e.pairs * (in.calls*ingestBatch + in.few)
	say("ingest: %d facts to be made", n)
	if in.stones, err = tombstones(ctx, n); err != nil {
		return r, err
	}
	if in.records, err = signedRecords(ctx, 2*e.items); err != nil {
		return r, err
	}
	if in.log, err = newGroupLog(dir); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, in.log.close()) }()
	if in.store, err = store.Open(dir+"/store", store.Options{}); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, in.store.Close()) }()
	say("ingest: %d pairs of %d facts", e.pairs, in.calls*ingestBatch)
	batches, err := measurePairs(ctx, e.pairs, in.batches, in.bareBatches)
	if err != nil && ctx.Err() == nil {
		return r, err
	}
	batches.tell(&r)
	if in.stored > 0 {
		r.Figures = append(r.Figures, Figure{"cpu", "us", float64(in.cpu) / float64(time.Microsecond) / float64(in.stored)})
	}
	if ctx.Err() != nil {
		return r, nil
	}
	err = in.besides(e.pairs, &r)
	return r, err
}

// ingesting is a store, the log it is compared with, and what is to be written.
type ingesting struct {
	ctx     context.Context
	calls   int                  // of one block with batches
	few     int                  // facts of one by single writers
	stones  []*records.Tombstone // not yet used
	records []*records.Record
	store   *store.Store
	log     *groupLog
	cpu     time.Duration // of all batches; zero where it cannot be measured
	stored  int           // facts of those
}

// besides measures many writers with little each.
func (in *ingesting) besides(n int, r *Result) error {
	singles, err := measurePairs(in.ctx, n, in.singles, in.bareSingles)
	if err == nil {
		r.ratio("writers", median(singles.ratios()))
		var rate float64
		if rate, err = in.signed(); err == nil {
			r.Figures = append(r.Figures, Figure{"records", Rate, rate})
		}
	}
	if in.ctx.Err() != nil {
		return nil
	}
	return err
}

// take returns the next n facts, as they would arrive.
func (in *ingesting) take(n int) []store.StampedFact {
	facts := make([]store.StampedFact, n)
	for i, t := range in.stones[:n] {
		facts[i] = store.StampedFact{At: time.Now(), Source: "bench", Fact: t}
	}
	in.stones = in.stones[n:]
	return facts
}

func (in *ingesting) batches() (float64, error) {
	facts := in.take(in.calls * ingestBatch)
	if begin, err := cpuTime(); err == nil {
		defer func(n int) {
			if end, err := cpuTime(); err == nil {
				in.cpu, in.stored = in.cpu+end-begin, in.stored+n
			}
		}(len(facts))
	}
	return perSecond(len(facts), func() error {
		for len(facts) > 0 {
			if err := in.store.PutFacts(in.ctx, facts[:ingestBatch]); err != nil {
				return err
			}
			facts = facts[ingestBatch:]
		}
		return nil
	})
}

func (in *ingesting) bareBatches() (float64, error) {
	batch := make([]byte, ingestBatch*records.MinTombstoneSize)
	return perSecond(in.calls*ingestBatch, func() error {
		for range in.calls {
			if err := in.log.append(batch); err != nil {
				return err
			}
		}
		return nil
	})
}

func (in *ingesting) singles() (float64, error) {
	facts := in.take(in.few)
	return perSecond(len(facts), func() error {
		return byWriters(len(facts), func(i int) error { return in.store.PutFacts(in.ctx, facts[i:i+1]) })
	})
}

func (in *ingesting) bareSingles() (float64, error) {
	fact := make([]byte, records.MinTombstoneSize)
	return perSecond(in.few, func() error {
		return byWriters(in.few, func(int) error { return in.log.append(fact) })
	})
}

// signed stores all records.
func (in *ingesting) signed() (float64, error) {
	now := time.Now()
	return perSecond(len(in.records), func() error {
		return byWriters(len(in.records), func(i int) error { return in.store.PutRecord(in.ctx, in.records[i], false, now) })
	})
}

// byWriters shares n calls among the writers, and returns the first error.
func byWriters(n int, call func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, ingestWriters)
	for range ingestWriters {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := call(int(i)); err != nil {
					errs <- fmt.Errorf("write %d: %w", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// perSecond is how many of n a second would hold, in real time.
func perSecond(n int, work func() error) (float64, error) {
	begin := time.Now()
	err := work()
	return float64(n) / max(time.Since(begin), time.Microsecond).Seconds(), err
}
