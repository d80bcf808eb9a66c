package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

// How many records are on disk when a node starts, and how many facts.
const (
	startRecords     = 20_000
	startFullRecords = 1_000_000
)

func startup() Metric {
	return Metric{
		Name: "startup", About: "ms; a node's start with records and facts on disk until it is ready, against a bare host", Nodes: 1,
		Explained: Explanation{
			Measures: "How long `node.New` takes with 20,000 records and 20,000 facts on disk (10^6 of each with --full), until the node is ready by itself: it listens, answers from its store, and waits for nobody, since it knows nobody. Its file cache is warm, as after a restart of the process.",
			Unit:     "ms of real time. `p50` is the median of the ratios of interleaved pairs, `least` and `most` are the ends; `cpu` is the same ratio of CPU times, which a busy machine disturbs less. `records` and `facts` are how many were on disk. `empty` is the ratio with an empty directory.",
			Floor:    "`libp2p.New` with a key and the same listen addresses, and the library's defaults.",
			Goal:     "At most 2 times the floor. The first remote resolve is the matter of `resolve`.",
		},
		Run: runs(effort{pairs: fewPairs, items: startRecords}, effort{pairs: manyPairs, items: startFullRecords}, runStartup),
	}
}

func runStartup(ctx context.Context, e effort, say func(string, ...any)) (r Result, err error) {
	r = Result{Unit: "ms", Goal: map[string]float64{"p50": 2}}
	dir, err := os.MkdirTemp("", "cairn-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	full, empty := filepath.Join(dir, "full"), filepath.Join(dir, "empty")
	say("startup: %d records and as many facts go to disk", e.items)
	if err := fillDir(ctx, full, e.items); err != nil {
		return r, err
	}
	say("startup: %d pairs of starts", e.pairs)
	var cpu pairs
	p, err := measurePairs(ctx, e.pairs, startOf(full, &cpu.ours), startBare(&cpu.floor))
	if err == nil {
		var bare, none pairs
		if bare, err = measurePairs(ctx, e.pairs, startOf(empty, &none.ours), startBare(&none.floor)); err == nil {
			r.ratio("empty", median(bare.ratios()))
		}
	}
	p.tell(&r)
	if cpu.cut(); len(cpu.ours) > 0 {
		r.ratio("cpu", median(cpu.ratios()))
	}
	r.Figures = append(r.Figures, Figure{"records", "1", float64(e.items)}, Figure{"facts", "1", float64(e.items)})
	if ctx.Err() != nil {
		return r, nil
	}
	return r, err
}

// fillDir makes a data directory that holds n records of others, and n facts.
func fillDir(ctx context.Context, dir string, n int) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	s, err := store.Open(filepath.Join(dir, "store"), store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	const lot = 20_000 // in memory at a time
	for ; n > 0; n -= lot {
		recs, err := signedRecords(ctx, min(n, lot))
		if err != nil {
			return err
		}
		now := time.Now()
		if err := byWriters(len(recs), func(i int) error { return s.PutRecord(ctx, recs[i], false, now) }); err != nil {
			return err
		}
		facts, err := factsOfNobody(len(recs))
		if err != nil {
			return err
		}
		if err := s.PutFacts(ctx, facts); err != nil {
			return err
		}
	}
	return nil
}

// factsOfNobody makes facts of headers without keys, as they come from others.
func factsOfNobody(n int) ([]store.StampedFact, error) {
	facts := make([]store.StampedFact, n)
	for i := range facts {
		var body [32]byte
		var secret records.Secret
		_, _ = rand.Read(body[:]) // never fails, by its contract
		_, _ = rand.Read(secret[:])
		h, err := records.NewHeader(records.KindAgent, uint32(time.Now().Add(records.DefaultLife).Unix()), body, secret)
		if err != nil {
			return nil, err
		}
		f, err := h.Reveal(secret)
		if err != nil {
			return nil, err
		}
		facts[i] = store.StampedFact{At: time.Now(), Source: "gossip", Fact: f}
	}
	return facts, nil
}

// timed runs start, which returns what ends what it started, and returns how many ms it
// took; the ms of CPU time go to a list.
func timed(cpu *[]float64, start func() (end func() error, err error)) (float64, error) {
	busy, cpuErr := cpuTime()
	begin := time.Now()
	end, err := start()
	if err != nil {
		return 0, err
	}
	took := time.Since(begin)
	if after, err := cpuTime(); err == nil && cpuErr == nil {
		*cpu = append(*cpu, milliseconds(after-busy))
	}
	return milliseconds(took), end()
}

// startOf starts a node on a directory, and waits until it is ready.
func startOf(dir string, cpu *[]float64) func() (float64, error) {
	return func() (float64, error) {
		return timed(cpu, func() (func() error, error) {
			n, err := node.New(loneConfig(dir))
			if err != nil {
				return nil, err
			}
			<-n.Ready()
			return n.Close, nil
		})
	}
}

// startBare starts a host.
func startBare(cpu *[]float64) func() (float64, error) {
	return func() (float64, error) {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		if err != nil {
			return 0, err
		}
		return timed(cpu, func() (func() error, error) {
			h, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrs(loopback()...))
			if err != nil {
				return nil, err
			}
			return func() error { return errors.Join(h.Network().Close(), h.Close()) }, nil
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
