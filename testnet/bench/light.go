package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cairn-overlay/cairn/testnet/light"
	"github.com/cairn-overlay/cairn/testnet/light/check"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

// What the light model is asked.
const (
	lightNodes    = 1_000_000
	lightMessages = 10
	lightResolves = 100_000
	// lightCharge is what a node takes to verify: twice what a core does.
	lightCharge = 100 * time.Microsecond
	// lightPerNode is what a node takes in memory.
	lightPerNode = 1200
	// agreeNodes and agreeMessages are of the running network that the model is held
	// against; agreeSettle is how long its mesh gets to stand.
	agreeNodes    = 300
	agreeMessages = 20
	agreeSettle   = time.Minute
	agreePatience = 30 * time.Minute
)

func lightModel() Metric {
	return Metric{
		Name: "light", About: "1/s; events of the light model per core, against a bare event heap", Nodes: lightNodes, OwnSize: true, Virtual: true,
		Explained: Explanation{
			Measures: "How many events of the light model one core handles in a second of CPU time, while ten tombstones spread and a hundred thousand keys are looked up. What they found out is told in figures: `spread_p50`, `spread_p99` and `spread_max` are the times of the tombstones over their floor, `resolve_p50` and `resolve_p99` those of the lookups over theirs, `requests` and `hops` the means of a lookup, `copies` the messages sent for each delivery. In the end the model is held against a running network of up to 300 nodes: the same tombstones, from the same nodes, over the links that are read out of it.",
			Unit:     "1/s, events per second of CPU time. `p50` is the median of the ratios of interleaved pairs, of one tombstone and a tenth of the lookups each. `cpu` is all seconds of CPU time that the model took, the placing and linking of the nodes included, `memory` the most that the process had resident in GiB, `missing` the tombstones and the lookups that did not arrive, `agreement` how far the median of the model is from that of the running network, as a part of it, and `agreement_own` the same for links of the model's own making.",
			Floor:    "A bare heap with four children to a node, from which as many events are taken and into which as many are put, with as many waiting on average.",
			Goal:     "At least 0.3 of the rate of the heap; a million nodes in at most 120 seconds and 4 GiB; within 5 % of the running network. What spread and lookups are to reach is the matter of their own metrics.",
		},
		Memory: func(c Cell) uint64 { return baseMemory + lightPerNode*uint64(c.Nodes) + agreeNodes*oursPerNode },
		Run:    runLight,
	}
}

func runLight(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
	r := Result{Unit: Rate, Goal: map[string]float64{"p50": 0.3, "cpu": 120, "memory": 4, "missing": 0, "agreement": 0.05}}
	say("light: %d nodes choose their links", c.Nodes)
	begin, err := cpuTime()
	if err != nil {
		return r, err
	}
	w, err := light.New(light.Config{Nodes: c.Nodes, Seed: c.Seed, Model: c.Model, Charge: lightCharge})
	if err != nil {
		return r, err
	}
	built, err := cpuTime()
	if err != nil {
		return r, err
	}
	l := &lighting{sender: w.Sender(), reader: w.Reader(), seed: c.Seed}
	l.before[0] = l.sender.Result().Load // what it took to build
	say("light: %d tombstones and %d lookups", lightMessages, lightResolves)
	p, err := measurePairs(ctx, lightMessages, l.model, l.heap)
	if err != nil && ctx.Err() == nil {
		return r, err
	}
	p.tell(&r)
	l.tell(&r)
	r.Figures = append(r.Figures, Figure{"build", "s", (built - begin).Seconds()}, Figure{"cpu", "s", (built - begin + l.took).Seconds()})
	if peak, err := peakResident(); err == nil {
		r.Figures = append(r.Figures, Figure{"memory", "GiB", float64(peak) / (1 << 30)})
	}
	if ctx.Err() != nil {
		return r, nil // Measure says that it is partial
	}
	w, l = nil, nil // room for the running network
	err = agree(ctx, c, &r, say)
	return r, err
}

