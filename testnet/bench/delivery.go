package bench

import (
	"context"
	"fmt"
	"math"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

// The number of tombstones of each condition; in full as many as make a million pairs
// with 100 nodes.
const (
	deliveryMessages     = 100
	deliveryMessagesFull = 10_200
)

func delivery() Metric {
	return Metric{
		Name: "delivery", About: "ms; of tombstones under loss, crashes, droppers and Sybils, and how many are missing", Virtual: true, Nodes: labNodes,
		Memory: deliveryMemory,
		Explained: Explanation{
			Measures: "Tombstones, one every 100 ms from honest nodes drawn by seed, under five conditions: `calm`; `loss`, where 5 % of the packets vanish; `crash`, where 30 % of the nodes fall silent as the first one goes out; `droppers`, 10 % peers that keep to every protocol, take every tombstone and hand on none; and `sybils`, four of these for each honest node. Each hostile peer connects to 24 honest ones. What has not come two minutes after the last is missing. Stock has our limit of 32 connections here, and droppers that do the same in its protocols.",
			Unit:     "ms, of every pair in the calm; missing ones never came. `X_p99` is the p99 of a condition over its floor, `missing` the pairs of ours that never came in all conditions; `X_pairs`, `X_missing` and `X_stock_missing` count pairs, `X_ours_...` and `X_stock_...` are the latencies, `X_honest` the nodes that count.",
			Floor:    "The shortest path between the two nodes on which all live honest nodes may relay, each hop charged, without loss.",
			Goal:     "None missing, and p99 at most 1.5 times the floor under loss, 2 times with droppers and after a crash, 3 times among Sybils. With 10^6 pairs (in full), none missing bounds the loss at 3 in a million with 95 % confidence.",
		},
		Run: runDelivery,
	}
}

// deliveryMemory is what two networks in one process take, ours and one of stock nodes.
func deliveryMemory(c Cell) uint64 {
	if c.Alone {
		return labMemory(c)
	}
	return baseMemory + uint64(c.Nodes)*(stockPerNode+oursPerNode)
}

func deliveryGoal() map[string]float64 {
	return map[string]float64{"missing": 0, "loss_p99": 1.5, "crash_p99": 2, "droppers_p99": 2, "sybils_p99": 3}
}

func runDelivery(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
	r := Result{Unit: "ms", Goal: deliveryGoal()}
	if c.Nodes < 10 {
		return r, fmt.Errorf("%d nodes: of fewer than 10 there is no tenth that drops", c.Nodes)
	}
	d, err := lab.RunDelivery(ctx, c.config(say), c.size(deliveryMessages, deliveryMessagesFull))
	if d != nil {
		r.delivered(d)
	}
	if err != nil {
		return cut(ctx, r, err)
	}
	return r, nil
}

// delivered enters what arrived.
func (r *Result) delivered(d *lab.Delivery) {
	r.Ratio = make(map[string]float64)
	var pairs, missing, stockMissing float64
	for _, condition := range lab.Conditions() {
		w := d.Waves[condition]
		if w == nil {
			continue // the run has ended before
		}
		ours, stock, floor := w.Arms[lab.Ours], w.Arms[lab.Stock32], QuantilesOf(w.Floor)
		if condition == lab.Calm {
			r.Stock, r.Ours, r.Floor = QuantilesOf(stock.Latency), QuantilesOf(ours.Latency), floor
			r.Samples = []Samples{{ArmStock, stock.Latency}, {ArmOurs, ours.Latency}, {ArmFloor, w.Floor}}
			for key, v := range Over(r.Ours, floor) {
				r.Ratio[key] = v
			}
		} else if v, ok := Over(QuantilesOf(ours.Latency), floor)["p99"]; ok {
			r.Ratio[condition+"_p99"] = v
		}
		n, lost, stockLost := float64(len(ours.Latency)), never(ours.Latency), never(stock.Latency)
		pairs, missing, stockMissing = pairs+n, missing+lost, stockMissing+stockLost
		r.tell(Figure{condition + "_pairs", "1", n}, Figure{condition + "_missing", "1", lost}, Figure{condition + "_honest", "1", float64(d.Honest[condition])})
		if len(stock.Latency) > 0 {
			r.tell(Figure{condition + "_stock_missing", "1", stockLost})
		}
		r.tellQuantiles(condition+"_ours", "ms", ours.Latency)
		r.tellQuantiles(condition+"_stock", "ms", stock.Latency)
		r.tellQuantiles(condition+"_floor", "ms", w.Floor)
		r.Plots = append(r.Plots, curves("Spread over time: "+condition, "time since the call, ms", "honest live nodes that refuse the agent, %", w.Floor,
			map[string][]float64{lab.Ours: ours.Latency, lab.Stock32: stock.Latency}))
	}
	if pairs > 0 {
		r.Delivery = &Delivery{Ours: 1 - missing/pairs}
		if r.Stock != nil {
			r.Delivery.Stock = 1 - stockMissing/pairs
		}
	}
	r.tell(Figure{"missing", "1", missing}, Figure{"charge", "ms", d.Charge})
}

// never counts what did not come.
func never(values []float64) (n float64) {
	for _, v := range values {
		if math.IsInf(v, 1) {
			n++
		}
	}
	return n
}
