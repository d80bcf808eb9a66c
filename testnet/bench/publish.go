package bench

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

func publish() Metric {
	return Metric{
		Name: "publish", About: "ms; until a majority of the holders has acknowledged a record", Virtual: true, Nodes: labNodes, Memory: labMemory,
		Explained: Explanation{
			Measures: "Agents are published and moved once, one record every 250 ms from nodes drawn by seed. Two seconds later the stores of the true holders, the k nodes closest to the key without the publisher, are looked into. In the end three nodes of ten fall silent at once, and two seconds later half as many new agents are published.",
			Unit:     "ms, of every record: ours until a majority of the true holders had acknowledged, stock until PutValue returned nil, which says nothing. `confirmed` is until ours had its read-backs too. `dead_...` are the ratios with three of ten dead. For each arm `X_stored` is the share of acknowledged records, `X_held` that of true holders with the record in their store, `X_nowhere` how many were said to be stored and were not in any of them (of stock, 20 records of each round are looked for).",
			Floor:    "The round trip to the holder that completes the majority, the nearest first, and another one for the handshake where the publisher has no connection. Each hop is charged. Holders are taken from all live nodes and not from anybody's table.",
			Goal:     "p50 / p99 at most 1.10 / 1.20, with three of ten dead 1.5 / 1.5; every record acknowledged and held by all true holders, and found by other readers.",
		},
		Run: runPublish,
	}
}

func publishGoal() map[string]float64 {
	return map[string]float64{"p50": 1.10, "p99": 1.20, "dead_p50": 1.5, "dead_p99": 1.5, "dead_missing": 0, "ours_not_held": 0, "not_found": 0}
}

func runPublish(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
	r := Result{Unit: "ms", Goal: publishGoal()}
	s, err := lab.RunPublishing(ctx, c.config(say), c.size(lookupKeys, lookupKeysFull))
	if err != nil {
		return cut(ctx, r, err)
	}
	r.published(s)
	return r, nil
}

// published enters what came of records that were published.
func (r *Result) published(s *lab.Publishing) {
	ours, stock, dead := s.Calm[lab.Ours], s.Calm[lab.Stock], s.Dead[lab.Ours]
	r.Delivery = &Delivery{Stock: stock.Share(), Ours: ours.Share()}
	r.Stock, r.Ours, r.Floor = QuantilesOf(stock.Acked), QuantilesOf(ours.Acked), QuantilesOf(ours.Floor)
	r.Ratio = Over(r.Ours, r.Floor)
	for key, v := range Over(QuantilesOf(dead.Acked), QuantilesOf(dead.Floor)) {
		r.Ratio["dead_"+key] = v
	}
	r.Samples = []Samples{{ArmStock, stock.Acked}, {ArmOurs, ours.Acked}, {ArmFloor, ours.Floor}}
	r.tell(Figure{"dead_missing", "1", 1 - dead.Share()})
	r.tell(Figure{"ours_not_held", "1", float64(ours.Holders - ours.Holding)}, Figure{"not_found", "1", 1 - s.Found})
	r.tellQuantiles("confirmed", "ms", ours.Confirmed)
	r.tellQuantiles("stock32", "ms", s.Calm[lab.Stock32].Acked)
	for _, arm := range labArms() {
		r.tellPuts(word(arm), s.Calm[arm])
	}
	for _, arm := range labArms() {
		r.tellQuantiles("dead_"+word(arm), "ms", s.Dead[arm].Acked)
		r.tellPuts("dead_"+word(arm), s.Dead[arm])
	}
	r.tellQuantiles("dead_floor", "ms", dead.Floor)
	r.tellQuantiles("dead_confirmed", "ms", dead.Confirmed)
	r.tellGround(s.Charge, s.Degree)
	r.Notes = []string{fmt.Sprintf("k is %d for ours, of which %d are a majority; 20 for stock", s.K, s.K/2+1)}
}

// tellPuts adds what is beside the latencies of records that were published.
func (r *Result) tellPuts(who string, p *lab.Puts) {
	if len(p.Acked) == 0 {
		return // the arm was left out
	}
	r.tell(Figure{who + "_stored", "1", p.Share()}, Figure{who + "_held", "1", float64(p.Holding) / float64(max(1, p.Holders))}, Figure{who + "_nowhere", "1", float64(p.Empty)})
}
