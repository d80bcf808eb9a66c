//go:build soak

package sim_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

// What a receipt calls confirmed is found when of all who hold it all but one end from one
// moment to the next, and its publisher with them: ten thousand times.
func TestSoakAllButOneHolderKilled(t *testing.T) {
	for range 10 {
		bubble(t, func(t *testing.T) { killHolders(t, *killRounds, 100) })
	}
}

var killRounds = flag.Int("kill-rounds", 10, "how often the holders of a hundred agents are killed, in each of ten networks")

// The nodes of these networks, and how many of them are to hold a record.
const (
	holderNodes  = 16
	holderCopies = 4
)

// killHolders publishes agents that have the same holders, and then ends all of these but
// one, and the publisher, as often as rounds says. Whoever is left over is asked.
func killHolders(t *testing.T, rounds, agents int) {
	random := rand.New(rand.NewPCG(rand.Uint64(), 1))
	w := start(t, sim.Config{Nodes: holderNodes, Replication: holderCopies, Wire: sim.WireConfig{Seed: random.Uint64()}})
	trials, partial, lost := 0, 0, 0
	for range rounds {
		publisher := w.Nodes()[random.IntN(holderNodes)]
		crowd := neighbours(t, w, publisher, agents)
		confirmed := publishAll(t, publisher, crowd)
		partial += len(crowd) - len(confirmed)
		spared, with, down := holdersOf(t, w, publisher, confirmed, random)
		if down = append(down, publisher); len(down) == holderNodes-1 {
			continue // nobody would be left to ask
		}
		for _, n := range down {
			if err := w.Kill(n.Index); err != nil {
				t.Fatal(err)
			}
		}
		trials += len(with)
		lost += lostOf(t, w, random, spared, with)
		for _, n := range down {
			if _, err := w.Restart(n.Index); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d confirmed and left with one holder, %d not confirmed; %d lost", trials, partial, lost)
	if lost > 0 || trials == 0 {
		t.Errorf("%d of %d that were confirmed are lost", lost, trials)
	}
}

// neighbours makes agents whose nearest nodes are the same ones, not the publisher.
func neighbours(t *testing.T, w *sim.Network, publisher *testnet.Node, count int) (crowd []*testnet.Agent) {
	t.Helper()
	var at []*testnet.Node
	for len(crowd) < count {
		a := newAgent(t, w)
		near := w.Nearest(a.ID(), holderCopies)
		slices.SortFunc(near, func(a, b *testnet.Node) int { return a.Index - b.Index })
		if at == nil && !slices.Contains(near, publisher) {
			at = near
		}
		if slices.Equal(at, near) {
			crowd = append(crowd, a)
		}
	}
	return crowd
}

// publishAll returns those that were confirmed.
func publishAll(t *testing.T, at *testnet.Node, crowd []*testnet.Agent) (confirmed []*testnet.Agent) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, a := range crowd {
		all.Go(func() {
			_, err := at.Place(t.Context(), a, "https://"+a.ID().String()[:20]+".example/")
			var partial *overlay.PartialError
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				confirmed = append(confirmed, a)
			case !errors.As(err, &partial):
				t.Errorf("publish: %v", err)
			}
		})
	}
	all.Wait()
	return confirmed
}

// holdersOf picks one of the nodes beside the publisher that hold half of the agents at
// least, and returns the agents that it holds, and all others that hold any.
func holdersOf(t *testing.T, w *sim.Network, publisher *testnet.Node, crowd []*testnet.Agent, random *rand.Rand) (one *testnet.Node, with []*testnet.Agent, others []*testnet.Node) {
	t.Helper()
	held := make(map[*testnet.Node][]*testnet.Agent)
	for _, a := range crowd {
		by, err := w.Holders(t.Context(), a.ID())
		if err != nil {
			t.Fatal(err)
		}
		delete(by, publisher)
		for n := range by {
			held[n] = append(held[n], a)
		}
	}
	var most []*testnet.Node
	for n, all := range held {
		others = append(others, n)
		if 2*len(all) >= len(crowd) {
			most = append(most, n)
		}
	}
	byIndex := func(a, b *testnet.Node) int { return a.Index - b.Index }
	slices.SortFunc(others, byIndex)
	slices.SortFunc(most, byIndex)
	one = most[random.IntN(len(most))]
	return one, held[one], slices.DeleteFunc(others, func(n *testnet.Node) bool { return n == one })
}

// lostOf asks, of each agent, a node that holds none, and returns how many are not found.
func lostOf(t *testing.T, w *sim.Network, random *rand.Rand, spared *testnet.Node, crowd []*testnet.Agent) (lost int) {
	t.Helper()
	askers := slices.DeleteFunc(w.Nodes(), func(n *testnet.Node) bool { return n == spared })
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, a := range crowd {
		n := askers[random.IntN(len(askers))]
		all.Go(func() {
			res, err := n.Resolve(t.Context(), a.ID(), node.Policy{Mode: node.PolicyFirst})
			if err == nil && res.Status == records.StatusActive {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			lost++
			t.Errorf("%s is lost: %s says %s, %v", a.ID(), n.Name(), res.Status, err)
		})
	}
	all.Wait()
	return lost
}
