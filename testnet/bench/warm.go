package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

// The size of a warm measurement.
const (
	warmAgents = 256     // known to the node
	warmReads  = 100_000 // of one block
	racers     = 4       // goroutines that read one agent while it is revoked
)

func warm() Metric {
	return Metric{
		Name: "warm", About: "ns; a known agent resolved in process, against a bare map", Nodes: 1,
		Explained: Explanation{
			Measures: "What `Node.Resolve` costs for an agent that the node holds, in CPU time per read, over 256 agents. Then reads race with revocations: goroutines resolve one agent while it is revoked, and as soon as one of them, or the call of `Revoke`, has seen the tombstone, every read that begins later has to answer revoked.",
			Unit:     "ns per read. `p50` is the median of the ratios of interleaved pairs, `least` and `most` are the ends; `p50_us` is ours in microseconds. `races` and `raced_reads` count the second part, `revoked_answered` the reads that answered a tombstoned agent after its tombstone had arrived.",
			Floor:    "A read of a Go map by the same IDs that copies the same answer out.",
			Goal:     "At most 3 times the floor and 1 us; not one tombstoned answer (10^7 reads with --full).",
		},
		Run: runs(effort{pairs: fewPairs, items: warmReads, races: 40, raced: 200_000},
			effort{pairs: manyPairs, items: warmReads, races: 400, raced: 10_000_000}, runWarm),
	}
}

func runWarm(ctx context.Context, e effort, say func(string, ...any)) (r Result, err error) {
	r = Result{Unit: "ns", Goal: map[string]float64{"p50": 3, "p50_us": 1, "revoked_answered": 0}}
	n, err := node.New(loneConfig(""))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	w := &warming{ctx: ctx, reads: e.items, node: n, bare: make(map[records.AgentID]node.Resolution)}
	if err := w.fill(); err != nil {
		return r, err
	}
	say("warm: %d pairs of %d reads", e.pairs, e.items)
	p, err := measurePairs(ctx, e.pairs, w.ours, w.floor)
	if err != nil && ctx.Err() == nil {
		return r, err
	}
	p.tell(&r)
	if r.Ours != nil {
		r.Figures = append(r.Figures, Figure{"p50_us", "us", r.Ours.P50 / 1000})
	}
	say("warm: %d revocations, with %d reads around them", e.races, e.raced)
	err = w.race(e.races, e.raced, &r)
	return r, err
}

// warming is a node and the map it is compared with.
type warming struct {
	ctx   context.Context
	reads int // of one block
	node  *node.Node
	ids   []records.AgentID
	bare  map[records.AgentID]node.Resolution
}

// fill makes agents known.
func (w *warming) fill() error {
	recs, err := signedRecords(w.ctx, warmAgents)
	if err != nil {
		return err
	}
	for _, rec := range recs {
		if err := publishAlone(w.ctx, w.node, rec); err != nil {
			return err
		}
		res, err := w.node.Resolve(w.ctx, rec.ID(), node.Policy{})
		if err != nil {
			return err
		}
		w.ids, w.bare[rec.ID()] = append(w.ids, rec.ID()), res
	}
	return nil
}

// ours reads from the node.
func (w *warming) ours() (float64, error) {
	return w.block(func(id records.AgentID) (node.Resolution, error) {
		return w.node.Resolve(w.ctx, id, node.Policy{Mode: node.PolicyCacheOnly})
	})
}

// floor reads from the map.
func (w *warming) floor() (float64, error) {
	return w.block(func(id records.AgentID) (node.Resolution, error) { return w.bare[id], nil })
}

// block returns nanoseconds of CPU time per read; every answer has to be right.
func (w *warming) block(read func(records.AgentID) (node.Resolution, error)) (float64, error) {
	rate, err := perCPUSecond(w.reads, func(i int) error {
		id := w.ids[i%len(w.ids)]
		res, err := read(id)
		if err == nil && (res.Status != records.StatusActive || res.ID != id || res.Record == nil) {
			err = fmt.Errorf("a known agent resolves as %s", res.Status)
		}
		return err
	})
	return float64(time.Second) / rate, err
}

// race revokes one agent after the other while others read it.
func (w *warming) race(races, reads int, r *Result) error {
	var wrong, done, raced int64
	for ; raced < int64(races) && w.ctx.Err() == nil; raced++ {
		n, late, err := w.raceOne(max(1, reads/races))
		if err != nil {
			return err
		}
		done, wrong = done+n, wrong+late
	}
	r.Partial = r.Partial || raced < int64(races)
	r.Figures = append(r.Figures, Figure{"races", "1", float64(raced)}, Figure{"raced_reads", "1", float64(done)}, Figure{"revoked_answered", "1", float64(wrong)})
	return nil
}

// raceOne reads at least so many times around one revocation, half of them before
// it; late counts the answers that came too late.
func (w *warming) raceOne(reads int) (total, late int64, err error) {
	agent, err := testnet.NewAgent(nil)
	if err != nil {
		return 0, 0, err
	}
	rec, err := agent.At("https://agents.example/raced")
	if err != nil {
		return 0, 0, err
	}
	stone, err := agent.Tombstone()
	if err != nil {
		return 0, 0, err
	}
	if err := publishAlone(w.ctx, w.node, rec); err != nil {
		return 0, 0, err
	}
	var arrived atomic.Bool
	var done, wrong, failed atomic.Int64
	var wg sync.WaitGroup
	half := make(chan struct{})
	for range racers {
		wg.Go(func() {
			for done.Load() < int64(reads) || !arrived.Load() && failed.Load() == 0 {
				was := arrived.Load()
				res, err := w.node.Resolve(w.ctx, agent.ID(), node.Policy{Mode: node.PolicyCacheOnly})
				switch {
				case err != nil:
					failed.Add(1)
					arrived.Store(true)
				case res.Status == records.StatusRevoked:
					arrived.Store(true)
				case was:
					wrong.Add(1)
				}
				if done.Add(1) == max(1, int64(reads)/2) {
					close(half)
				}
			}
		})
	}
	<-half
	err = revokeAlone(w.ctx, w.node, stone)
	arrived.Store(true)
	wg.Wait()
	if failed.Load() > 0 && err == nil {
		err = errors.New("a read failed during a race")
	}
	return done.Load(), wrong.Load(), err
}
