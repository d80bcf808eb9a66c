package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/testnet/bench"
)

// file writes a file of its own for the test.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "matrix.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBenchCommandLine(t *testing.T) {
	for _, row := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"no metric", nil, exitUsage, "", "<name>"},
		{"help names every unit", []string{"--help"}, exitOK, "verify", ""},
		{"unknown metric", []string{"speed"}, exitFailed, "", `no metric "speed": want all, or one of`},
		{"unknown format", []string{"verify", "-o", "xml"}, exitUsage, "", "human"},
		{"fewer than no nodes", []string{"verify", "--nodes=-1"}, exitFailed, "", "want 1 or more"},
		{"no such matrix", []string{"verify", "--matrix", "/nowhere.csv"}, exitFailed, "", "/nowhere.csv"},
		{"not square", []string{"verify", "--matrix", file(t, "place,A,B\nA,0,1\n")}, exitFailed, "", "the row of B is missing"},
		{"a gap", []string{"verify", "--matrix", file(t, "place,A,B\nA,0,1\nB,,0\n")}, exitFailed, "", "cell (B, A), row 3, column 2"},
		{"a zero", []string{"verify", "--matrix", file(t, "place,A,B\nA,0,0\nB,1,0\n")}, exitFailed, "", "cell (A, B), row 2, column 3"},
		{"more than memory allows", []string{"tombstone", "--nodes", "1000000000"}, exitFailed, "", "are free: ask for fewer with --nodes"},
		{"no folder for a report", []string{"verify", "--report", file(t, "")}, exitFailed, "", "report:"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var stdout, stderr screen
			code := run(t.Context(), append([]string{"bench"}, row.args...), env{stdout: &stdout, stderr: &stderr, self: nowhere})
			if code != row.code || !strings.Contains(stdout.text(), row.stdout) || !strings.Contains(stderr.text(), row.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", code, row.code, stdout.text(), stderr.text())
			}
			if code == exitFailed && stdout.text() != "" {
				t.Errorf("a failure wrote to stdout: %s", stdout.text())
			}
		})
	}
}

// The help tells every metric.
func TestBenchHelp(t *testing.T) {
	help := benchCmd{}.Help()
	for _, m := range bench.Metrics() {
		if !strings.Contains(help, "    "+m.Name) || !strings.Contains(help, m.About) {
			t.Errorf("no %s in %s", m.Name, help)
		}
	}
}

// One cell is one object of the promised shape, a missed goal is no error, and the
// report and the page of the documentation are written.
func TestBenchJSON(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "benchmarks.md")
	var stdout, stderr screen
	args := []string{"bench", "verify", "--seed", "7", "-o", "json", "--report", filepath.Join(dir, "report"), "--docs", docs}
	if code := run(t.Context(), args, env{stdout: &stdout, stderr: &stderr, self: nowhere}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr.text())
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(stdout.text()), &got); err != nil {
		t.Fatalf("%v in %s", err, stdout.text())
	}
	for key, want := range map[string]any{"metric": "verify", "nodes": 1.0, "matrix": "none", "seed": 7.0, "unit": "1/s"} {
		if got[key] != want {
			t.Errorf("%s: %v, want %v", key, got[key], want)
		}
	}
	if _, ok := got["held"].(bool); !ok { // which of them depends on the machine
		t.Errorf("held: %v", got["held"])
	}
	for key, want := range map[string][]string{"ours": {"max", "p50", "p99"}, "floor": {"max", "p50", "p99"}, "goal": {"batched", "duplicates", "p50", "tombstones"}} {
		var keys []string
		for k := range got[key].(map[string]any) {
			keys = append(keys, k)
		}
		if slices.Sort(keys); !slices.Equal(keys, want) {
			t.Errorf("%s has %v, want %v", key, keys, want)
		}
	}
	if _, ok := got["samples"]; ok {
		t.Error("samples that nobody asked for")
	}
	for _, path := range []string{docs, filepath.Join(dir, "report", "verify.json"), filepath.Join(dir, "report", bench.ReportFile)} {
		if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), "duplicates") || strings.Contains(string(b), "partial: ") {
			t.Errorf("%s: %v\n%s", path, err, b)
		}
	}
}

// Ctrl-C ends a run; what was measured is kept and marked, and the documentation is
// left alone.
func TestBenchInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout screen
	stderr := &screen{until: "pairs of", then: cancel}
	code := run(ctx, []string{"bench", "verify", "--report", dir, "--docs", filepath.Join(dir, "docs.md")}, env{stdout: &stdout, stderr: stderr, self: nowhere})
	if code != exitFailed || !strings.Contains(stderr.text(), "interrupted") || !strings.Contains(stdout.text(), "partial") {
		t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout.text(), stderr.text())
	}
	page, err := os.ReadFile(filepath.Join(dir, bench.ReportFile))
	if err != nil || !strings.Contains(string(page), "(partial)") {
		t.Errorf("%v\n%s", err, page)
	}
	b, err := os.ReadFile(filepath.Join(dir, "verify.json"))
	var results []bench.Result
	if err == nil {
		err = json.Unmarshal(b, &results)
	}
	if err != nil || len(results) != 1 || !results[0].Partial || results[0].Held {
		t.Errorf("%v\n%s", err, b)
	}
	if docs, err := os.ReadFile(filepath.Join(dir, "docs.md")); err == nil && strings.Contains(string(docs), "| 1 |") {
		t.Errorf("figures of half a run: %s", docs)
	}
}

// A metric of virtual time is measured in a child, and its result comes back whole.
func TestBenchVirtual(t *testing.T) {
	var stdout, stderr screen
	matrix := file(t, "place,A,B\nA,0,40\nB,40,0\n")
	args := []string{"bench", "tombstone", "--nodes", "4", "--seed", "3", "--matrix", matrix, "-o", "json", "--samples"}
	if code := run(t.Context(), args, env{stdout: &stdout, stderr: &stderr, self: nowhere}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr.text())
	}
	var r bench.Result
	if err := json.Unmarshal([]byte(stdout.text()), &r); err != nil {
		t.Fatalf("%v in %s", err, stdout.text())
	}
	if r.Nodes != 4 || r.Seed != 3 || r.Matrix != "matrix.csv" || r.Stock == nil || r.Ours == nil || r.Floor == nil || len(r.Samples) != 3 || len(r.Plots) == 0 {
		t.Errorf("got %s", stdout.text())
	}
	// Both places hold a node, or else the floor is that of one place.
	if got := r.Floor.Max; got < 0.25 || got > 30 {
		t.Errorf("the farthest two are %g ms apart", got)
	}
}

// Ctrl-C ends the child too, and what it had is marked.
func TestBenchVirtualInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout screen
	stderr := &screen{until: "are up", then: cancel}
	code := run(ctx, []string{"bench", "tombstone", "--nodes", "4", "-o", "json"}, env{stdout: &stdout, stderr: stderr, self: nowhere})
	var r bench.Result
	if err := json.Unmarshal([]byte(stdout.text()), &r); err != nil {
		t.Fatalf("%v in %q\n%s", err, stdout.text(), stderr.text())
	}
	if code != exitFailed || !r.Partial || r.Held || r.Metric != "tombstone" {
		t.Errorf("exit code %d: %s\n%s", code, stdout.text(), stderr.text())
	}
}
