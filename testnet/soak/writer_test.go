//go:build soak

package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
)

const (
	writePause = 100 * time.Millisecond
	writeLimit = 20 * time.Second
	// byCommand is one in how many writes goes through the command line; the others
	// take the daemon's socket themselves, as the command does.
	byCommand = 8
)

// writer publishes, moves and revokes agents of its own, one write after the other,
// and keeps the log of what was acknowledged.
type writer struct {
	t      *testing.T
	fleet  *fleet
	number int
	dice   *rand.Rand
	struck chan<- strike

	made                                   int // cards so far
	agents                                 []*kept
	publishes, moves, revokes, partial, no int            // acknowledged, of them in part; not acknowledged
	failed                                 map[string]int // why not
}

// kept is what was acknowledged of one agent.
type kept struct {
	published
	seq     uint64 // the highest acknowledged
	until   time.Time
	revoked bool // acknowledged
	unsure  bool // a revocation was tried and not acknowledged: it may have happened
}

// run writes until ctx ends.
func (w *writer) run(ctx context.Context) {
	tick := time.NewTicker(writePause)
	defer tick.Stop()
	for ctx.Err() == nil {
		w.write(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// write makes one write of a random kind, and offers what was acknowledged to the
// nemesis.
func (w *writer) write(ctx context.Context) {
	var s strike
	var err error
	a := w.living()
	switch roll := w.dice.IntN(10); {
	case roll < 5 || a == nil:
		s, err = w.publish(ctx, nil)
	case roll < 7:
		s, err = w.publish(ctx, a)
	default:
		s, err = w.revoke(ctx, a)
	}
	if err != nil {
		w.refused(ctx, err)
		return
	}
	select {
	case w.struck <- s:
	default:
	}
}

// living is a random agent that is not revoked for all that is known.
func (w *writer) living() *kept {
	for range 8 {
		if len(w.agents) == 0 {
			break
		}
		if a := w.agents[w.dice.IntN(len(w.agents))]; !a.revoked && !a.unsure {
			return a
		}
	}
	return nil
}

// publish publishes a new agent, or one at a new place.
func (w *writer) publish(ctx context.Context, a *kept) (strike, error) {
	w.made++
	doc, count := card(fmt.Sprintf("Writer %d agent %d", w.number, w.made), w.made), &w.moves
	req := api.PublishRequest{Document: doc}
	if a == nil {
		a, count = &kept{published: published{home: w.fleet.nodes[w.dice.IntN(killNodes)]}}, &w.publishes
	} else {
		req.Agent = a.name
	}
	p, err := w.send(ctx, a.home, req)
	if err != nil {
		return strike{}, err
	}
	if p.Sequence <= a.seq {
		w.t.Error(a.home.says("gave %s sequence %d after it had acknowledged %d", p.ID, p.Sequence, a.seq))
	}
	if a.seq == 0 {
		a.id, a.name = p.ID, p.Name
		w.agents = append(w.agents, a)
	}
	a.seq, a.until = p.Sequence, p.NotAfter
	w.counted(count, p.Partial)
	return strike{a.home, acked{agent: a, seq: a.seq}}, nil
}

// revoke reveals an agent's secret to a random daemon.
func (w *writer) revoke(ctx context.Context, a *kept) (strike, error) {
	through := w.fleet.nodes[w.dice.IntN(killNodes)]
	keys, err := keyring.Open(a.home.dir)
	if err != nil {
		return strike{}, err
	}
	agent, err := keys.Get(a.name)
	if err != nil {
		return strike{}, fmt.Errorf("the keys of an acknowledged agent: %w", errors.Join(errLost, err))
	}
	a.unsure = true
	res, err := w.reveal(ctx, through, agent)
	if err != nil {
		return strike{}, err
	}
	a.revoked, a.unsure = true, false
	w.counted(&w.revokes, res.Partial)
	return strike{through, acked{agent: a, dead: true}}, nil
}

// counted counts an acknowledged write.
func (w *writer) counted(count *int, partial bool) {
	*count++
	if partial {
		w.partial++
	}
}
