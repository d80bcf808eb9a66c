//go:build soak

package soak

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

const (
	// settle bounds how long the daemons take to agree after the last kill: above
	// the 30 s between two reconciliations.
	settle     = 45 * time.Second
	lookPause  = 250 * time.Millisecond
	verdictors = 4
)

// acked is one acknowledged result: a sequence that stands, or the end.
type acked struct {
	agent *kept
	seq   uint64
	dead  bool
}

// stands asks a daemon that was just started for what is in its own store, as soon
// as it answers at all.
func (k acked) stands(ctx context.Context, d *node) error {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	var res api.Resolution
	answers := until(ctx, 5*time.Millisecond, func() bool {
		c, err := api.DialDir(d.dir)
		if err != nil {
			return false
		}
		defer c.Close()
		res, err = c.Resolve(ctx, k.agent.id, api.Policy{Mode: api.CacheOnly})
		return err == nil
	})
	switch {
	case !answers:
		return fmt.Errorf("it does not answer within %s", settle)
	case res.Tombstone != nil, !k.dead && res.Record != nil && res.Record.Sequence() >= k.seq:
		return nil
	}
	return fmt.Errorf("it has %s (%s) of %s, and acknowledged sequence %d (revoked: %t)", res.Status, res.Reason, k.agent.id, k.seq, k.dead)
}

// verdict holds every acknowledged result against every daemon.
type verdict struct {
	t     *testing.T
	fleet *fleet
	crew  []*writer

	dead, alive, unsure, over    int
	asked, lateDead, behindAlive atomic.Int64
}

// run asks all and looks at what the daemons leave behind.
func (v *verdict) run() {
	jobs := make(chan func())
	var group sync.WaitGroup
	for range verdictors {
		group.Go(func() {
			for job := range jobs {
				job()
			}
		})
	}
	ctx, cancel := context.WithTimeout(v.t.Context(), 10*time.Minute)
	defer cancel()
	for _, w := range v.crew {
		for _, a := range w.agents {
			if !v.sort(a) {
				continue
			}
			for _, d := range v.fleet.nodes {
				jobs <- func() { v.hold(ctx, d, a) }
			}
		}
	}
	close(jobs)
	group.Wait()
	for _, d := range v.fleet.nodes {
		v.unharmed(ctx, d)
	}
}

// sort counts an agent and reports whether anything was promised of it.
func (v *verdict) sort(a *kept) bool {
	switch {
	case a.revoked:
		v.dead++
	case a.unsure:
		v.unsure++
		return false
	case time.Until(a.until) < settle:
		v.over++
		return false
	default:
		v.alive++
	}
	return true
}

// hold asks one daemon for one agent until it answers what was acknowledged.
func (v *verdict) hold(ctx context.Context, d *node, a *kept) {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	var got answer
	var err error
	tries := 0
	right := until(ctx, lookPause, func() bool {
		tries++
		got, err = d.ask(ctx, a.id.String())
		if a.revoked {
			return err == nil && got.code == http.StatusGone
		}
		return err == nil && got.code == http.StatusOK && got.Sequence >= a.seq
	})
	v.asked.Add(1)
	switch {
	case !right:
		v.t.Error(d.says("answers %s (%v) for %s of %s: sequence %d was acknowledged, revoked: %t", got, err, a.id, a.home.name, a.seq, a.revoked))
	case tries > 1 && a.revoked:
		v.lateDead.Add(1)
	case tries > 1:
		v.behindAlive.Add(1)
	}
}

// unharmed looks for signs of damage: in the log, beside the store, in the counters.
func (v *verdict) unharmed(ctx context.Context, d *node) {
	log, err := os.ReadFile(d.log)
	if err != nil {
		v.t.Error(err)
	}
	for line := range bytes.Lines(log) {
		for _, sign := range []string{"corrupt", "damaged", "panic:", "fatal error"} {
			if bytes.Contains(bytes.ToLower(line), []byte(sign)) {
				v.t.Error(d.says("its log says %q", bytes.TrimSpace(line)))
			}
		}
	}
	if aside, err := filepath.Glob(filepath.Join(d.dir, "*corrupt*")); err != nil || len(aside) > 0 {
		v.t.Error(d.says("a store was set aside: %v (%v)", aside, err))
	}
	c, err := api.DialDir(d.dir)
	if err != nil {
		v.t.Error(d.says("%v", err))
		return
	}
	defer c.Close()
	st, err := c.Status(ctx)
	if n := st.Counters["store_corrupt_values_total"] + st.Counters["store_rebuilt_total"]; err != nil || n > 0 {
		v.t.Error(d.says("%d values did not verify, or a store was rebuilt (%v)", n, err))
	}
}

// rows are the counts.
func (v *verdict) rows() [][]any {
	var publishes, moves, revokes, partial, no int
	failed := map[string]int{}
	for _, w := range v.crew {
		publishes, moves, revokes, partial, no = publishes+w.publishes, moves+w.moves, revokes+w.revokes, partial+w.partial, no+w.no
		for why, n := range w.failed {
			failed[why] += n
		}
	}
	rows := [][]any{
		{"acknowledged: new agents", publishes}, {"... moves", moves}, {"... revokes", revokes}, {"... of all these in part, and kept", partial},
		{"not acknowledged", no},
	}
	for _, why := range slices.Sorted(maps.Keys(failed)) {
		rows = append(rows, []any{"... " + why, failed[why]})
	}
	return append(rows, []any{"revoked agents refused everywhere", v.dead}, []any{"living agents found everywhere", v.alive},
		[]any{"not asked for: a revoke without an answer", v.unsure}, []any{"not asked for: the lease was over", v.over}, []any{"questions at the end", v.asked.Load()},
		[]any{"... 410 not at the first one", v.lateDead.Load()}, []any{"... newest sequence not at the first one", v.behindAlive.Load()})
}
