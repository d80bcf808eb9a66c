package bench

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

// judged is the result that a metric makes of what the lab measured.
func judged(goal map[string]float64, enter func(*Result)) Result {
	r := Result{Unit: "ms", Goal: goal}
	enter(&r)
	r.Judge()
	return r
}

func arrivals(latency ...float64) *lab.Arrivals {
	came := 0
	for _, l := range latency {
		if !math.IsInf(l, 1) {
			came++
		}
	}
	return &lab.Arrivals{Latency: latency, Last: []float64{1.1}, Each: []float64{250}, Net: 250, Gross: 300, Arrived: float64(came) / float64(len(latency))}
}

// A spread is judged by its quantiles over those of the floor, and by what is missing.
func TestSpreadResult(t *testing.T) {
	for name, row := range map[string]struct {
		ours []float64
		held bool
	}{
		"at the floor":    {[]float64{10, 20}, true},
		"late":            {[]float64{10, 24}, false},
		"one is missing":  {[]float64{10, math.Inf(1)}, false},
		"within the goal": {[]float64{10.9, 22}, true},
	} {
		s := &lab.Spread{LoneNet: 200, LoneGross: 210, Revoked: &lab.Wave{Floor: []float64{10, 20}, Arms: map[string]*lab.Arrivals{
			lab.Ours: arrivals(row.ours...), lab.Stock: arrivals(15, 30), lab.Stock32: arrivals(16, 31),
		}}}
		s.Topic = s.Revoked
		goal := spreadGoal(Cell{Nodes: 100})
		if r := judged(goal, func(r *Result) { r.spread(s) }); r.Held != row.held {
			t.Errorf("tombstone, %s: held %t, want %t: %v", name, r.Held, row.held, r.Ratio)
		}
		goal = map[string]float64{"net": 1.5, "ours_in_run_p50": 1.1, "ours_in_run_max": 1.15}
		if r := judged(goal, func(r *Result) { r.onWire(s) }); r.Held != row.held || r.Ratio["net"] != 1.25 {
			t.Errorf("wire, %s: held %t, want %t: %v", name, r.Held, row.held, r.Ratio)
		}
	}
}

// Lookups by nodes and by clients have each their own goal.
func TestResolveResult(t *testing.T) {
	reads := func(took float64) *lab.Reads {
		return &lab.Reads{Took: []float64{took, took}, Asked: []float64{1, 2}, Floor: []float64{10, 10}, Direct: []float64{12, 12}, Relayed: []float64{10, 10}}
	}
	for name, row := range map[string]struct {
		node, client float64
		held         bool
	}{
		"both near": {10, 12, true}, "slow client": {10, 20, false}, "slow node": {15, 10, false},
		"wrong node": {math.Inf(1), 10, false}, "wrong client": {10, math.Inf(1), false},
	} {
		s := &lab.Resolving{K: 20, Known: map[string]*lab.Reads{lab.Ours: reads(row.node), lab.Stock: reads(50), lab.Stock32: reads(60)},
			Fresh: map[string]*lab.Reads{lab.Ours: reads(row.client), lab.Stock: reads(70)}}
		r := judged(resolveGoal(), func(r *Result) { r.resolved(s) })
		if r.Held != row.held {
			t.Errorf("%s: held %t, want %t: %v", name, r.Held, row.held, r.Ratio)
		}
		if len(r.Plots) != 1 || len(r.Plots[0].Series) != 3 || r.Plots[0].Series[0].Y[0] != 50 {
			t.Errorf("%s: plots %+v", name, r.Plots)
		}
	}
}

// A publication has to be held by all, found, and quick also where many are dead.
func TestPublishResult(t *testing.T) {
	puts := func(acked float64, holding int) *lab.Puts {
		return &lab.Puts{Acked: []float64{acked, acked}, Confirmed: []float64{acked}, Floor: []float64{100, 100}, Holders: 40, Holding: holding}
	}
	for name, row := range map[string]struct {
		calm, dead float64
		holding    int
		found      float64
		held       bool
	}{
		"good": {101, 140, 40, 1, true}, "slow": {130, 140, 40, 1, false}, "slow after deaths": {101, 151, 40, 1, false},
		"one copy lacks": {101, 140, 39, 1, false}, "not found": {101, 140, 40, 0.99, false}, "never": {math.Inf(1), 140, 40, 1, false},
	} {
		s := &lab.Publishing{K: 20, Found: row.found,
			Calm: map[string]*lab.Puts{lab.Ours: puts(row.calm, row.holding), lab.Stock: puts(900, 40), lab.Stock32: puts(900, 40)},
			Dead: map[string]*lab.Puts{lab.Ours: puts(row.dead, 40), lab.Stock: puts(900, 0), lab.Stock32: puts(900, 0)}}
		if r := judged(publishGoal(), func(r *Result) { r.published(s) }); r.Held != row.held {
			t.Errorf("%s: held %t, want %t: %v %v", name, r.Held, row.held, r.Ratio, r.Figures)
		}
	}
}

