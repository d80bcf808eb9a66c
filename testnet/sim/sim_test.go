package sim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

// Thirty nodes in cities come up, find what one of them published, and refuse it
// once another has revoked it.
func TestThirtyNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := start(t, sim.Config{Nodes: 30, Wire: sim.WireConfig{Seed: 1}})
		a := newAgent(t, w)
		begin := time.Now()
		r := place(t, w, 3, a)
		t.Logf("published in %s: %d of %d acknowledged, %d gave it back", round(time.Since(begin)), r.Acks, r.Targets, r.ReadBack)
		var took []time.Duration
		for _, n := range w.Nodes() {
			begin := time.Now()
			res, err := n.Resolve(t.Context(), a.ID(), node.Policy{Mode: node.PolicyFirst})
			if err != nil || res.Status != records.StatusActive {
				t.Errorf("%s: %s, %v", n.Name(), res.Status, err)
			}
			took = append(took, time.Since(begin))
		}
		p50, p99, most := quantiles(took)
		t.Logf("resolved: p50 %s, p99 %s, max %s", round(p50), round(p99), round(most))
		begin = time.Now()
		end(t, w, 17, a)
		t.Logf("revoked in %s; all refuse after another %s", round(time.Since(begin)), round(refuse(t, w.Nodes(), a)))
		synctest.Wait()
	})
}
