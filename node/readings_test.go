package node

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/node/links"
	"github.com/cairn-overlay/cairn/node/metrics"
	"github.com/cairn-overlay/cairn/node/traces"
	"github.com/cairn-overlay/cairn/overlay"
)

// inTable reports whether a reading that begins so is in the table of metrics.
func inTable(t *testing.T, name string, whole bool) bool {
	t.Helper()
	for _, f := range metrics.Families() {
		for _, r := range f.Readings() {
			if r == name || !whole && strings.HasPrefix(r, name) {
				return true
			}
		}
	}
	return false
}

// Whatever this package counts is in the table of metrics, and so is every counter of the
// packages below: anything else would be shown as cairn_other_..., without a help text.
func TestEveryCounterIsInTheTable(t *testing.T) {
	const next = "give it a row in node/metrics/table.go, and run: go test ./node/metrics -update"
	for _, name := range countedHere(t) {
		if whole := strings.HasSuffix(name, "_total"); !inTable(t, name, whole) {
			t.Errorf("%s is counted, and not in the table; %s", name, next)
		}
	}
	stats := make(map[string]uint64)
	addCounters(stats, "gossip_", gossip.Stats{})
	addCounters(stats, "overlay_", overlay.Stats{})
	addCounters(stats, "links_", links.Stats{})
	addCounters(stats, "traces_", traces.Stats{})
	for name := range stats {
		if !inTable(t, name, true) {
			t.Errorf("%s is in a Stats, and not in the table; %s", name, next)
		}
	}
	for i := range reflect.TypeFor[overlay.Stats]().NumField() {
		if f := reflect.TypeFor[overlay.Stats]().Field(i); f.Type.Kind() == reflect.Map && !inTable(t, "overlay_"+snake(f.Name)+"_", false) {
			t.Errorf("overlay.Stats.%s counts by name, and is not in the table; %s", f.Name, next)
		}
	}
	if inTable(t, "nothing_total", true) || inTable(t, "nothing_", false) {
		t.Error("everything is in the table")
	}
}

// countedHere lists the names that this package counts under: whole ones, or beginnings
// where the rest is known only when it runs.
func countedHere(t *testing.T) (names []string) {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if fun, ok := call.Fun.(*ast.SelectorExpr); !ok || fun.Sel.Name != "add" {
				return true
			}
			ast.Inspect(call.Args[0], func(node ast.Node) bool {
				lit, ok := node.(*ast.BasicLit)
				if ok && lit.Value != `"_total"` {
					names = append(names, strings.Trim(lit.Value, `"`))
				}
				return !ok // the first of a sum
			})
			return true
		})
	}
	if len(names) < 20 {
		t.Fatalf("only %q are counted: this test has gone blind", names)
	}
	return names
}

// Two nodes publish, resolve and revoke; /metrics of one tells, in names that the table
// has.
func TestMetricsOfARunningNode(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir(), API: "127.0.0.1:0"})
	b := newTestNode(t, Config{API: "127.0.0.1:0", APIToken: strings.Repeat("t", 40)}, a)
	agent := mustAgent(t, a, "one")
	if _, err := a.PublishAgent(t.Context(), "one", placeAt("https://one.example"), 0); err != nil {
		t.Fatal(err)
	}
	mustResolve(t, b, agent.ID(), Policy{Mode: PolicyMostRecent})
	mustResolve(t, b, agent.ID(), Policy{})
	certificate, err := a.Agents().Certificate("one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Revoke(t.Context(), certificate); err != nil {
		t.Fatal(err)
	}
	until(t, "b has it", func() bool { return b.final(agent.ID()) != nil })
	for _, row := range []struct {
		n     *Node
		name  string
		least float64
	}{
		{a, "cairn_publish_acks_total", 1},
		{a, "cairn_publish_seconds_count", 1},
		{a, "cairn_revoke_seconds_count", 1},
		{a, "cairn_spread_witnessed_seconds_count", 1},
		{a, "cairn_node_ready", 1},
		{a, "cairn_node_peers", 1},
		{a, "cairn_overlay_table_peers", 1},
		{a, "cairn_overlay_served_total", 1},
		{a, "cairn_facts_held", 1},
		{a, "cairn_facts_range_share", 1},
		{a, "cairn_store_disk_bytes", 1},
		{a, "cairn_store_free_bytes", 1},
		{a, "cairn_store_writable", 1},
		{a, "go_goroutines", 1},
		{b, "cairn_resolve_seconds_count", 1},
		{b, "cairn_resolves_total", 2},
		{b, "cairn_facts_new_total", 1},
		{b, "cairn_gossip_sync_seconds_count", 1},
		{b, "cairn_gossip_sync_bytes_total", 1},
		{b, "cairn_node_reachability", 1},
	} {
		if got, _ := scrape(t, row.n).Sum(row.name); got < row.least {
			t.Errorf("%s: %v, want %v at least", row.name, got, row.least)
		}
	}
}

// scrape reads a node's /metrics.
func scrape(t *testing.T, n *Node) metrics.Scrape {
	t.Helper()
	resp, err := http.Get(n.APIURL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s, err := metrics.Parse(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What the store takes on the disk is what there is, about.
func TestDiskFigures(t *testing.T) {
	dir := t.TempDir()
	n := newTestNode(t, Config{Dir: dir})
	s := n.Status()
	var size int64
	err := filepath.WalkDir(filepath.Join(dir, "store"), func(_ string, d fs.DirEntry, err error) error {
		if info, statErr := d.Info(); err == nil && statErr == nil && !d.IsDir() {
			size += info.Size()
		}
		return nil
	})
	if err != nil || s.StoreBytes <= 0 || s.StoreBytes > 64*size || s.DiskFree <= 0 || s.Reachability != "unknown" {
		t.Errorf("%d bytes, %d by the files; %d free; %s; %v", s.StoreBytes, size, s.DiskFree, s.Reachability, err)
	}
}