// A rejoin is judged by its worst row, beyond what it may take besides.
func TestRejoinResult(t *testing.T) {
	row := func(missing int, diverged bool, bytes, trips float64) lab.Rejoin {
		least := 100 * float64(missing)
		if diverged {
			least *= 2
		}
		return lab.Rejoin{Missing: missing, Diverged: diverged, Complete: true, Bytes: bytes, Least: least, Took: 50 * trips, RTT: 50}
	}
	lacking := row(10, false, 2_000, 2)
	lacking.Complete = false
	for name, c := range map[string]struct {
		rows []lab.Rejoin
		held bool
	}{
		"good":              {[]lab.Rejoin{row(10, false, 2_100, 2), row(100, false, 12_400, 2), row(10, true, 1_000+2_300+1_200, 3)}, true},
		"one row too large": {[]lab.Rejoin{row(10, false, 2_200, 2), row(100, false, 12_400, 2), row(10, true, 4_000, 3)}, false},
		"diverged costs":    {[]lab.Rejoin{row(10, false, 2_100, 2), row(10, true, 5_000, 3)}, false},
		"one trip too much": {[]lab.Rejoin{row(10, false, 2_100, 3), row(10, true, 4_000, 3)}, false},
		"not complete":      {[]lab.Rejoin{lacking, row(10, true, 4_000, 3)}, false},
	} {
		if r := judged(rejoinGoal(), func(r *Result) { r.rejoined(c.rows, 1e7) }); r.Held != c.held {
			t.Errorf("%s: held %t, want %t: %v, delivered %v", name, r.Held, c.held, r.Ratio, r.Delivery)
		}
	}
}

// A delivery is held where nothing is missing and nothing is too late, in any condition.
func TestDeliveryResult(t *testing.T) {
	run := func(edit func(map[string]*lab.Wave)) Result {
		d := &lab.Delivery{Waves: make(map[string]*lab.Wave), Honest: make(map[string]int)}
		for _, condition := range lab.Conditions() {
			d.Waves[condition] = &lab.Wave{Floor: []float64{10, 20, 20}, Arms: map[string]*lab.Arrivals{lab.Ours: arrivals(12, 22, 25), lab.Stock32: arrivals(12, 22, math.Inf(1))}}
		}
		edit(d.Waves)
		return judged(deliveryGoal(), func(r *Result) { r.delivered(d) })
	}
	for name, row := range map[string]struct {
		edit func(map[string]*lab.Wave)
		held bool
	}{
		"good":                   {func(map[string]*lab.Wave) {}, true},
		"late under loss":        {func(w map[string]*lab.Wave) { w[lab.Loss].Arms[lab.Ours] = arrivals(12, 31, 31) }, false},
		"as late among sybils":   {func(w map[string]*lab.Wave) { w[lab.Sybils].Arms[lab.Ours] = arrivals(12, 31, 31) }, true},
		"missing after a crash":  {func(w map[string]*lab.Wave) { w[lab.Crash].Arms[lab.Ours] = arrivals(12, 22, math.Inf(1)) }, false},
		"a condition is missing": {func(w map[string]*lab.Wave) { delete(w, lab.Droppers) }, false},
	} {
		if r := run(row.edit); r.Held != row.held {
			t.Errorf("%s: held %t, want %t: %v, delivered %v", name, r.Held, row.held, r.Ratio, r.Delivery)
		}
	}
}

// A figure that never came passes through JSON, as every other one does.
func TestFigureJSON(t *testing.T) {
	want := []Figure{{"client_p99", "ms", math.Inf(1)}, {"copies", "1", 1.5}}
	b, err := json.Marshal(Result{Figures: want})
	if err != nil {
		t.Fatal(err)
	}
	var got Result
	if err := json.Unmarshal(b, &got); err != nil || !slices.Equal(got.Figures, want) {
		t.Errorf("%+v, %v, from %s", got.Figures, err, b)
	}
}
