package check_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet/light/check"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// The model and the real stack agree on how a tombstone spreads over the same links.
func TestModelAgreesWithNodes(t *testing.T) {
	nodes, messages := size()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		model := wan.Cities(9)
		w, err := sim.New(ctx, sim.Config{Nodes: nodes, Wire: sim.WireConfig{Seed: 9, Model: model}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}()
		if err := w.Settle(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute) // the links and the trees stand
		a, err := check.Spread(ctx, w, model, messages)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", a)
		if a.P50 < 0.95 || a.P50 > 1.05 || a.Missing > 0 {
			t.Errorf("p50 of the model over that of the network: %.3f, want 1 within 5 %%; %d pairs on one side only", a.P50, a.Missing)
		}
	})
}