// lighting is the model, and what the last turn put on its event queues.
type lighting struct {
	sender *light.Sender
	reader *light.Reader
	seed   uint64
	took   time.Duration // CPU time of all turns of the model

	before, loads [2]light.Load
}

// model sends one tombstone and does its share of the lookups.
func (l *lighting) model() (float64, error) {
	begin, err := cpuTime()
	if err != nil {
		return 0, err
	}
	l.sender.Send()
	l.reader.Read(lightResolves / lightMessages)
	end, err := cpuTime()
	l.took += end - begin
	now := [2]light.Load{l.sender.Result().Load, l.reader.Result().Load}
	for i := range now {
		l.loads[i] = light.Load{Events: now[i].Events - l.before[i].Events, Waiting: now[i].Waiting}
	}
	l.before = now
	return l.rate(end - begin), err
}

// heap turns the same load on a bare heap.
func (l *lighting) heap() (float64, error) {
	begin, err := cpuTime()
	if err != nil {
		return 0, err
	}
	for _, load := range l.loads {
		load.Turn(l.seed)
	}
	end, err := cpuTime()
	return l.rate(end - begin), err
}

// rate is the events of one turn for each second of d.
func (l *lighting) rate(d time.Duration) float64 {
	return float64(l.loads[0].Events+l.loads[1].Events) / max(d, time.Microsecond).Seconds()
}

// tell enters what the model found out.
func (l *lighting) tell(r *Result) {
	s, v := l.sender.Result(), l.reader.Result()
	r.Figures = append(r.Figures, Figure{"missing", "1", float64(s.Missing) + float64(v.Count-v.Found)},
		Figure{"spread_p50", "1", s.Ratio.P50}, Figure{"spread_p99", "1", s.Ratio.P99}, Figure{"spread_max", "1", s.Ratio.Max},
		Figure{"copies", "1", s.Copies}, Figure{"degree", "1", s.Degree},
		Figure{"resolve_p50", "1", v.Ratio.P50}, Figure{"resolve_p99", "1", v.Ratio.P99},
		Figure{"requests", "1", v.Requests.Mean}, Figure{"hops", "1", v.Hops.Mean})
}

// agree holds the model against a running network, and enters how far they agree.
func agree(ctx context.Context, c Cell, r *Result, say func(string, ...any)) (err error) {
	ctx, cancel := context.WithTimeout(ctx, agreePatience)
	defer cancel()
	nodes := min(agreeNodes, c.Nodes)
	say("light: %d whole nodes come up, to hold the model against", nodes)
	w, err := sim.New(ctx, sim.Config{Nodes: nodes, Wire: sim.WireConfig{Seed: c.Seed, Model: c.Model}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Settle(ctx); err != nil {
		return err
	}
	time.Sleep(agreeSettle)
	a, err := check.Spread(ctx, w, c.Model, agreeMessages)
	if err != nil {
		return err
	}
	r.Figures = append(r.Figures,
		Figure{"agreement", "1", math.Abs(a.P50 - 1)}, Figure{"agreement_p99", "1", math.Abs(a.P99 - 1)}, Figure{"agreement_max", "1", math.Abs(a.Max - 1)},
		Figure{"agreement_own", "1", math.Abs(float64(a.Own.P50)/float64(a.Network.P50) - 1)})
	r.Notes = append(r.Notes, fmt.Sprintf("over the same links, %d nodes of degree %.1f: the network took %s, %s and %s at p50, p99 and the end, the model %s, %s and %s; %d pairs on one side only",
		a.Nodes, a.Degree, inMillis(a.Network.P50), inMillis(a.Network.P99), inMillis(a.Network.Max), inMillis(a.Graph.P50), inMillis(a.Graph.P99), inMillis(a.Graph.Max), a.Missing))
	return nil
}

func inMillis(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
