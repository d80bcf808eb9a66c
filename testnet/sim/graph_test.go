package sim_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet/sim"
)

// Who hands facts to whom is read out of a running network: all are on the topic,
// and both ends of a mesh link know of it.
func TestGraph(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const nodes = 20
		w := start(t, sim.Config{Nodes: nodes, Wire: sim.WireConfig{Seed: 8}})
		time.Sleep(5 * time.Minute) // links are improved in the first ones, and one may be halfway
		synctest.Wait()             // no heartbeat is
		g := w.Graph()
		if len(g.Published) != nodes || len(g.Passed) != nodes {
			t.Fatalf("%d and %d nodes, want %d", len(g.Published), len(g.Passed), nodes)
		}
		links := 0
		for i := range nodes {
			links += len(g.Passed[i])
			if len(g.Published[i]) == 0 || len(g.Passed[i]) == 0 {
				t.Errorf("node %d hands facts to %v and passes them on to %v", i, g.Published[i], g.Passed[i])
			}
			for _, j := range g.Passed[i] {
				if !slices.Contains(g.Passed[j], i) || !slices.Contains(g.Published[i], j) {
					t.Errorf("%d passes facts on to %d; back: %v, topic: %v", i, j, g.Passed[j], g.Published[i])
				}
			}
		}
		t.Logf("%.1f mesh links per node", float64(links)/nodes)
	})
}
