package bench

import (
	"math"
	"slices"
)

// QuantilesOf returns the quantiles of values, or nil where there are none. A value
// that never came is +Inf.
func QuantilesOf(values []float64) *Quantiles {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	return &Quantiles{P50: quantile(sorted, 0.5), P99: quantile(sorted, 0.99), Max: quantile(sorted, 1)}
}

// Over divides ours by the floor, quantile by quantile; nil where one is missing. A
// quotient that is no number is left out.
func Over(ours, floor *Quantiles) map[string]float64 {
	if ours == nil || floor == nil {
		return nil
	}
	ratio := make(map[string]float64, 3)
	for key, q := range map[string]float64{"p50": ours.P50 / floor.P50, "p99": ours.P99 / floor.P99, "max": ours.Max / floor.Max} {
		if !math.IsNaN(q) && !math.IsInf(q, 0) {
			ratio[key] = q
		}
	}
	return ratio
}

// quantile is the value at the sorted index floor(q*(n-1)).
func quantile(sorted []float64, q float64) float64 {
	return sorted[int(math.Floor(q*float64(len(sorted)-1)))]
}

// median of values, which it leaves as they are; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return quantile(slices.Sorted(slices.Values(values)), 0.5)
}

// thin returns values sorted and, where they are more than n, n of them at even
// quantiles, the least and the greatest among them.
func thin(values []float64, n int) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) <= n {
		return sorted
	}
	few := make([]float64, n)
	for i := range few {
		few[i] = sorted[i*(len(sorted)-1)/(n-1)]
	}
	return few
}
