package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const docsPage = "../../docs/benchmarks.md"

// The page says of every metric what the metric says of itself.
func TestDocs(t *testing.T) {
	got, err := os.ReadFile(docsPage)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := renderDocs(figureBlocks(string(got)))
	if *update {
		if err := os.WriteFile(docsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(got) != want {
		t.Error("docs/benchmarks.md does not say what the metrics say of themselves: run go test ./testnet/bench -run Docs -update")
	}
}

// Figures of a run replace those of the metrics that it measured, and no others.
func TestWriteDocs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "benchmarks.md")
	write := func(results ...Result) string {
		t.Helper()
		if err := WriteDocs(path, Report{Version: "v1", Results: results}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	ours := Metrics()[0]
	if page := write(); !strings.Contains(page, noFigures) {
		t.Error(page)
	}
	page := write(Result{Metric: ours.Name, Matrix: "a|<b>", Seed: 77, Ratio: map[string]float64{"p50": 1.234}})
	if !strings.Contains(page, `a\|&lt;b&gt;`) || !strings.Contains(page, "p50 1.23") || !strings.Contains(page, "cairn v1") {
		t.Error(page)
	}
	for name, r := range map[string]Result{
		"another": {Metric: "no such metric", Seed: 78},
		"partial": {Metric: ours.Name, Seed: 78, Partial: true},
		"refused": {Metric: ours.Name, Seed: 78, Refused: "why"},
	} {
		if again := write(r); again != page {
			t.Errorf("%s: the page changed:\n%s", name, again)
		}
	}
	if again := write(Result{Metric: ours.Name, Seed: 78}); strings.Contains(again, "| 77 |") || !strings.Contains(again, "| 78 |") {
		t.Error(again)
	}
}

// What depends on the machine is not told where time is real.
func TestNeutral(t *testing.T) {
	rate := Result{Metric: "m", Unit: Rate, Ours: &Quantiles{123, 123, 123}, Ratio: map[string]float64{"p50": 0.9}, Figures: []Figure{{"speed", Rate, 4567}, {"pairs", "1", 11}}}
	real := figuresOf(Metric{Name: "m"}, Report{Results: []Result{rate}})
	if strings.Contains(real, "123") || strings.Contains(real, "4567") || !strings.Contains(real, "pairs 11") || !strings.Contains(real, "p50 0.9") {
		t.Error(real)
	}
	if virtual := figuresOf(Metric{Name: "m", Virtual: true}, Report{Results: []Result{rate}}); !strings.Contains(virtual, "123") {
		t.Error(virtual)
	}
}
