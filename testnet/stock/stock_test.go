package stock_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"
	"go.uber.org/goleak"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/stock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nodes brings up stock nodes in virtual time that end with the bubble.
func nodes(t *testing.T, count int, newHost func(*sim.Fabric, int) (host.Host, error)) (*sim.Fabric, []*stock.Node) {
	t.Helper()
	f, err := sim.NewFabric(sim.WireConfig{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	var all []*stock.Node
	var seeds []peer.AddrInfo
	for i := range count {
		h, err := newHost(f, i)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := errors.Join(h.Network().Close(), h.Close()); err != nil {
				t.Error(err)
			}
		})
		n, err := stock.New(stock.Config{Host: h, Network: "test", Bootstrap: seeds})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := n.Join(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(seeds) < 3 {
			seeds = append(seeds, peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()})
		}
		all = append(all, n)
	}
	time.Sleep(10 * time.Second) // for tables and meshes
	return f, all
}

// What anyone expects of the stock libraries, and where it ends: a node that was cut
// off for a minute never hears of the tombstone.
func TestStockNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := nodes(t, 8, (*sim.Fabric).NewStockHost)
		a, err := testnet.NewAgent(nil)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := a.At("https://agent.example/a2a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n[4].First(t.Context(), a.ID().Key()); !errors.Is(err, routing.ErrNotFound) {
			t.Errorf("asked for what nobody has: %v", err)
		}
		if err := n[3].Put(t.Context(), a.ID().Key(), rec.Bytes()); err != nil {
			t.Fatal(err)
		}
		if v, err := n[5].First(t.Context(), a.ID().Key()); err != nil || !bytes.Equal(v, rec.Bytes()) {
			t.Errorf("first: %x, %v", v, err)
		}
		if v, err := n[6].Full(t.Context(), a.ID().Key()); err != nil || !bytes.Equal(v, rec.Bytes()) {
			t.Errorf("full: %x, %v", v, err)
		}
		f.Isolate(7)
		tomb, err := a.Tombstone()
		if err != nil {
			t.Fatal(err)
		}
		if err := n[2].Shout(t.Context(), tomb); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		f.Heal()
		time.Sleep(10 * time.Minute)
		for i, n := range n {
			if got, want := n.Dead(a.ID()), i != 7; got != want {
				t.Errorf("node %d knows of the tombstone: %t, want %t", i, got, want)
			}
		}
	})
}

// Nothing but tombstones passes the topic, and what does is told once.
func TestHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := make(chan records.AgentID, 10)
		f, err := sim.NewFabric(sim.WireConfig{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		h, err := f.NewStockHost(0)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		n, err := stock.New(stock.Config{Host: h, Heard: func(tomb *records.Tombstone) { heard <- tomb.ID() }})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		a, err := testnet.NewAgent(nil)
		if err != nil {
			t.Fatal(err)
		}
		tomb, err := a.Tombstone()
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Shout(t.Context(), tomb); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(heard) != 1 || <-heard != a.ID() {
			t.Error("the tombstone was not told once")
		}
	})
}
