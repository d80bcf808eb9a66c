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
)

// How many records are on disk when a node starts.
const (
	startRecords     = 20_000
	startFullRecords = 1_000_000
)

func startup() Metric {
	return Metric{
		Name: "startup", About: "ms; a node's start with records on disk until it is ready, against a bare host", Nodes: 1,
		Explained: Explanation{
			Measures: "How long `node.New` takes with 20,000 records on disk (10^6 with --full), until the node is ready by itself: it listens, answers from its store, and waits for nobody, since it knows nobody. Its file cache is warm, as after a restart of the process.",
			Unit:     "ms of real time. `p50` is the median of the ratios of interleaved pairs, `least` and `most` are the ends; `records` is how many were on disk. `empty` is the ratio with an empty directory.",
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
	say("startup: %d records go to disk", e.items)
	if err := fillDir(ctx, full, e.items); err != nil {
		return r, err
	}
	say("startup: %d pairs of starts", e.pairs)
	p, err := measurePairs(ctx, e.pairs, startOf(full), startBare)
	if err == nil {
		var bare pairs
		if bare, err = measurePairs(ctx, e.pairs, startOf(empty), startBare); err == nil {
			r.ratio("empty", median(bare.ratios()))
		}
	}
	p.tell(&r)
	r.Figures = append(r.Figures, Figure{"records", "1", float64(e.items)})
	if ctx.Err() != nil {
		return r, nil
	}
	return r, err
}

// fillDir makes a data directory that holds n records of others.
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
	}
	return nil
}

// startOf starts a node on a directory and returns how many ms it took to be ready.
func startOf(dir string) func() (float64, error) {
	return func() (float64, error) {
		begin := time.Now()
		n, err := node.New(loneConfig(dir))
		if err != nil {
			return 0, err
		}
		<-n.Ready()
		took := time.Since(begin)
		return milliseconds(took), n.Close()
	}
}

// startBare starts a host and returns how many ms that took.
func startBare() (float64, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	h, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrs(loopback()...))
	if err != nil {
		return 0, err
	}
	took := time.Since(begin)
	return milliseconds(took), errors.Join(h.Network().Close(), h.Close())
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
