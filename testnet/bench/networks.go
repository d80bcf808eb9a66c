package bench

import (
	"context"
	"slices"

	"github.com/cairn-overlay/cairn/testnet/bench/lab"
)

// labNodes is the size of the networks of the lab where nothing is said.
const labNodes = 100

// labMemory is what three networks in one process take: ours and two of stock nodes.
// The one that keeps to our limit of connections counts as much as the other, since
// memory stays at the peak of its start, when all dial all.
func labMemory(c Cell) uint64 {
	if c.Alone {
		return baseMemory + uint64(c.Nodes)*oursPerNode
	}
	return baseMemory + uint64(c.Nodes)*(2*stockPerNode+2*oursPerNode)
}

// config is the cell for the lab.
func (c Cell) config(say func(string, ...any)) lab.Config {
	return lab.Config{Nodes: c.Nodes, Seed: c.Seed, Model: c.Model, Alone: c.Alone, Say: say}
}

// size is the one or the other, by whether the cell is measured in full.
func (c Cell) size(standard, full int) int {
	if c.Full {
		return full
	}
	return standard
}

// cut says of a run that ended before its time that it has nothing, in place of the
// error that this gave: Measure says that it is partial.
func cut(ctx context.Context, r Result, err error) (Result, error) {
	if ctx.Err() != nil {
		return r, nil
	}
	return r, err
}

// tell adds figures.
func (r *Result) tell(figures ...Figure) { r.Figures = append(r.Figures, figures...) }

// tellQuantiles adds those of values, which may be none, named NAME_p50 and so on.
func (r *Result) tellQuantiles(name, unit string, values []float64) {
	if q := QuantilesOf(values); q != nil {
		r.tell(Figure{name + "_p50", unit, q.P50}, Figure{name + "_p99", unit, q.P99}, Figure{name + "_max", unit, q.Max})
	}
}

// tellRatios adds the quotients of quantiles, named NAME_p50 and so on.
func (r *Result) tellRatios(name string, ratios map[string]float64) {
	for _, key := range sortedKeys(ratios) {
		r.tell(Figure{name + "_" + key, "1", ratios[key]})
	}
}

// tellGround adds what all metrics of the lab tell.
func (r *Result) tellGround(charge float64, degree map[string]float64) {
	r.tell(Figure{"charge", "ms", charge})
	for _, arm := range labArms() {
		if d, ok := degree[arm]; ok {
			r.tell(Figure{word(arm) + "_connections", "1", d})
		}
	}
}

// labArms are the arms of the lab that run nodes.
func labArms() []string { return []string{lab.Ours, lab.Stock, lab.Stock32} }

// word is the name of an arm as a part of a key.
func word(arm string) string {
	if arm == lab.Stock32 {
		return "stock32"
	}
	return arm
}

// counts is the plot of a count at each of many.
func counts(title, axis string, arms map[string][]float64) Plot {
	p := Plot{Title: title, XAxis: axis, YAxis: "share, %", Bars: true}
	for _, arm := range labArms() {
		values := arms[arm]
		if len(values) == 0 {
			continue
		}
		s := Series{Name: arm}
		sorted := slices.Sorted(slices.Values(values))
		for i := 0; i < len(sorted); {
			j := i
			for j < len(sorted) && sorted[j] == sorted[i] {
				j++
			}
			s.X, s.Y = append(s.X, sorted[i]), append(s.Y, 100*float64(j-i)/float64(len(sorted)))
			i = j
		}
		p.Series = append(p.Series, s)
	}
	return p
}

// curves is the plot of distributions beside the three main arms.
func curves(title, axis, share string, floor []float64, arms map[string][]float64) Plot {
	p := Plot{Title: title, XAxis: axis, YAxis: share}
	p.Series = append(p.Series, cumulative(Samples{Arm: ArmFloor, Values: thin(floor, maxSamples)}))
	for _, arm := range labArms() {
		if len(arms[arm]) > 0 {
			p.Series = append(p.Series, cumulative(Samples{Arm: arm, Values: thin(arms[arm], maxSamples)}))
		}
	}
	return p
}
