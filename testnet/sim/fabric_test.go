package sim_test

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/testnet/sim"
)

// hosts builds bare hosts that end with the bubble.
func hosts(t *testing.T, cfg sim.WireConfig, count int) (*sim.Fabric, []host.Host) {
	t.Helper()
	f, err := sim.NewFabric(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	var hs []host.Host
	for i := range count {
		h, err := f.NewHost(i)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		hs = append(hs, h)
	}
	return f, hs
}

func TestTwoHosts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, h := hosts(t, sim.WireConfig{Seed: 1}, 2)
		if err := h[1].Connect(t.Context(), peer.AddrInfo{ID: h[0].ID(), Addrs: h[0].Network().ListenAddresses()}); err != nil {
			t.Fatal(err)
		}
	})
}
