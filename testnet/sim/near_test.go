package sim_test

import (
	"testing"

	"github.com/cairn-overlay/cairn/testnet/sim"
)

// A network that has just found itself, and has refreshed no table yet, puts records at the
// nodes that are nearest to their keys. In the first seconds of its life a node may be late
// where it is asked: so it was with one copy in one run of some hundred.
func TestNearestHold(t *testing.T) {
	nodes, copies, keys := 40, 5, 15
	if soak {
		nodes, copies, keys = 100, 20, 40
	}
	bubble(t, func(t *testing.T) {
		w := start(t, sim.Config{Nodes: nodes, Replication: copies, Wire: sim.WireConfig{Seed: 7}})
		missed := 0
		for i := range keys {
			a, home := newAgent(t, w), w.Node(i*7%nodes)
			r := place(t, w, home.Index, a)
			held, err := w.Holders(t.Context(), a.ID())
			if err != nil {
				t.Error(err)
			}
			for _, n := range w.Nearest(a.ID(), copies, home) {
				if held[n] == nil {
					missed++
					t.Logf("%s is one of the %d nearest and holds nothing; %d targets", n.Name(), copies, r.Targets)
				}
			}
		}
		if missed > 1 {
			t.Errorf("%d copies of %d are elsewhere", missed, copies*keys)
		}
	})
}
