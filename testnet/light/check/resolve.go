package check

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/light"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

const (
	// readPause is the time between two lookups: longer than a connection that only a
	// lookup needed stays open.
	readPause = 35 * time.Second
	// modelReads is how many lookups the model does where the network does few.
	modelReads = 20_000
)

// Lookups is how far the model and the network agree on lookups. They are not the
// same ones: the model has links of the network and tables of its own, and draws who
// asks for what.
type Lookups struct {
	Nodes   int           `json:"nodes"`
	Count   int           `json:"count"`
	Found   int           `json:"found"`
	Network time.Duration `json:"network_p50_ns"`
	Model   time.Duration `json:"model_p50_ns"`
	// P50 is Model over Network.
	P50 float64 `json:"p50"`
}

// Resolve places an agent in a settled network and looks it up from nodes that do not
// hold it, each once, the first valid answer each time. It must be called inside the
// network's bubble.
func Resolve(ctx context.Context, w *sim.Network, m wan.Model, count int) (Lookups, error) {
	g := w.Graph()
	world, err := light.FromGraph(light.Config{Model: m}, g.Published, nil)
	if err != nil {
		return Lookups{}, fmt.Errorf("check: %w", err)
	}
	l := Lookups{Nodes: world.Nodes(), Model: time.Duration(world.Resolve(modelReads).Latency.P50) * time.Microsecond}
	var took []time.Duration
	for round := 0; l.Count < count; round++ {
		more, err := readAll(ctx, w, round, count-l.Count)
		if err != nil {
			return l, fmt.Errorf("check: %w", err)
		}
		for _, d := range more {
			if l.Count++; d >= 0 {
				took = append(took, d)
			}
		}
	}
	l.Found, l.Network = len(took), quantiles(took).P50
	l.P50 = float64(l.Model) / float64(l.Network)
	return l, nil
}

// readAll places one agent and reads it from up to most of the nodes that do not hold
// it. A negative time is that of an agent who was not found.
func readAll(ctx context.Context, w *sim.Network, round, most int) ([]time.Duration, error) {
	agent, err := w.NewAgent()
	if err != nil {
		return nil, err
	}
	nodes := w.Nodes()
	at := round % len(nodes)
	if _, err := nodes[at].Place(ctx, agent, "https://agent.example/"); err != nil {
		return nil, err
	}
	holders, err := w.Holders(ctx, agent.ID())
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for i, n := range nodes {
		if holders[n] != nil || i == at || len(took) == most {
			continue
		}
		time.Sleep(readPause)
		begin := time.Now()
		res, err := n.Resolve(ctx, agent.ID(), node.Policy{Mode: node.PolicyFirst})
		d := time.Since(begin)
		if err != nil || res.Status != records.StatusActive {
			d = -1
		}
		took = append(took, d)
	}
	if len(took) == 0 {
		return nil, fmt.Errorf("all %d nodes hold the agent", len(nodes))
	}
	return took, nil
}
