package bench

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

const (
	// rejoinFacts is how many facts both sides have in common.
	rejoinFacts     = 100_000
	rejoinFactsFull = 1_000_000
	// rejoinPerFact is what a fact takes in memory, in two sets and while they are
	// compared.
	rejoinPerFact = 1500
	// rejoinAllowance is what a reconciliation may take beside the facts, and
	// rejoinAllowed what it may take for each difference where both sides lack some.
	rejoinAllowance = 1000
	rejoinAllowed   = 60
)

func rejoin() Metric {
	return Metric{
		Name: "rejoin", About: "B; for a node that missed tombstones to learn of them", Virtual: true, Nodes: 2,
		Memory: func(c Cell) uint64 { return baseMemory + rejoinPerFact*uint64(c.size(rejoinFacts, rejoinFactsFull)) },
		Explained: Explanation{
			Measures: "Two nodes that have agreed on 10^5 tombstones (in full 10^6) over a connection that stands. Then one lacks d of them, d from 1 to 1,000 (10,000), and reconciles with the other; then once more where the other lacks as many others; and once more where both have got 10 d others meanwhile, 1,000 at least, the same ones by other ways, as members of one network do. All packets of both are counted, acknowledgements and headers included; the handshake of the connection is not among them, and what an idle connection sends is subtracted. Stock libraries repair nothing that is older than three heartbeats, so such a node never learns: their arm is what it takes to send everything.",
			Unit:     "B; quantiles are over all rows. `bytes` is (bytes - 1 kB) over the bytes of the missing tombstones, for the worst d; `diverged` the same where both sides lack some, others or not, less 60 B for each difference. `trips` is the time until everything is held over a round trip, at the median d, `diverged_trips` the same. For each row `behind_D_bytes`, `diverged_D_bytes` and, where both got others, `mixed_D_bytes` in bytes, `..._took` in round trips, `..._waits` how often the node waited for the other side.",
			Floor:    "The bytes of the missing tombstones alone.",
			Goal:     "`bytes` and `diverged` at most 1.15, 2 round trips behind and 3 diverged, with everything held in the end. The size of the network plays no part.",
		},
		Run: runRejoin,
	}
}

func rejoinGoal() map[string]float64 {
	return map[string]float64{"bytes": 1.15, "diverged": 1.15, "trips": 2, "diverged_trips": 3}
}

func runRejoin(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
	r := Result{Unit: "B", Goal: rejoinGoal()}
	missing := []int{1, 10, 100, 1000}
	if c.Full {
		missing = append(missing, 10_000)
	}
	rows, full, charge, err := lab.RunRejoin(ctx, c.config(say), c.size(rejoinFacts, rejoinFactsFull), missing)
	if err == nil || len(rows) > 0 && ctx.Err() != nil {
		r.rejoined(rows, full)
		r.tell(Figure{"charge", "ms", charge})
		r.Notes = []string{fmt.Sprintf("%d tombstones in common", c.size(rejoinFacts, rejoinFactsFull))}
	}
	if err != nil {
		return cut(ctx, r, err)
	}
	return r, nil
}

// rejoined enters the rows of a rejoin; everything is the bytes of sending all.
func (r *Result) rejoined(rows []lab.Rejoin, everything float64) {
	var ours, floor, all, trips, divergedTrips []float64
	r.Ratio, r.Delivery = make(map[string]float64), new(Delivery)
	for _, row := range rows {
		ours, floor, all = append(ours, row.Bytes), append(floor, row.Least), append(all, everything)
		key, over := "bytes", row.Bytes-rejoinAllowance
		name := fmt.Sprintf("behind_%d", row.Missing)
		if row.Diverged {
			key, over, name = "diverged", over-rejoinAllowed*2*float64(row.Missing), fmt.Sprintf("diverged_%d", row.Missing)
			if row.Alike > 0 {
				name = fmt.Sprintf("mixed_%d", row.Missing)
			}
			divergedTrips = append(divergedTrips, row.Took/row.RTT)
		} else {
			trips = append(trips, row.Took/row.RTT)
		}
		if worst, ok := r.Ratio[key]; !ok || over/row.Least > worst {
			r.Ratio[key] = over / row.Least
		}
		if row.Complete {
			r.Delivery.Ours += 1 / float64(len(rows))
		}
		r.tell(Figure{name + "_bytes", "B", row.Bytes}, Figure{name + "_took", "1", row.Took / row.RTT}, Figure{name + "_waits", "1", float64(row.Trips)})
	}
	if r.Delivery.Ours > 1-1e-9 { // rounding
		r.Delivery.Ours = 1
	}
	r.Stock, r.Ours, r.Floor = QuantilesOf(all), QuantilesOf(ours), QuantilesOf(floor)
	r.tell(Figure{"trips", "1", median(trips)}, Figure{"diverged_trips", "1", median(divergedTrips)})
	r.Plots = []Plot{{Title: "Bytes by what is missing", XAxis: "missing tombstones", YAxis: "bytes over the bytes of what is missing", Series: []Series{
		overMissing("behind", rows, func(r lab.Rejoin) bool { return !r.Diverged }),
		overMissing("diverged", rows, func(r lab.Rejoin) bool { return r.Diverged && r.Alike == 0 }),
		overMissing("among others", rows, func(r lab.Rejoin) bool { return r.Alike > 0 }),
	}}}
}

func overMissing(name string, rows []lab.Rejoin, of func(lab.Rejoin) bool) Series {
	s := Series{Name: name}
	for _, row := range rows {
		if of(row) {
			s.X, s.Y = append(s.X, float64(row.Missing)), append(s.Y, row.Bytes/row.Least)
		}
	}
	return s
}
