package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// planned are the steps of a plan in words.
func planned(p Plan) []string {
	var words []string
	for _, s := range p.steps() {
		words = append(words, fmt.Sprintf("%s %d %s %d", s.metric.Name, s.cell.Nodes, s.cell.Matrix, s.cell.Seed))
	}
	return words
}

func TestPlan(t *testing.T) {
	virtual, real, sized := Metric{Name: "v", Nodes: 10, Virtual: true}, Metric{Name: "r", Nodes: 1}, Metric{Name: "s", Nodes: 99, Virtual: true, OwnSize: true}
	var models []Latencies
	for _, arg := range []string{"cities", "clumps"} {
		l, err := OpenLatencies(arg)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, l)
	}
	for _, row := range []struct {
		name string
		p    Plan
		want []string
	}{
		{"a size of its own", Plan{Metrics: []Metric{virtual}, Seeds: []uint64{3}, Latencies: models[:1]}, []string{"v 10 cities 3"}},
		{"a size for one", Plan{Metrics: []Metric{real}, Nodes: 7, Seeds: []uint64{3}, Latencies: models[:1]}, []string{"r 7 none 3"}},
		{"a size for many", Plan{Metrics: []Metric{virtual, real, sized}, Nodes: 7, Seeds: []uint64{3}, Latencies: models[:1]}, []string{"v 7 cities 3", "r 1 none 3", "s 99 cities 3"}},
		{"cells take turns", Plan{Metrics: []Metric{virtual, real}, Seeds: []uint64{3, 4}, Latencies: models},
			[]string{"v 10 cities 3", "r 1 none 3", "v 10 clumps 3", "v 10 cities 4", "v 10 clumps 4"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := planned(row.p); !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// More than there is memory for is refused before it starts, and says how much.
func TestPlanMemory(t *testing.T) {
	if _, err := memoryRoom(); err != nil {
		t.Skip(err)
	}
	p := Plan{Metrics: []Metric{{Name: "v", Virtual: true}}, Nodes: math.MaxInt32, Seeds: []uint64{1}, Latencies: []Latencies{{Name: "m", Model: mustOpen(t, "cities").Model}}}
	if err := p.Check(); err == nil || !strings.Contains(err.Error(), "GiB") || !strings.Contains(err.Error(), "--nodes") {
		t.Errorf("got %v", err)
	}
	p.Nodes = 1
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

func mustOpen(t *testing.T, arg string) Latencies {
	t.Helper()
	l, err := OpenLatencies(arg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRoom(t *testing.T) {
	if got, err := memAvailable([]byte("MemTotal: 9 kB\nMemAvailable:   1024 kB\n")); err != nil || got != 1<<20 {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := memAvailable([]byte("MemTotal: 9 kB\n")); err == nil {
		t.Error("no such line, and no error")
	}
	for _, row := range []struct {
		name, limit, used string
		want              uint64
		ok                bool
	}{
		{"no limit", "max\n", "5\n", 0, false}, {"a limit", "1000\n", "400\n", 600, true}, {"above it", "1000\n", "4000\n", 0, true}, {"no group", "", "", 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range map[string]string{"memory.max": row.limit, "memory.current": row.used} {
				if content == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got, ok := groupRoom(dir); got != row.want || ok != row.ok {
				t.Errorf("%d, %v", got, ok)
			}
		})
	}
}

// quiet takes messages and drops them.
func quiet(string, ...any) {}

// A run goes on after what cannot be measured, sends virtual metrics to the child,
// and ends where its context does, with the running cell marked.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	good := func(context.Context, Cell, func(string, ...any)) (Result, error) {
		return Result{Unit: "ms", Ratio: map[string]float64{"p50": 1}, Goal: map[string]float64{"p50": 1}}, nil
	}
	p := Plan{Seeds: []uint64{5}, Latencies: []Latencies{mustOpen(t, "cities")}, Metrics: []Metric{
		{Name: "good", Nodes: 1, Run: good},
		{Name: "bad", Nodes: 1, Run: func(context.Context, Cell, func(string, ...any)) (Result, error) { return Result{}, errors.New("why") }},
		{Name: "virtual", Nodes: 2, Virtual: true, Run: good},
		{Name: "cut", Nodes: 1, Run: func(context.Context, Cell, func(string, ...any)) (Result, error) { cancel(); return Result{}, nil }},
		{Name: "never", Nodes: 1, Run: good},
	}}
	child := func(_ context.Context, m Metric, c Cell, arg string) (Result, error) {
		return Result{Metric: "child of " + m.Name + " on " + arg}, nil
	}
	var got []string
	complete, err := Run(ctx, p, child, quiet, func(r Result) error {
		got = append(got, fmt.Sprintf("%s held=%v refused=%q partial=%v", r.Metric, r.Held, r.Refused, r.Partial))
		return nil
	})
	want := []string{
		`good held=true refused="" partial=false`, `bad held=false refused="why" partial=false`,
		`child of virtual on cities held=false refused="" partial=false`, `cut held=false refused="" partial=true`,
	}
	if complete || err != nil || !slices.Equal(got, want) {
		t.Errorf("complete %v, %v\ngot  %q\nwant %q", complete, err, got, want)
	}
}

// Both arms have as many measurements, the turns alternate, and a floor that moves is
// no yardstick.
func TestPairs(t *testing.T) {
	var order string
	arm := func(name string, values ...float64) func() (float64, error) {
		i := -1
		return func() (float64, error) {
			order += name
			i++
			return values[i%len(values)], nil
		}
	}
	p, err := measurePairs(t.Context(), 4, arm("o", 2), arm("f", 1))
	if err != nil || order != "offooffo" || len(p.ours) != 4 || len(p.floor) != 4 {
		t.Errorf("%v, %q, %v", err, order, p)
	}
	var steady, moved Result
	p.tell(&steady)
	if steady.Unjudged != "" || steady.Ratio["p50"] != 2 || steady.Ratio["least"] != 2 || steady.Ratio["most"] != 2 {
		t.Errorf("%+v", steady)
	}
	p, _ = measurePairs(t.Context(), 8, arm("o", 2), arm("f", 1, 1, 1.2, 1.2))
	if p.tell(&moved); moved.Unjudged == "" {
		t.Errorf("%+v", moved)
	}
	fails := 0
	p, err = measurePairs(t.Context(), 4, arm("o", 2), func() (float64, error) {
		if fails++; fails > 2 {
			return 0, errors.New("why")
		}
		return 1, nil
	})
	if err == nil || len(p.ours) != 2 || len(p.floor) != 2 {
		t.Errorf("%v, %v", err, p)
	}
	var none Result
	if (pairs{}).tell(&none); !none.Partial {
		t.Error("no pair, and not partial")
	}
}
