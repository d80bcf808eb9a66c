// Package check holds the light model against a running network: the same messages,
// from the same nodes, over the same links.
package check

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/light"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// pause lies between two messages, so that the stragglers of one do not meet the next.
const pause = time.Second

// ownSeed draws the links and the mesh that the model makes itself.
const ownSeed = 1

// Quantiles are those of all pairs of message and receiver.
type Quantiles struct {
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

// Agreement is how far the model and the network agree.
type Agreement struct {
	Nodes    int `json:"nodes"`
	Messages int `json:"messages"`
	// Network was measured; Graph is the model over the links that were read out of the
	// network before each message.
	Network Quantiles `json:"network"`
	Graph   Quantiles `json:"graph"`
	// Own is the model over links of its own making, between the same nodes:
	// what it says where there is no network to read them out of.
	Own Quantiles `json:"own"`
	// P50, P99 and Max are Graph over Network.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
	// Missing are pairs that one of the two has and the other has not.
	Missing int `json:"missing"`
	// Degree is the peers of a node, Mesh those of them that it passes facts on to by one
	// of its ways, on average.
	Degree float64 `json:"degree"`
	Mesh   float64 `json:"mesh"`
}

// Spread revokes agents in a settled network, each through another node, and lets
// the model spread the same messages. It must be called inside the network's bubble.
func Spread(ctx context.Context, w *sim.Network, m wan.Model, messages int) (Agreement, error) {
	a := Agreement{Nodes: len(w.Nodes()), Messages: messages}
	alone, err := light.New(light.Config{Nodes: a.Nodes, Seed: ownSeed, Model: m})
	if err != nil {
		return a, fmt.Errorf("check: %w", err)
	}
	var network, graph, own []time.Duration
	for k := range messages {
		from := (k * 7) % a.Nodes
		g := w.Graph()
		a.Degree += mean(g.Published) / float64(messages)
		a.Mesh += mean(g.Passed) / float64(messages)
		world, err := light.FromGraph(light.Config{Model: m}, g.Published, nil)
		if err != nil {
			return a, fmt.Errorf("check: %w", err)
		}
		model, guess := world.Arrivals(from), alone.Arrivals(from)
		took, err := revoke(ctx, w, from)
		if err != nil {
			return a, fmt.Errorf("check: message %d from node %d: %w", k, from, err)
		}
		for i := range took {
			switch {
			case i == from:
			case (took[i] < 0) != (model[i] < 0):
				a.Missing++
			case took[i] >= 0:
				network, graph, own = append(network, took[i]), append(graph, model[i]), append(own, guess[i])
			}
		}
		time.Sleep(pause)
	}
	a.Network, a.Graph, a.Own = quantiles(network), quantiles(graph), quantiles(own)
	a.P50 = float64(a.Graph.P50) / float64(a.Network.P50)
	a.P99 = float64(a.Graph.P99) / float64(a.Network.P99)
	a.Max = float64(a.Graph.Max) / float64(a.Network.Max)
	return a, nil
}

// revoke revokes a new agent through one node and returns after how long each node
// had the fact, or a negative time where ctx ended before.
func revoke(ctx context.Context, w *sim.Network, from int) ([]time.Duration, error) {
	agent, err := w.NewAgent()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	nodes := w.Nodes()
	at := make([]time.Time, len(nodes))
	var group sync.WaitGroup
	defer group.Wait()
	for i, n := range nodes {
		group.Go(func() { at[i] = learned(ctx, n, agent) })
	}
	time.Sleep(pause) // all watch
	begin := time.Now()
	if _, err := nodes[from].End(ctx, agent); err != nil {
		cancel()
		return nil, err
	}
	group.Wait()
	took := make([]time.Duration, len(nodes))
	for i, t := range at {
		if took[i] = t.Sub(begin); t.IsZero() {
			took[i] = -1
		}
	}
	return took, nil
}

// learned is when a node had the fact of an agent's end; zero where ctx ended before.
func learned(ctx context.Context, n *testnet.Node, agent *testnet.Agent) time.Time {
	for f, err := range n.Facts(ctx, 0, true) {
		if err == nil && f.Fact.ID() == agent.ID() {
			return time.Now()
		}
	}
	return time.Time{}
}

func mean(lists [][]int) float64 {
	sum := 0
	for _, l := range lists {
		sum += len(l)
	}
	return float64(sum) / float64(max(len(lists), 1))
}

func quantiles(all []time.Duration) Quantiles {
	if len(all) == 0 {
		return Quantiles{}
	}
	slices.Sort(all)
	last := len(all) - 1
	return Quantiles{P50: all[last/2], P99: all[99*last/100], Max: all[last]}
}
