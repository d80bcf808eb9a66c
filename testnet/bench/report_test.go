package bench

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files, and the explanations in docs/benchmarks.md, anew")

// nasty is a name that a stranger gave to a file.
const nasty = "<script>alert(1)</script>\x1b[2J\"&.csv"

// fixedReport has one of everything that a page can show.
func fixedReport() Report {
	rng := rand.New(rand.NewPCG(1, 2))
	waves := func(n int, median, width float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = median * math.Exp(width*rng.NormFloat64())
		}
		return values
	}
	stock, ours, floor := waves(900, 130, 0.5), waves(900, 83, 0.5), waves(900, 75, 0.5)
	lossy := append(waves(90, 1400, 0.6), math.Inf(1), math.Inf(1), math.Inf(1))
	spread := Plot{Title: "Spread over time, median message", XAxis: "time since the call, ms", YAxis: "nodes that know it, %"}
	for _, s := range []Samples{{ArmFloor, floor}, {ArmOurs, ours}, {ArmStock, stock}} {
		spread.Series = append(spread.Series, cumulative(s))
	}
	hops := Plot{Title: "Hops", XAxis: "hops to the receiver", YAxis: "share of receivers, %", Bars: true, Series: []Series{
		{ArmOurs, []float64{1, 2, 3, 4}, []float64{20, 55, 20, 5}},
		{ArmStock, []float64{1, 2, 3, 4, 5, 6}, []float64{8, 22, 35, 25, 8, 2}},
	}}
	return Report{Version: "v0.0.0", Partial: true, Results: []Result{
		{
			Metric: "spread", Nodes: 300, Matrix: nasty, Seed: 1, Unit: "ms", Delivery: &Delivery{1, 1},
			Stock: QuantilesOf(stock), Ours: QuantilesOf(ours), Floor: QuantilesOf(floor), Ratio: Over(QuantilesOf(ours), QuantilesOf(floor)),
			Goal: map[string]float64{"p50": 1.1, "p99": 1.12, "max": 1.15}, Samples: []Samples{{ArmStock, stock}, {ArmOurs, ours}, {ArmFloor, floor}},
			Plots: []Plot{spread, hops}, Figures: []Figure{{"copies", "1", 1.05}, {"charge", "ms", 0.1}}, Notes: []string{"a note <b>", "per-hop charge of 0.1 ms"},
		},
		{
			Metric: "spread", Nodes: 300, Matrix: "aws21.csv", Seed: 2, Unit: "ms", Delivery: &Delivery{1, 0.9999999},
			Ours: QuantilesOf(ours), Floor: QuantilesOf(floor), Ratio: map[string]float64{"p50": 1.1}, Goal: map[string]float64{"p50": 1.1}, Samples: []Samples{{ArmOurs, ours}},
		},
		{
			Metric: "store", Nodes: 100, Matrix: "cities", Seed: 1, Unit: "ms", Stock: QuantilesOf(lossy), Ours: QuantilesOf(ours), Floor: QuantilesOf(floor),
			Ratio: Over(QuantilesOf(ours), QuantilesOf(floor)), Goal: map[string]float64{"p50": 2}, Held: true, Samples: []Samples{{ArmStock, lossy}, {ArmOurs, ours}, {ArmFloor, floor}},
		},
		{Metric: "opened", Nodes: 1, Matrix: NoMatrix, Seed: 1, Unit: Rate, Ours: &Quantiles{24000, 25000, 25100}, Floor: &Quantiles{25000, 25100, 25200}, Ratio: map[string]float64{"p50": 0.96, "least": 0.9}, Goal: map[string]float64{"p50": 0.95, "batched": 1.9}, Unjudged: "the floor itself varied by 14 %, over 10 %"},
		{Metric: "served", Nodes: 1, Matrix: NoMatrix, Seed: 1, Refused: "no port is free", Partial: true},
	}}
}

func TestReportPage(t *testing.T) {
	page, err := renderPage(fixedReport(), "cairn v0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "src=", "http://", "https://", "url(", "\x1b"} {
		if strings.Contains(string(page), never) {
			t.Errorf("the page has %q", never)
		}
	}
	golden := filepath.Join("testdata", "report.html")
	if *update {
		if err := os.WriteFile(golden, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != string(want) {
		t.Error("the page is another one than testdata/report.html: look at it in a browser, then run the test with -update")
	}
}

// Every metric's explanation stands on the page.
func TestReportExplains(t *testing.T) {
	var r Report
	for _, m := range Metrics() {
		r.Results = append(r.Results, Result{Metric: m.Name})
	}
	page, err := renderPage(r, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Metrics() {
		for _, words := range []string{m.Explained.Measures, m.Explained.Unit, m.Explained.Floor, m.Explained.Goal} {
			if words == "" || !strings.Contains(string(page), string(code(words))) {
				t.Errorf("%s: %q is not on the page", m.Name, words)
			}
		}
	}
}

// What is drawn is well-formed, whatever the numbers.
func TestDraw(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, row := range []struct {
		name string
		p    Plot
		want string
	}{
		{"nothing", Plot{Title: "t"}, "nothing was measured"},
		{"no numbers", Plot{Series: []Series{{"a", []float64{inf, nan}, []float64{1, 1}}}}, "nothing was measured"},
		{"one point", Plot{Series: []Series{{"a", []float64{5}, []float64{0}}}}, "M"},
		{"names are text", Plot{XAxis: "<x>", YAxis: "<y>", Series: []Series{{"<a>", []float64{1, 2}, []float64{1, 2}}}}, "&lt;a&gt;"},
		{"orders apart", Plot{XAxis: "ms", Series: []Series{{"a", []float64{0.001, 1e9}, []float64{1, 100}}}}, "ms (logarithmic)"},
		{"shorter ys", Plot{Series: []Series{{"a", []float64{1, 2, 3}, []float64{1}}}}, "M"},
		{"bars", Plot{Bars: true, Series: []Series{{"a", []float64{1, 2}, []float64{10, 20}}, {"b", []float64{1}, []float64{30}}}}, "<rect"},
		{"below 0", Plot{Series: []Series{{"a", []float64{-5, 5}, []float64{1, 2}}}}, ">-4<"},
	} {
		t.Run(row.name, func(t *testing.T) {
			svg := draw(row.p)
			if !strings.Contains(svg, row.want) {
				t.Errorf("no %q in %s", row.want, svg)
			}
			for d := xml.NewDecoder(strings.NewReader(svg)); ; {
				_, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%v in %s", err, svg)
				}
			}
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Error(svg)
			}
		})
	}
}

// What was measured comes back from the files, also what never came.
func TestWriteReport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "report")
	want := fixedReport()
	if err := WriteReport(dir, want); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "store.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got []Result
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want.Results[2:3]) {
		t.Errorf("got %+v", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 5 {
		t.Errorf("%v, %v: want a page and four files", entries, err)
	}
	if err := WriteReport(filepath.Join(dir, ReportFile), want); err == nil {
		t.Error("a file was taken for a folder")
	}
}
