package bench

import (
	"fmt"
	"math"
)

const (
	// logFrom is how many times a low value a high one has to be for an axis to be
	// logarithmic.
	logFrom = 30.0
	// tailShare is the share of points at either end that does not decide it.
	tailShare = 0.05
	// labels is about how many an axis has.
	labels = 6
)

// axis maps values onto 0 to 1.
type axis struct {
	from, to float64
	log      bool
	ticks    []float64 // those with a label
	minor    []float64 // those without
}

// newAxis spans values from least to most, of which nearly all are between low and
// high. Where these are above 0 and lie orders apart, it is logarithmic, and may
// begin above the least; else it begins at 0 unless there are negative ones.
func newAxis(least, most, low, high float64) axis {
	if low > 0 && high >= logFrom*low {
		return logAxis(max(least, low/4), most)
	}
	return linearAxis(min(least, 0), most)
}

// linearAxis has ticks at 1, 2 or 5 times a power of ten.
func linearAxis(from, to float64) axis {
	if to <= from {
		to = from + 1
	}
	step := niceStep((to - from) / labels)
	a := axis{from: math.Floor(from/step) * step, to: math.Ceil(to/step-1e-9) * step}
	for i := 0; ; i++ {
		v := a.from + float64(i)*step
		if v > a.to+step/2 {
			return a
		}
		a.ticks = append(a.ticks, v)
	}
}

func niceStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= least*0.999 {
			return m * power
		}
	}
	return 10 * power
}

// logAxis has labels at the powers of ten, and at 2 and 5 times these where there
// are few of them.
func logAxis(least, most float64) axis {
	a := axis{from: floorNice(least), to: ceilNice(most), log: true}
	low, high := math.Floor(math.Log10(a.from)+1e-9), math.Ceil(math.Log10(a.to)-1e-9)
	every := max(1, math.Ceil((high-low)/(labels+2)))
	for e := low; e <= high; e++ {
		power := math.Pow(10, e)
		for m := 1.0; m < 10; m++ {
			v := m * power
			switch {
			case v < a.from*0.999 || v > a.to*1.001:
			case m == 1 && math.Mod(e-low, every) == 0, (m == 2 || m == 5) && high-low <= 3:
				a.ticks = append(a.ticks, v)
			default:
				a.minor = append(a.minor, v)
			}
		}
	}
	return a
}

// floorNice is the greatest of 1, 2 and 5 times a power of ten that is at most v.
func floorNice(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	for _, m := range []float64{5, 2} {
		if m*power <= v*1.000001 {
			return m * power
		}
	}
	return power
}

// ceilNice is the least of these that is at least v.
func ceilNice(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*0.999999 {
			return m * power
		}
	}
	return 10 * power
}

// at is where v lies, 0 to 1.
func (a axis) at(v float64) float64 {
	if a.log {
		v = max(v, a.from)
		return math.Log(v/a.from) / math.Log(a.to/a.from)
	}
	return (v - a.from) / (a.to - a.from)
}

// tickText is the label of a tick.
func tickText(v float64) string {
	switch size := math.Abs(v); {
	case size >= 1e9:
		return fmt.Sprintf("%gG", trim(v/1e9))
	case size >= 1e6:
		return fmt.Sprintf("%gM", trim(v/1e6))
	case size >= 1e4:
		return fmt.Sprintf("%gk", trim(v/1e3))
	}
	return fmt.Sprintf("%g", trim(v))
}

// trim drops what floating point adds.
func trim(v float64) float64 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, 6-math.Ceil(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}
