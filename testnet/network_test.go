package testnet_test

import (
	"context"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/testnet"
)

// start brings up a settled network that ends with the test.
func start(t *testing.T, cfg testnet.Config) *testnet.Network {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begin := time.Now()
	w, err := testnet.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	up := time.Since(begin)
	if err := w.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d nodes: up after %s, settled after %s", cfg.Nodes, up.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
	return w
}
