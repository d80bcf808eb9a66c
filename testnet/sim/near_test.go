package sim_test

import (
	"testing"

	"github.com/cairn-overlay/cairn/testnet/sim"
)

// A network that has just found itself, and has refreshed no table yet, puts every
// record at the nodes that are nearest to its key.
func TestNearestHold(t *testing.T) {
	nodes, copies, keys := 40, 5, 15
	if soak {
		nodes, copies, keys = 100, 20, 40
	}
	bubble(t, func(t *testing.T) {
		w := start(t, sim.Config{Nodes: nodes, Replication: copies, Wire: sim.WireConfig{Seed: 7}})
		for i := range keys {
			a, home := newAgent(t, w), w.Node(i*7%nodes)
			r := place(t, w, home.Index, a)
			held, err := w.Holders(t.Context(), a.ID())
			if err != nil {
				t.Error(err)
			}
			for _, n := range w.Nearest(a.ID(), copies, home) {
				if held[n] == nil {
					t.Errorf("%s is one of the %d nearest and holds nothing; %d targets", n.Name(), copies, r.Targets)
				}
			}
		}
	})
}
