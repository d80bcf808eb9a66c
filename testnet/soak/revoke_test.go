//go:build soak

package soak

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

const (
	revokeNodes  = 10
	revokes      = 50
	revokeWithin = 250 * time.Millisecond
)

// Within 250 ms of a revoke command's start every connected daemon refuses the
// agent. One that was down, and one that is brand new, refuse it once they are ready.
func TestSoakRevoke(t *testing.T) {
	r := &revokeRun{t: t, fleet: newFleet(t, revokeNodes)}
	away := r.fleet.add()
	r.fleet.launch(away)
	r.fleet.mustReady(away)
	for i := range revokes {
		r.publish(i)
	}
	if err := away.Stop(); err != nil {
		t.Fatal(away.says("%v", err))
	}
	for i := range r.agents {
		r.revoke(i)
	}
	r.stillRefused(r.fleet.others(nil))
	rows := append(r.rows(),
		[]any{"one that was down was seen to refuse", ms(r.joinLate(away)) + " before its ready line"},
		[]any{"a brand new one was seen to refuse", ms(r.joinLate(r.fleet.add())) + " before its ready line"})
	t.Log(table(rows...))
	if p99 := quantile(r.whole, 0.99); p99 > revokeWithin {
		t.Error(r.slowest.says("p99 of %d revokes until all %d daemons refuse is %s, want at most %s; this one was the slowest", revokes, revokeNodes, ms(p99), ms(revokeWithin)))
	}
}

// revokeRun times revocations.
type revokeRun struct {
	t      *testing.T
	fleet  *fleet
	agents []published

	whole    []time.Duration // from the command's start until the last daemon refused
	each     []time.Duration // the same for each daemon
	wave     []time.Duration // from the first daemon's refusal to the last one's
	commands []time.Duration // until the command ended
	idle     []time.Duration // a command that does nothing, for comparison
	slowest  *node           // who refused last of all
}

// published is an agent and where its keys are.
type published struct {
	id   records.AgentID
	name string
	home *node
}

// publish publishes an agent through the i-th daemon and waits until all have it.
func (r *revokeRun) publish(i int) {
	r.t.Helper()
	home := r.fleet.nodes[i%revokeNodes]
	c, err := api.DialDir(home.dir)
	if err != nil {
		r.t.Fatal(home.says("%v", err))
	}
	defer c.Close()
	p, err := c.Publish(r.t.Context(), api.PublishRequest{Document: card(fmt.Sprintf("Brief %d", i), 1)})
	if err != nil || p.Partial {
		r.t.Fatal(home.says("publish: %s (%v)", p.Reason, err))
	}
	r.agents = append(r.agents, published{p.ID, p.Name, home})
}

// revoke revokes the i-th agent while every daemon is asked for it.
func (r *revokeRun) revoke(i int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	a := r.agents[i]
	watches := watchAll(ctx, r.fleet.others(nil), a.id)
	for _, w := range watches {
		if !until(ctx, watchPause, func() bool { return w.alive.Load() > 0 }) {
			r.t.Fatal(w.node.says("does not know %s, which %s published", a.id, a.home.name))
		}
	}
	start := time.Now()
	e, err := cairn(ctx, "revoke", a.name, "--dir", a.home.dir, "-o", "json")
	var res api.RevokeResult
	if err == nil {
		err = e.written(&res)
	}
	if err != nil || e.code != exitOK {
		r.t.Fatal(a.home.says("revoke: exit code %d: %s (%v)", e.code, e.notes, err))
	}
	r.commands = append(r.commands, e.took)
	r.collect(ctx, watches, start)
	r.stretch(ctx)
}

// collect enters when each daemon refused.
func (r *revokeRun) collect(ctx context.Context, watches []*watch, start time.Time) {
	r.t.Helper()
	first, last := time.Duration(1<<62), time.Duration(0)
	for _, w := range watches {
		select {
		case <-w.done:
		case <-ctx.Done():
		}
		if w.refused.IsZero() {
			r.t.Fatal(w.node.says("never refused the revoked agent"))
		}
		took := w.refused.Sub(start)
		first, last = min(first, took), max(last, took)
		if r.slowest == nil || took > quantile(r.each, 1) {
			r.slowest = w.node
		}
		r.each = append(r.each, took)
	}
	r.whole, r.wave = append(r.whole, last), append(r.wave, last-first)
	if len(r.whole)%10 == 0 {
		r.t.Logf("%d revokes, until the last refusal: %s", len(r.whole), spread(r.whole))
	}
}

// stretch times a command that does nothing: what the machine itself takes.
func (r *revokeRun) stretch(ctx context.Context) {
	r.t.Helper()
	e, err := cairn(ctx, "version")
	if err != nil {
		r.t.Fatal(err)
	}
	r.idle = append(r.idle, e.took)
}

// rows are the measured times.
func (r *revokeRun) rows() [][]any {
	return [][]any{
		{"revokes, each refused by", fmt.Sprintf("%d daemons", revokeNodes)},
		{"command's start to the last refusal", spread(r.whole)},
		{"command's start to each refusal", spread(r.each)},
		{"first refusal to the last", spread(r.wave)},
		{"the command itself", spread(r.commands)},
		{"a command that does nothing", spread(r.idle)},
	}
}
