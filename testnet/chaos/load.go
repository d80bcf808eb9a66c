package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/audit"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

const (
	// clients ask side by side, at most rate questions a second in all.
	clients = 12
	rate    = 25
	// maxAgents bounds how many agents there are.
	maxAgents = 400
	// askLimit is how long a client waits for an answer.
	askLimit = 15 * time.Second
)

// load is many clients that publish, move, find and revoke agents through any node.
type load struct {
	world scenario.World
	nodes int
	log   *audit.Log
	seed  uint64

	mu     sync.Mutex
	agents []*subject     // owned by mu
	done   map[string]int // operations by what came of them; owned by mu
}

// subject is an agent and what was done with it.
type subject struct {
	*testnet.Agent
	writing sync.Mutex // held by who publishes it: an agent's records go out one by one
	revoked bool       // somebody began to revoke it; owned by load.mu
	// confirmed is the highest sequence whose publish was confirmed; owned by load.mu.
	confirmed uint64
}

func newLoad(w scenario.World, nodes int, log *audit.Log, seed uint64) *load {
	return &load{world: w, nodes: nodes, log: log, seed: seed, done: make(map[string]int)}
}

// run asks until ctx ends. It fails only where a client cannot even sign.
func (l *load) run(ctx context.Context) error {
	tokens := make(chan struct{})
	var group sync.WaitGroup
	errs := make([]error, clients)
	for i := range clients {
		rng := rand.New(rand.NewPCG(l.seed, uint64(i)+100))
		group.Go(func() {
			for range tokens {
				if errs[i] == nil {
					errs[i] = l.step(rng)
				}
			}
		})
	}
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			select {
			case tokens <- struct{}{}:
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
	}
	close(tokens)
	group.Wait()
	return errors.Join(errs...)
}

// step does one thing at random.
func (l *load) step(rng *rand.Rand) error {
	n := 1 + rng.IntN(l.nodes)
	dice := rng.Float64()
	a := l.pick(rng)
	switch {
	case a == nil || dice < 0.12 && l.count() < maxAgents:
		return l.publishNew(n)
	case dice < 0.28:
		return l.publish(n, a)
	case dice < 0.33:
		return l.revoke(n, a)
	}
	policies := [...]string{"cache-first", "cache-first", "first", "most-recent", "cache-only"}
	l.resolve(n, a, policies[rng.IntN(len(policies))])
	return nil
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.agents)
}

// pick returns an agent at random, nil where there is none yet.
func (l *load) pick(rng *rand.Rand) *subject {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.agents) == 0 {
		return nil
	}
	return l.agents[rng.IntN(len(l.agents))]
}

// tally counts what came of an operation.
func (l *load) tally(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[what]++
}

// tallies returns the counts, and their names in order.
func (l *load) tallies() ([]string, map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.done)), maps.Clone(l.done)
}

// publishNew makes an agent and publishes it.
func (l *load) publishNew(n int) error {
	agent, err := testnet.NewAgent(l.world.Now)
	if err != nil {
		return err
	}
	a := &subject{Agent: agent}
	l.mu.Lock()
	name := fmt.Sprintf("a%d", len(l.agents)+1)
	l.agents = append(l.agents, a)
	l.mu.Unlock()
	l.log.Note(audit.Event{Kind: audit.NewAgent, Agent: a.ID(), Note: name})
	return l.publish(n, a)
}

// publish signs an agent's next record and publishes it.
func (l *load) publish(n int, a *subject) error {
	if !a.writing.TryLock() {
		return nil // somebody else is at it
	}
	defer a.writing.Unlock()
	l.mu.Lock()
	revoked := a.revoked
	l.mu.Unlock()
	if revoked {
		return nil
	}
	rec, err := a.At(fmt.Sprintf("https://n%d.example/%d", n, time.Now().UnixNano()))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	op := l.log.Begin(audit.Event{Kind: audit.Publish, Node: n, Agent: a.ID(), Proof: rec.Bytes()})
	r, err := l.world.Publish(ctx, n, rec)
	l.wrote("publish", op, r, err)
	if err == nil && r.Confirmed {
		l.mu.Lock()
		a.confirmed = max(a.confirmed, rec.Sequence())
		l.mu.Unlock()
	}
	return nil
}

// revoke ends an agent.
func (l *load) revoke(n int, a *subject) error {
	t, err := a.Tombstone()
	if err != nil {
		return err
	}
	l.mu.Lock()
	a.revoked = true
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	op := l.log.Begin(audit.Event{Kind: audit.Revoke, Node: n, Agent: a.ID(), Proof: t.Bytes()})
	r, err := l.world.Revoke(ctx, n, t)
	l.wrote("revoke", op, r, err)
	return nil
}

// wrote notes how a write ended.
func (l *load) wrote(what string, op *audit.Op, r scenario.Receipt, err error) {
	switch {
	case err != nil:
		op.End(audit.Event{Error: err.Error()})
		what += " failed"
	case r.Confirmed:
		op.End(audit.Event{Receipt: receipt(r)})
		what += " confirmed"
	default:
		op.End(audit.Event{Receipt: receipt(r)})
		what += " partial"
	}
	l.tally(what)
}

func receipt(r scenario.Receipt) *audit.Receipt {
	return &audit.Receipt{Targets: r.Targets, Acks: r.Acks, ReadBack: r.ReadBack, Confirmed: r.Confirmed}
}

// resolve asks for an agent.
func (l *load) resolve(n int, a *subject, policy string) {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	l.mu.Lock()
	confirmed := a.confirmed
	l.mu.Unlock()
	op := l.log.Begin(audit.Event{Kind: audit.Resolve, Node: n, Agent: a.ID(), Policy: policy})
	answer, err := l.world.Resolve(ctx, n, a.ID(), policy)
	if err != nil {
		op.End(audit.Event{Error: err.Error()})
		l.tally("resolve failed")
		return
	}
	op.End(audit.Event{Status: answer.Status, Proof: answer.Proof, Source: answer.Source, Asked: answer.Asked})
	what := "resolve " + string(answer.Status)
	if rec, err := records.OpenRecord(answer.Proof); err == nil && answer.Status == records.StatusActive && rec.Sequence() < confirmed {
		what += ", an older place (" + policy + ")"
	}
	l.tally(what)
}

// askAll asks every node for every agent, by one policy.
func (l *load) askAll(ctx context.Context, policy string) {
	l.mu.Lock()
	agents := slices.Clone(l.agents)
	l.mu.Unlock()
	var group sync.WaitGroup
	work := make(chan func())
	for range clients {
		group.Go(func() {
			for do := range work {
				do()
			}
		})
	}
	for _, a := range agents {
		for n := 1; n <= l.nodes && ctx.Err() == nil; n++ {
			work <- func() { l.resolve(n, a, policy) }
		}
	}
	close(work)
	group.Wait()
}
