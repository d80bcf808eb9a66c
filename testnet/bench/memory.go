package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/libp2p/go-libp2p/core/host"

	"github.com/cairn-overlay/cairn/node/store"
)

// The size of a memory measurement.
const (
	memoryConns       = 20 // of each arm: fewer than where its connection manager trims
	memoryRecords     = 20_000
	memoryFullRecords = 1_000_000
	// memorySettle is how long connections get until nothing moves.
	memorySettle = 2 * time.Second
	memoryLook   = 100 * time.Millisecond
	memoryLimit  = 30 * time.Second
	// memoryPerRecord is what a daemon may take for each byte of a record.
	memoryPerRecord = 1.3
)

func memory() Metric {
	return Metric{
		Name: "memory", About: "MiB; what a daemon has in memory, against a bare host with the same connections", Nodes: 1,
		Explained: Explanation{
			Measures: "Resident memory of a process with one idle node that holds 20,000 records of others (10^6 with --full) and has 20 connections, after a collection (`/proc/self/statm`). A process of its own for each measurement, and the turns alternate with the floor's.",
			Unit:     "MiB. `p50` is the median of the ratios of interleaved pairs, where ours is without 1.3 times the raw bytes of its records; `least` and `most` are the ends. `empty` is the ratio of a node without records. `raw` is the raw bytes in MiB, `conns` the connections.",
			Floor:    "A process with one `libp2p.New` host of the library's defaults and as many connections.",
			Goal:     "At most 1.15 times the floor and 1.3 times the raw bytes of the records. How much a node takes in a test network, beside others in one process, is told by `light`.",
		},
		Run: runs(effort{pairs: 3, items: memoryRecords, block: memorySettle}, effort{pairs: fewPairs, items: memoryFullRecords, block: memorySettle}, runMemory),
	}
}

func runMemory(ctx context.Context, e effort, say func(string, ...any)) (r Result, err error) {
	r = Result{Unit: "MiB", Goal: map[string]float64{"p50": 1.15, "empty": 1.15}}
	dir, err := os.MkdirTemp("", "cairn-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	full := filepath.Join(dir, "full")
	say("memory: %d records go to disk", e.items)
	if err := fillDir(ctx, full, e.items); err != nil {
		return r, err
	}
	raw, err := rawMiB(full)
	if err != nil {
		return r, err
	}
	w := &weighing{ctx: ctx, settle: e.block}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.callers(memoryConns); err != nil {
		return r, err
	}
	say("memory: %d pairs of processes, twice", e.pairs)
	bare := func() (float64, error) { return w.weigh(subjectHost, "") }
	held, err := measurePairs(ctx, e.pairs, func() (float64, error) { return w.weigh(subjectNode, full) }, bare)
	if err == nil {
		var empty pairs
		if empty, err = measurePairs(ctx, e.pairs, func() (float64, error) { return w.weigh(subjectNode, "") }, bare); err == nil {
			r.ratio("empty", median(empty.ratios()))
		}
	}
	tellMemory(&r, held, raw)
	if ctx.Err() != nil {
		return r, nil
	}
	return r, err
}

// tellMemory enters what was weighed; the arms are as they are, the ratios without
// what records may take.
func tellMemory(r *Result, held pairs, raw float64) {
	less := pairs{make([]float64, len(held.ours)), held.floor}
	for i, v := range held.ours {
		less.ours[i] = v - memoryPerRecord*raw
	}
	less.tell(r)
	r.Ours = QuantilesOf(held.ours)
	r.Samples = []Samples{{ArmOurs, held.ours}, {ArmFloor, held.floor}}
	r.Figures = append(r.Figures, Figure{"raw", "MiB", raw}, Figure{"conns", "1", memoryConns})
}

// rawMiB is how many bytes of records a data directory holds.
func rawMiB(dir string) (float64, error) {
	s, err := store.Open(filepath.Join(dir, "store"), store.Options{})
	if err != nil {
		return 0, err
	}
	return float64(s.Counts().RecordBytes) / (1 << 20), s.Close()
}

// weighing is who connects to the processes that are measured.
type weighing struct {
	ctx    context.Context
	settle time.Duration
	hosts  []host.Host
}

// callers starts n hosts.
func (w *weighing) callers(n int) error {
	for range n {
		h, err := bareHost()
		if err != nil {
			return err
		}
		w.hosts = append(w.hosts, h)
	}
	return nil
}

func (w *weighing) close() error {
	var errs []error
	for _, h := range w.hosts {
		errs = append(errs, h.Network().Close(), h.Close())
	}
	return errors.Join(errs...)
}

// weigh starts a process, connects to it, and returns how many MiB it has.
func (w *weighing) weigh(kind, dir string) (mib float64, err error) {
	m, err := startSubject(w.ctx, kind, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, m.end()) }()
	for _, h := range w.hosts {
		if err := h.Connect(w.ctx, m.addrs); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, h.Network().ClosePeer(m.addrs.ID)) }()
	}
	if err := wait(w.ctx, w.settle); err != nil {
		return 0, err
	}
	for limit := time.Now().Add(memoryLimit); ; {
		s, err := m.size()
		if err != nil || s.Conns == len(w.hosts) {
			return float64(s.Resident) / (1 << 20), err
		}
		if time.Now().After(limit) {
			return 0, fmt.Errorf("the %s has %d connections, not %d", kind, s.Conns, len(w.hosts))
		}
		if err := wait(w.ctx, memoryLook); err != nil {
			return 0, err
		}
	}
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
