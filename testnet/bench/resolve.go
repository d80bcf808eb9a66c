package bench

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

// The number of agents that are published and looked for.
const (
	lookupKeys     = 100
	lookupKeysFull = 200
)

func resolve() Metric {
	return Metric{
		Name: "resolve", About: "ms; until a reader that never asked has the newest record", Virtual: true, Nodes: labNodes, Memory: labMemory,
		Explained: Explanation{
			Measures: "Agents are published and moved once, then each is looked for by a node that holds nothing of it and never asked, one every 250 ms; after that by fresh clients that began to join through one node two seconds before, four agents each. Only the newest record, called active, is an answer. Stock answers with the first value of a search; the full walk is its GetValue.",
			Unit:     "ms, of every lookup by a node of the network. `client_...` are the quantiles of fresh clients over their floor. For each arm `X_found` is the share answered rightly, `X_questions` how many questions were answered until then (of stock: begun), `X_full` the full walk, `X_direct` and `X_relayed` the two floors.",
			Floor:    "For each reader the smaller of two. Direct: a round trip to the nearest of the k closest nodes of the key, taken from all nodes and not from anybody's table, and another one for the handshake where there is no connection. Relayed: there and back on the shortest path on which all nodes may pass the question on; for a client, from the node through which it joined. Each hop is charged.",
			Goal:     "p50 / p99 at most 1.10 / 1.25 for a node of the network, 1.25 / 1.5 for a client, with every answer right.",
		},
		Run: runResolve,
	}
}

func resolveGoal() map[string]float64 {
	return map[string]float64{"p50": 1.10, "p99": 1.25, "client_p50": 1.25, "client_p99": 1.5, "client_missing": 0}
}

func runResolve(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
	r := Result{Unit: "ms", Goal: resolveGoal()}
	s, err := lab.RunResolving(ctx, c.config(say), c.size(lookupKeys, lookupKeysFull))
	if err != nil {
		return cut(ctx, r, err)
	}
	r.resolved(s)
	return r, nil
}

// resolved enters what came of lookups.
func (r *Result) resolved(s *lab.Resolving) {
	ours, stock := s.Known[lab.Ours], s.Known[lab.Stock]
	r.Delivery = &Delivery{Stock: stock.Share(), Ours: ours.Share()}
	r.Stock, r.Ours, r.Floor = QuantilesOf(stock.Took), QuantilesOf(ours.Took), QuantilesOf(ours.Floor)
	r.Ratio = Over(r.Ours, r.Floor)
	r.Samples = []Samples{{ArmStock, stock.Took}, {ArmOurs, ours.Took}, {ArmFloor, ours.Floor}}
	asked := make(map[string][]float64)
	for _, arm := range labArms() {
		asked[arm] = s.Known[arm].Asked
		r.tellReads(word(arm), s.Known[arm])
	}
	r.tellQuantiles("stock32", "ms", s.Known[lab.Stock32].Took)
	client := s.Fresh[lab.Ours]
	r.tell(Figure{"client_missing", "1", 1 - client.Share()})
	for key, v := range Over(QuantilesOf(client.Took), QuantilesOf(client.Floor)) {
		r.Ratio["client_"+key] = v
	}
	for _, arm := range []string{lab.Ours, lab.Stock} {
		r.tellQuantiles("client_"+arm, "ms", s.Fresh[arm].Took)
		r.tellReads("client_"+arm, s.Fresh[arm])
	}
	r.tellGround(s.Charge, s.Degree)
	r.Plots = []Plot{counts("Questions until the first answer", "questions", asked)}
	r.Notes = []string{fmt.Sprintf("k is %d for ours, 20 for stock", s.K)}
}

// tellReads adds what is beside the latencies of lookups.
func (r *Result) tellReads(who string, s *lab.Reads) {
	if len(s.Took) == 0 {
		return // the arm was left out
	}
	r.tell(Figure{who + "_found", "1", s.Share()})
	r.tellQuantiles(who+"_questions", "1", s.Asked)
	r.tellQuantiles(who+"_full", "ms", s.Full)
	r.tellQuantiles(who+"_direct", "ms", s.Direct)
	r.tellQuantiles(who+"_relayed", "ms", s.Relayed)
}
