package bench

import (
	"context"
	"fmt"
	"slices"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

// manyNodes is the size from which on the goals of large networks apply.
const manyNodes = 1000

// The number of tombstones of a spread.
const (
	spreadMessages     = 20
	spreadMessagesFull = 40
)

func tombstone() Metric {
	return Metric{
		Name: "tombstone", About: "ms; from a revocation until each node refuses the agent", Virtual: true, Nodes: labNodes, Memory: labMemory,
		Explained: Explanation{
			Measures: "Tombstones of agents that nobody knows, one every 250 ms from nodes drawn by seed, in a calm network that has been up for a minute. The clock runs from the call that revokes until a node's own lookup, without asking anybody, answers revoked. Ours revokes as users do, on the topic and at the subject's key; stock publishes on a GossipSub topic with default options, and knows once its subscription has delivered.",
			Unit:     "ms, of every pair of a tombstone and a node. For each arm, `X_over_floor_...` are its quantiles over those of the floor, `X_last` the last arrival of a tombstone over the greatest floor of its pairs (median and worst), `X_copies` messages for each arrival, `X_arrived` the share of pairs that came, `X_connections` of a node. `stock32` is stock under our limit of 32 connections; stock as it is ends up connected to nearly everybody.",
			Floor:    "The shortest path between the two nodes in the complete graph of all nodes, where each hop takes the one-way delay and the charge.",
			Goal:     "p50 / p99 / max at most 1.10 / 1.12 / 1.15, from 1,000 nodes on 1.15 / 1.15 / 1.20, with every pair delivered.",
		},
		Run: runTombstone,
	}
}

func spreadGoal(c Cell) map[string]float64 {
	if c.Nodes >= manyNodes {
		return map[string]float64{"p50": 1.15, "p99": 1.15, "max": 1.20}
	}
	return map[string]float64{"p50": 1.10, "p99": 1.12, "max": 1.15}
}

func runTombstone(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
	r := Result{Unit: "ms", Goal: spreadGoal(c)}
	s, err := lab.RunSpread(ctx, c.config(say), c.size(spreadMessages, spreadMessagesFull), false)
	if err != nil {
		return cut(ctx, r, err)
	}
	r.spread(s)
	return r, nil
}

// spread enters the latencies of what was revoked.
func (r *Result) spread(s *lab.Spread) {
	w := s.Revoked
	ours, stock := w.Arms[lab.Ours], w.Arms[lab.Stock]
	r.Delivery = &Delivery{Stock: stock.Arrived, Ours: ours.Arrived}
	r.Stock, r.Ours, r.Floor = QuantilesOf(stock.Latency), QuantilesOf(ours.Latency), QuantilesOf(w.Floor)
	r.Ratio = Over(r.Ours, r.Floor)
	r.Samples = []Samples{{ArmStock, stock.Latency}, {ArmOurs, ours.Latency}, {ArmFloor, w.Floor}}
	all := make(map[string][]float64)
	for _, arm := range labArms() {
		a := w.Arms[arm]
		if all[arm] = a.Latency; len(a.Latency) == 0 {
			continue // it was left out
		}
		r.tellRatios(word(arm)+"_over_floor", Over(QuantilesOf(a.Latency), r.Floor))
		r.tell(Figure{word(arm) + "_last_p50", "1", median(a.Last)}, Figure{word(arm) + "_last_worst", "1", slices.Max(a.Last)},
			Figure{word(arm) + "_copies", "1", a.Copies}, Figure{word(arm) + "_arrived", "1", a.Arrived})
	}
	r.tellQuantiles("stock32", "ms", all[lab.Stock32])
	r.Plots = append(r.Plots, curves("Spread over time", "time since the call, ms", "nodes that refuse the agent, %", w.Floor, all))
	r.tellGround(s.Charge, s.Degree)
	r.Notes = append(s.Notes, fmt.Sprintf("%d tombstones", len(ours.Last)))
}
