package bench

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

const (
	floodNodes = 30
	// The seconds of a flood.
	floodLasts     = 12
	floodLastsFull = 20
	// floodPerFact is what a fact of the flood takes in each node of the process.
	floodPerFact = 400
	// floodHeap is how much memory a process takes for each byte that is in use: the
	// collector lets garbage grow to as much again.
	floodHeap = 2
)

func flood() Metric {
	return Metric{
		Name: "flood", About: "ms; of honest tombstones while 10,000 valid ones a second come from free identities", Virtual: true, Nodes: floodNodes, OwnSize: true,
		Memory: func(c Cell) uint64 {
			return baseMemory + uint64(c.Nodes)*(oursPerNode+floodPerFact*10_000*uint64(c.size(floodLasts, floodLastsFull)))
		},
		Explained: Explanation{
			Measures: "10,000 valid tombstones a second of free identities, for 12 s (20 in full), from four members in networks of their own that are connected to eight nodes each, speak every protocol, push each tombstone to all of these, and give what was turned away in reconciliations. After 5 s, when what the lanes let through at first is used up, honest nodes revoke an agent every 50 ms, by turns one that nobody knows, with the 16 bits of work that `cairn agent new` puts into an ID; one that is published, and so known to its holders and to nobody else, without work; and one that nobody knows, without. Latencies are virtual, each hop charged; memory and CPU are those of the process.",
			Unit:     "ms, of every pair of an honest tombstone and a node, of those with work. `worked`, `known` and `bare` are the kinds, `X_over_1s` which part of the pairs took more than a second; what has not come two minutes after the last is `missing`. `memory` is what a node took for the flood, in MiB: the live heap of the process, flooders included, over its nodes, doubled, since so much garbage may lie beside it; the nodes' disks are in memory here, and counted. `facts` is how many facts a node holds in the end, `dropped` how many its lane turned away, `rounds` how many reconciliations a node began in a second, `cpu` what a fact cost a node in microseconds; at 10,000 a second 100 of them are a core.",
			Floor:    "The shortest path between the two nodes on which all may relay, each hop charged, in a network without a flood.",
			Goal:     "p99 under 1 s for agents as the tools make them, memory under 100 MiB, and nothing missing of any kind. Without work a tombstone passes at once only where its subject is known, stands in line with the flood elsewhere, and comes by reconciliation.",
		},
		Run: runFlood,
	}
}

func floodGoal() map[string]float64 {
	return map[string]float64{"missing": 0, "worked_p99": 1000, "memory": 100}
}

func runFlood(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
	r := Result{Unit: "ms", Goal: floodGoal()}
	if c.Nodes < 10 {
		return r, fmt.Errorf("%d nodes: fewer than 10 have no room for four flooders", c.Nodes)
	}
	f, err := lab.RunFlood(ctx, c.config(say), time.Duration(c.size(floodLasts, floodLastsFull))*time.Second)
	if f != nil {
		r.flooded(f)
	}
	if err != nil {
		return cut(ctx, r, err)
	}
	return r, nil
}

// flooded enters what came of a flood.
func (r *Result) flooded(f *lab.Flood) {
	var ours []float64
	pairs, missing := 0, 0.0
	for _, kind := range lab.FloodKinds() {
		values := f.Latency[kind]
		r.tellQuantiles(kind, "ms", values)
		r.tell(Figure{kind + "_over_1s", "1", share(values, 1000)})
		pairs, missing = pairs+len(values), missing+never(values)
		if kind == lab.Worked {
			ours = values
		}
	}
	r.Ours, r.Floor = QuantilesOf(ours), QuantilesOf(f.Floor)
	r.Samples = []Samples{{ArmOurs, ours}, {ArmFloor, f.Floor}}
	if pairs > 0 {
		r.Delivery = &Delivery{Ours: 1 - missing/float64(pairs)}
	}
	r.Plots = append(r.Plots, curves("Honest tombstones in a flood", "time since the call, ms", "nodes that refuse the agent, %", f.Floor, f.Latency))
	r.tell(Figure{"missing", "1", missing}, Figure{"pairs", "1", float64(pairs)}, Figure{"memory", "MiB", floodHeap * f.Growth / (1 << 20)},
		Figure{"facts", "1", math.Round(f.Reached)}, Figure{"dropped", "1", math.Round(f.Dropped)}, Figure{"rounds", "1/s", f.Rounds}, Figure{"cpu", "us", f.CPU}, Figure{"charge", "ms", f.Charge})
}

// share is which part of values is over a bound.
func share(values []float64, bound float64) float64 {
	over := 0
	for _, v := range values {
		if v > bound {
			over++
		}
	}
	return float64(over) / float64(max(1, len(values)))
}
