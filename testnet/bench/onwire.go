package bench

import (
	"context"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

func onWire() Metric {
	return Metric{
		Name: "wire", About: "B; on the wire for each tombstone and node", Virtual: true, Nodes: labNodes, Memory: labMemory,
		Explained: Explanation{
			Measures: "All packets that all nodes send while tombstones go out on the topic, one every 250 ms and two seconds more, with 28 bytes of IPv4 and UDP headers each, acknowledgements included, over the number of tombstones and nodes. A stranger gives each tombstone to a node of ours, so that nothing is put at its key. The nodes have been up for ten minutes and more. What the network sent in the idle 30 seconds before, for as long a time, is subtracted.",
			Unit:     "B; quantiles are of the slots of 250 ms that each tombstone begins. `net` is the mean of the whole run over the floor, `gross` the same with nothing subtracted in either; `X_net`, `X_gross` in bytes and `X_idle` in bytes a second and node are of each arm. `ours_revoked_net` is with the puts at the subject's key, 20 for each tombstone whatever the size of the network. `ours_in_run_...` are the latencies of the same run over their floor.",
			Floor:    "Executed: a tombstone on an open stream between two hosts, one every 250 ms, counted in the same way.",
			Goal:     "`net` at most 1.5, in a run whose latencies hold too (1.10 / 1.12 / 1.15 of their floor) and in which everything arrives.",
		},
		Run: runOnWire,
	}
}

func runOnWire(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
	r := Result{Unit: "B", Goal: map[string]float64{"net": 1.5}}
	for key, goal := range spreadGoal(c) {
		r.Goal["ours_in_run_"+key] = goal
	}
	s, err := lab.RunSpread(ctx, c.config(say), c.size(spreadMessages, spreadMessagesFull), true)
	if err != nil {
		return cut(ctx, r, err)
	}
	r.onWire(s)
	return r, nil
}

// onWire enters the bytes of what went out on the topic alone.
func (r *Result) onWire(s *lab.Spread) {
	ours, stock := s.Topic.Arms[lab.Ours], s.Topic.Arms[lab.Stock]
	r.Delivery = &Delivery{Stock: stock.Arrived, Ours: ours.Arrived}
	r.Stock, r.Ours = QuantilesOf(stock.Each), QuantilesOf(ours.Each)
	r.Floor = QuantilesOf([]float64{s.LoneNet})
	r.Ratio = Over(r.Ours, r.Floor)
	r.Ratio["net"], r.Ratio["gross"] = ours.Net/s.LoneNet, ours.Gross/s.LoneGross
	for _, arm := range labArms() {
		a := s.Topic.Arms[arm]
		if len(a.Latency) == 0 {
			continue // it was left out
		}
		r.tell(Figure{word(arm) + "_net", "B", a.Net}, Figure{word(arm) + "_gross", "B", a.Gross}, Figure{word(arm) + "_idle", "B/s", a.Idle},
			Figure{word(arm) + "_copies", "1", a.Copies}, Figure{word(arm) + "_arrived", "1", a.Arrived})
	}
	r.tell(Figure{"ours_revoked_net", "B", s.Revoked.Arms[lab.Ours].Net}, Figure{"floor_net", "B", s.LoneNet}, Figure{"floor_gross", "B", s.LoneGross})
	r.tellRatios("ours_in_run", Over(QuantilesOf(ours.Latency), QuantilesOf(s.Topic.Floor)))
	r.tellGround(s.Charge, s.Degree)
	r.Samples = []Samples{{ArmStock, stock.Each}, {ArmOurs, ours.Each}}
	r.Notes = s.Notes
}
