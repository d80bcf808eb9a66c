package scenario_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/worlds"
)

// book is the folder of scenarios.
const book = "../testdata"

// shortCost is what one scenario may cost in every run of the tests.
const shortCost = 2000

var all = flag.Bool("all", false, "play the long scenarios as well")

var rewrite = flag.Bool("rewrite", false, "write what the scenarios print into them; bounds stay")

// files are all scenarios.
func files(t testing.TB) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(book, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".txt") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	return paths
}

// Every scenario keeps its promise, in virtual time. Those of more than shortCost
// node-seconds are left to make scenarios.
func TestScenarios(t *testing.T) {
	for _, path := range files(t) {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(path, book+"/"), ".txt"), func(t *testing.T) {
			t.Parallel()
			f, err := scenario.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if cost := f.Cost(); cost > shortCost && !*all {
				t.Skipf("%.0f node-seconds: make scenarios plays it", cost)
			}
			synctest.Test(t, func(t *testing.T) { play(t, f) })
		})
	}
}

// play plays one scenario in the bubble of the test.
func play(t *testing.T, f *scenario.File) {
	rep, err := f.Play(t.Context(), scenario.Options{Make: worlds.Virtual, World: "sim", Rewrite: *rewrite})
	if err != nil {
		t.Error(err)
	}
	for _, failed := range rep.Failures {
		t.Error(rep.String(failed))
	}
	cost := float64(rep.Nodes) * rep.Took.Seconds()
	t.Logf("%d nodes, %s: %.0f node-seconds, %.0f by estimate", rep.Nodes, rep.Took, cost, f.Cost())
	if cost > shortCost && f.Cost() <= shortCost {
		t.Errorf("it took %.0f node-seconds, and was to take %.0f: too long for every run", cost, f.Cost())
	}
	if *rewrite && err == nil {
		if err := os.WriteFile(f.Name, f.Rewritten(rep), 0o644); err != nil {
			t.Error(err)
		}
	}
}
