//go:build soak

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

// Lookups of the model take about as long as those of the real stack.
func TestLookupsLookAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
		defer cancel()
		model := wan.Cities(9)
		w, err := sim.New(ctx, sim.Config{Nodes: 60, Wire: sim.WireConfig{Seed: 9, Model: model}})
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
		time.Sleep(time.Minute)
		l, err := check.Resolve(ctx, w, model, 30)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", l)
		if l.Found < l.Count || l.P50 < 0.5 || l.P50 > 2 {
			t.Errorf("%d of %d found, p50 of the model over that of the network %.2f", l.Found, l.Count, l.P50)
		}
	})
}
