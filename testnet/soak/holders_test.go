//go:build soak

package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

const (
	holderNodes  = 10
	holderCopies = 4
	holderLeft   = 4 // daemons that live on
	holderBatch  = 20
	holderTrials = 100
	holderLimit  = 20 * time.Minute
)

// A record whose publish was confirmed is found when all its holders but one get SIGKILL at
// once, and its publisher with them: a hundred times.
func TestSoakHoldersKilled(t *testing.T) {
	h := &holderRun{t: t, fleet: newFleet(t, holderNodes, "--replication", strconv.Itoa(holderCopies)), dice: dice(seed(t), 0)}
	ctx, stop := context.WithTimeout(t.Context(), holderLimit)
	defer stop()
	for h.trials < holderTrials && ctx.Err() == nil && !t.Failed() {
		h.round(ctx)
	}
	if h.trials < holderTrials {
		t.Errorf("%d trials, want %d", h.trials, holderTrials)
	}
	t.Log(table([]any{"rounds", h.rounds}, []any{"daemons killed", h.killed}, []any{"published, not confirmed", h.partial}, []any{"confirmed, left with one holder", h.trials}, []any{"... lost", h.lost}))
}

// holderRun kills the holders of what was published.
type holderRun struct {
	t     *testing.T
	fleet *fleet
	dice  *rand.Rand

	rounds, killed, partial, trials, lost int
}

// holding is an agent and the daemons that hold its record.
type holding struct {
	id string
	by map[*node]bool
}

// round publishes agents at one daemon, kills it and others at once, asks those that are left
// for every agent of which one of them alone has the record, and starts the killed again.
func (h *holderRun) round(ctx context.Context) {
	h.rounds++
	order := h.dice.Perm(holderNodes)
	var left, dead []*node
	for i, at := range order {
		if i < holderLeft {
			left = append(left, h.fleet.nodes[at])
		} else {
			dead = append(dead, h.fleet.nodes[at])
		}
	}
	home := dead[0]
	agents := h.publish(ctx, home)
	var group sync.WaitGroup
	for _, d := range dead {
		group.Go(func() {
			if err := d.Kill(); err != nil {
				h.t.Error(d.says("%v", err))
			}
		})
	}
	group.Wait()
	h.killed += len(dead)
	for _, a := range agents {
		if holders, rest := split(left, a.by); len(holders) == 1 {
			h.trials++
			h.ask(ctx, rest[h.dice.IntN(len(rest))], holders[0], a.id)
		}
	}
	for _, d := range dead {
		h.fleet.launch(d)
	}
	for _, d := range dead {
		h.fleet.mustReady(d)
	}
}

// publish publishes a batch, and returns what was confirmed.
func (h *holderRun) publish(ctx context.Context, home *node) (all []holding) {
	c, err := api.DialDir(home.dir)
	if err != nil {
		h.t.Fatal(home.says("%v", err))
	}
	defer c.Close()
	for i := range holderBatch {
		doc := card(fmt.Sprintf("Round %d agent %d", h.rounds, i), 1)
		p, err := c.Publish(ctx, api.PublishRequest{Document: doc})
		if err != nil {
			h.t.Error(home.says("publish: %v", err))
			return nil
		}
		if p.Partial {
			h.partial++
			continue
		}
		all = append(all, holding{p.ID.String(), h.holders(ctx, home, p.ID.String())})
	}
	return all
}

// holders are the daemons that give an agent's record when they are asked.
func (h *holderRun) holders(ctx context.Context, from *node, id string) map[*node]bool {
	e, err := cairn(ctx, "explain", id, "--dir", from.dir, "-o", "json")
	var said struct{ Holders []string }
	if err == nil {
		err = e.written(&said)
	}
	if err != nil {
		h.t.Fatal(from.says("%v", err))
	}
	by := make(map[*node]bool)
	for _, d := range h.fleet.nodes {
		for _, p := range said.Holders {
			by[d] = by[d] || strings.HasSuffix(d.addr, "/"+p)
		}
	}
	return by
}

// split parts those that hold from the rest.
func split(nodes []*node, by map[*node]bool) (holders, rest []*node) {
	for _, d := range nodes {
		if by[d] {
			holders = append(holders, d)
		} else {
			rest = append(rest, d)
		}
	}
	return holders, rest
}

// ask asks a daemon for an agent that one other is known to hold.
func (h *holderRun) ask(ctx context.Context, d, holder *node, id string) {
	a, err := d.ask(ctx, id)
	if err != nil || a.code != http.StatusOK {
		h.lost++
		h.t.Error(d.says("asked for %s, which %s holds: %s, %v", id, holder.name, a, err))
	}
}
