package bench

import (
	"math"
	"testing"
)

func TestJudge(t *testing.T) {
	for _, row := range []struct {
		name string
		r    Result
		want bool
	}{
		{"nothing", Result{}, false},
		{"no goal", Result{Ratio: map[string]float64{"p50": 1}}, false},
		{"reached", Result{Unit: "ms", Ratio: map[string]float64{"p50": 1.1}, Goal: map[string]float64{"p50": 1.1}}, true},
		{"missed", Result{Unit: "ms", Ratio: map[string]float64{"p50": 1.11}, Goal: map[string]float64{"p50": 1.1}}, false},
		{"one of two missed", Result{Unit: "ms", Ratio: map[string]float64{"p50": 1, "p99": 2}, Goal: map[string]float64{"p50": 1.1, "p99": 1.2}}, false},
		{"no figure for a goal", Result{Unit: "ms", Ratio: map[string]float64{"p50": 1}, Goal: map[string]float64{"p50": 1.1, "bytes": 1.2}}, false},
		{"a rate reached", Result{Unit: Rate, Ratio: map[string]float64{"p50": 0.96}, Goal: map[string]float64{"p50": 0.95}}, true},
		{"a rate missed", Result{Unit: Rate, Ratio: map[string]float64{"p50": 0.94}, Goal: map[string]float64{"p50": 0.95}}, false},
		{"a figure reached", Result{Unit: "ms", Figures: []Figure{{"speed", Rate, 5}}, Goal: map[string]float64{"speed": 4}}, true},
		{"a figure missed", Result{Unit: Rate, Figures: []Figure{{"lost", "1", 1}}, Goal: map[string]float64{"lost": 0}}, false},
		{"not all delivered", Result{Unit: "ms", Delivery: &Delivery{Ours: 0.99}, Ratio: map[string]float64{"p50": 1}, Goal: map[string]float64{"p50": 1.1}}, false},
		{"partial", Result{Partial: true, Ratio: map[string]float64{"p50": 1}, Goal: map[string]float64{"p50": 1.1}}, false},
		{"unjudged", Result{Unjudged: "noise", Ratio: map[string]float64{"p50": 1}, Goal: map[string]float64{"p50": 1.1}}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.r.Judge(); row.r.Held != row.want {
				t.Errorf("held: %v", row.r.Held)
			}
		})
	}
}

func TestQuantiles(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	if got := *QuantilesOf(values); got != (Quantiles{3, 4, 5}) { // floor(0.99*4) is 3
		t.Errorf("got %v", got)
	}
	if values[0] != 5 {
		t.Error("the values were sorted in place")
	}
	if QuantilesOf(nil) != nil {
		t.Error("quantiles of nothing")
	}
	never := QuantilesOf([]float64{1, math.Inf(1)})
	if got := Over(never, &Quantiles{1, 1, 2}); len(got) != 2 || got["p50"] != 1 {
		t.Errorf("with what never came: %v", got)
	}
}
