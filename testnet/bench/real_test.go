package bench

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// Every metric of real time measures: all goals but those that are not built have a
// figure, and both arms have as many measurements as pairs were asked for.
func TestRealMetrics(t *testing.T) {
	if _, err := cpuTime(); err != nil {
		t.Skip(err)
	}
	for _, row := range []struct {
		name  string
		run   func(context.Context, effort, func(string, ...any)) (Result, error)
		e     effort
		unset []string // goals without a figure
	}{
		{"warm", runWarm, effort{pairs: 3, items: 500, races: 3, raced: 600}, nil},
		{"verify", runVerify, effort{pairs: 3, items: 20}, nil},
		{"http", runHTTP, effort{pairs: 2, block: 20 * time.Millisecond}, nil},
		{"ingest", runIngest, effort{pairs: 2, items: ingestBatch}, nil},
		{"startup", runStartup, effort{pairs: 2, items: 100}, nil},
		{"memory", runMemory, effort{pairs: 1, items: 100, block: time.Millisecond}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, ok := Find(row.name)
			if !ok || m.Virtual || m.Run == nil {
				t.Fatalf("found %v: %+v", ok, m)
			}
			r, err := row.run(t.Context(), row.e, quiet)
			if err != nil {
				t.Fatal(err)
			}
			if r.Partial || r.Ours == nil || r.Floor == nil || r.Ours.P50 <= 0 || r.Floor.P50 <= 0 || len(r.Samples) != 2 {
				t.Errorf("%+v", r)
			}
			for _, s := range r.Samples {
				if len(s.Values) != row.e.pairs {
					t.Errorf("%s: %d measurements of %d", s.Arm, len(s.Values), row.e.pairs)
				}
			}
			var unset []string
			for key := range r.Goal {
				if _, _, ok := r.scored(key); !ok {
					unset = append(unset, key)
				}
			}
			if strings.Join(unset, " ") != strings.Join(row.unset, " ") {
				t.Errorf("goals without a figure: %v, want %v", unset, row.unset)
			}
			if row.name == "warm" {
				if v, _, _ := r.scored("revoked_answered"); v != 0 {
					t.Errorf("%g reads answered a tombstoned agent", v)
				}
				if v, _, _ := r.scored("raced_reads"); v < float64(row.e.raced) {
					t.Errorf("%g reads of %d", v, row.e.raced)
				}
			}
		})
	}
}

// A run that is ended says so by its partial result, and leaves nothing behind.
func TestRealMetricsEnd(t *testing.T) {
	for _, m := range Metrics() {
		if m.Virtual {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r, err := m.Measure(ctx, Cell{Nodes: 1, Matrix: NoMatrix}, func(string, ...any) { cancel() })
			if err == nil && !r.Partial || err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
}

// The log acknowledges what it has written, and no more.
func TestGroupLog(t *testing.T) {
	g, err := newGroupLog(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := byWriters(500, func(int) error { return g.append([]byte("12345678")) }); err != nil {
		t.Fatal(err)
	}
	if st, err := g.file.Stat(); err != nil || st.Size() != 4000 {
		t.Errorf("%v, %v", st, err)
	}
	if err := g.close(); err != nil {
		t.Fatal(err)
	}
	if err := g.append([]byte("1")); err == nil {
		t.Error("a closed log took a write")
	}
}
