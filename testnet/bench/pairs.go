package bench

import (
	"context"
	"fmt"
	"slices"
)

const (
	// fewPairs and manyPairs are how often two arms take turns, in the short form of a
	// measurement and in the long one.
	fewPairs  = 11
	manyPairs = 31
	// steadyEnough is how far the floor may vary before nothing is judged: the middle
	// half of its measurements, over their median.
	steadyEnough = 0.10
)

// pairs are interleaved measurements of two arms.
type pairs struct {
	ours, floor []float64
}

// measurePairs lets two arms take turns, n times, and the first turn is now the
// one's, now the other's. When ctx ends, what was measured comes with its error.
func measurePairs(ctx context.Context, n int, ours, floor func() (float64, error)) (pairs, error) {
	var p pairs
	for i := range n {
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		turns := []func() error{
			func() error { return into(&p.ours, ours) },
			func() error { return into(&p.floor, floor) },
		}
		if i%2 == 1 {
			slices.Reverse(turns)
		}
		for _, turn := range turns {
			if err := turn(); err != nil {
				p.cut()
				return p, err
			}
		}
	}
	return p, nil
}

func into(values *[]float64, measure func() (float64, error)) error {
	v, err := measure()
	if err == nil {
		*values = append(*values, v)
	}
	return err
}

// cut drops a measurement without its pair.
func (p *pairs) cut() {
	n := min(len(p.ours), len(p.floor))
	p.ours, p.floor = p.ours[:n], p.floor[:n]
}

// ratios are ours over the floor, pair by pair.
func (p pairs) ratios() []float64 {
	r := make([]float64, len(p.ours))
	for i := range r {
		r[i] = p.ours[i] / p.floor[i]
	}
	return r
}

// varied is how far the floor varied: the middle half over the median.
func (p pairs) varied() float64 {
	if len(p.floor) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(p.floor))
	return (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / quantile(sorted, 0.5)
}

// tell enters the pairs into a result: both arms, and the median of the ratios as
// "p50", with the least and the greatest as "least" and "most".
func (p pairs) tell(r *Result) {
	if len(p.ours) == 0 {
		r.Partial = true
		return
	}
	r.Ours, r.Floor = QuantilesOf(p.ours), QuantilesOf(p.floor)
	r.Samples = append(r.Samples, Samples{ArmOurs, p.ours}, Samples{ArmFloor, p.floor})
	ratios := p.ratios()
	r.ratio("p50", median(ratios))
	r.ratio("least", slices.Min(ratios))
	r.ratio("most", slices.Max(ratios))
	p.steady(r)
}

// steady notes how far the floor varied, and that there is no verdict where that is
// too far.
func (p pairs) steady(r *Result) {
	varied := p.varied()
	r.Figures = append(r.Figures, Figure{"pairs", "1", float64(len(p.ours))}, Figure{"floor_varied", "1", varied})
	if varied > steadyEnough {
		r.Unjudged = fmt.Sprintf("the floor itself varied by %.0f %%, over %.0f %%: the machine was not quiet enough", varied*100, steadyEnough*100)
	}
}

// ratio enters one ratio.
func (r *Result) ratio(key string, v float64) {
	if r.Ratio == nil {
		r.Ratio = make(map[string]float64)
	}
	r.Ratio[key] = v
}
