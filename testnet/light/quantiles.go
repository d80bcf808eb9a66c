package light

import "slices"

// Quantiles of a time, in microseconds, at a half, at 99 of 100 and at the end: the
// value at the sorted index floor(q*(n-1)).
type Quantiles struct {
	P50 uint32 `json:"p50"`
	P99 uint32 `json:"p99"`
	Max uint32 `json:"max"`
}

// Ratios are quantiles over quantiles.
type Ratios struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Over divides each quantile by that of the floor; 0 where that is 0.
func (q Quantiles) Over(f Quantiles) Ratios {
	return Ratios{over(q.P50, f.P50), over(q.P99, f.P99), over(q.Max, f.Max)}
}

func over(a, b uint32) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// tally counts times, however many: one counter for each microsecond.
type tally struct {
	of    []uint64
	count uint64
}

func (t *tally) add(micros uint32) {
	if int(micros) >= len(t.of) {
		t.of = append(t.of, make([]uint64, int(micros)+1-len(t.of)+len(t.of)/2)...)
	}
	t.of[micros]++
	t.count++
}

// at is the value at the sorted index floor(q*(n-1)), for q in percent.
func (t *tally) at(percent uint64) uint32 {
	if t.count == 0 {
		return 0
	}
	index, seen := percent*(t.count-1)/100, uint64(0)
	for v, n := range t.of {
		if seen += n; seen > index {
			return uint32(v)
		}
	}
	return 0
}

func (t *tally) quantiles() Quantiles { return Quantiles{t.at(50), t.at(99), t.at(100)} }

// middleAndWorst are the value at the sorted index floor((n-1)/2), and the greatest.
func middleAndWorst(all []float64) (middle, worst float64) {
	if len(all) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)/2], sorted[len(sorted)-1]
}
