package sim_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"

	"github.com/cairn-overlay/cairn/testnet/sim"
)

// apart is a model in which any two nodes are equally far apart.
type apart time.Duration

func (apart) Place(int) string { return "somewhere" }

func (a apart) OneWay(i, j int) time.Duration {
	if i == j {
		return 0
	}
	return time.Duration(a)
}

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
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
		hs = append(hs, h)
	}
	return f, hs
}

func connect(t *testing.T, from, to host.Host) {
	t.Helper()
	if err := from.Connect(t.Context(), peer.AddrInfo{ID: to.ID(), Addrs: to.Addrs()}); err != nil {
		t.Fatal(err)
	}
}

// trip measures one round trip between connected hosts, and gives up after limit.
func trip(t *testing.T, from, to host.Host, limit time.Duration) (time.Duration, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r, ok := <-ping.Ping(network.WithNoDial(ctx, "test"), from, to.ID())
	if !ok {
		return 0, context.Cause(ctx)
	}
	return r.RTT, r.Error
}

// A round trip takes twice the model's delay, later by what makes either end slow.
func TestDelays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, h := hosts(t, sim.WireConfig{Model: apart(40 * time.Millisecond)}, 3)
		connect(t, h[0], h[1])
		connect(t, h[2], h[1])
		for _, row := range []struct {
			slow time.Duration
			want time.Duration
		}{{0, 80 * time.Millisecond}, {15 * time.Millisecond, 110 * time.Millisecond}, {0, 80 * time.Millisecond}} {
			f.Slow(1, row.slow)
			for _, from := range []host.Host{h[0], h[2]} {
				got, err := trip(t, from, h[1], time.Second)
				if err != nil || (got-row.want).Abs() > time.Millisecond {
					t.Errorf("slow by %s: a round trip took %s, %v, want %s", row.slow, got, err, row.want)
				}
			}
		}
	})
}

// Jitter delays, by no more than it may.
func TestJitter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, h := hosts(t, sim.WireConfig{Model: apart(40 * time.Millisecond), Jitter: 20 * time.Millisecond}, 2)
		connect(t, h[0], h[1])
		seen := make(map[time.Duration]bool)
		for range 20 {
			got, err := trip(t, h[0], h[1], time.Second)
			if err != nil || got < 80*time.Millisecond || got > 121*time.Millisecond {
				t.Errorf("a round trip took %s, %v", got, err)
			}
			seen[got.Round(time.Millisecond)] = true
		}
		if len(seen) < 8 {
			t.Errorf("20 round trips took %d different times", len(seen))
		}
	})
}

// Links across a partition and a one-way cut carry nothing, the others do, and all
// of them do once healed.
func TestFaults(t *testing.T) {
	for name, row := range map[string]struct {
		fault  func(*sim.Fabric)
		broken bool // between 0 and 1; host 2 always reaches 1
	}{
		"none":                 {func(*sim.Fabric) {}, false},
		"partition":            {func(f *sim.Fabric) { f.Partition([]int{0}) }, true},
		"partition, one side":  {func(f *sim.Fabric) { f.Partition([]int{3}) }, false},
		"isolated":             {func(f *sim.Fabric) { f.Isolate(0, 3) }, true},
		"cut there":            {func(f *sim.Fabric) { f.Cut(0, 1) }, true},
		"cut back":             {func(f *sim.Fabric) { f.Cut(1, 0) }, true},
		"cut of somebody else": {func(f *sim.Fabric) { f.Cut(0, 2) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f, h := hosts(t, sim.WireConfig{Model: apart(20 * time.Millisecond)}, 4)
				connect(t, h[0], h[1])
				connect(t, h[2], h[1])
				time.Sleep(time.Second)
				row.fault(f)
				if _, err := trip(t, h[0], h[1], 2*time.Second); (err != nil) != row.broken {
					t.Errorf("from 0 to 1: %v", err)
				}
				if _, err := trip(t, h[2], h[1], 2*time.Second); err != nil {
					t.Errorf("from 2 to 1: %v", err)
				}
				f.Heal()
				time.Sleep(5 * time.Second) // what waited is sent again
				if _, err := trip(t, h[0], h[1], 2*time.Second); err != nil {
					t.Errorf("healed, from 0 to 1: %v", err)
				}
			})
		})
	}
}

// What one host sends the other receives, but for what is lost, and a seed decides
// which that is.
func TestLossAndTraffic(t *testing.T) {
	for _, loss := range []float64{0, 0.2} {
		bubble(t, func(t *testing.T) {
			f, h := hosts(t, sim.WireConfig{Model: apart(5 * time.Millisecond), Loss: loss, Seed: 9}, 2)
			connect(t, h[0], h[1])
			for range 300 {
				_, _ = trip(t, h[0], h[1], 10*time.Second)
			}
			time.Sleep(time.Second) // nothing is on its way
			synctest.Wait()         // nor in the hands of a goroutine
			a, b := f.Traffic(0), f.Traffic(1)
			if a.SentPackets-a.LostPackets != b.ReceivedPackets || loss == 0 && a.SentBytes != b.ReceivedBytes {
				t.Errorf("0 sent %+v, 1 has %+v", a, b)
			}
			if got := float64(a.LostPackets) / float64(a.SentPackets); math.Abs(got-loss) > 0.06 {
				t.Errorf("%.3f of %d packets vanished, want %g", got, a.SentPackets, loss)
			}
			if got := a.Sub(f.Traffic(5)).Add(b).Sub(b); got != a {
				t.Errorf("sums: %+v, want %+v", got, a)
			}
		})
	}
}

func TestBadConfig(t *testing.T) {
	for name, cfg := range map[string]sim.WireConfig{
		"bandwidth": {Bandwidth: -1}, "loss below": {Loss: -0.1}, "loss above": {Loss: 0.95}, "loss": {Loss: math.NaN()}, "jitter": {Jitter: -1},
	} {
		if _, err := sim.NewFabric(cfg); err == nil {
			t.Errorf("bad %s is accepted", name)
		}
	}
	for _, nodes := range []int{-1, 0, sim.MaxNodes} {
		if _, err := sim.New(t.Context(), sim.Config{Nodes: nodes}); err == nil {
			t.Errorf("%d nodes are accepted", nodes)
		}
	}
}

// The charge is paid for each packet, so twice in a round trip.
func TestCharge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, h := hosts(t, sim.WireConfig{Model: apart(40 * time.Millisecond), Charge: time.Millisecond}, 2)
		connect(t, h[0], h[1])
		if got, err := trip(t, h[0], h[1], time.Second); err != nil || got.Round(time.Millisecond/10) != 82*time.Millisecond {
			t.Errorf("a round trip took %s, %v, want 82ms", got, err)
		}
	})
}

// A bound host does not let kad-dht protect its connections, and lets others.
func TestBoundHost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, _ := hosts(t, sim.WireConfig{}, 0)
		for name, row := range map[string]struct {
			newHost func(int) (host.Host, error)
			want    bool
		}{"ours": {f.NewHost, true}, "stock": {f.NewStockHost, true}, "bound": {f.NewBoundHost, false}} {
			h, err := row.newHost(len(name))
			if err != nil {
				t.Fatal(err)
			}
			cm := h.ConnManager()
			cm.Protect("kad", "kbucket")
			cm.Protect("mesh", "pubsub:topic")
			if got := cm.IsProtected("kad", ""); got != row.want {
				t.Errorf("%s: what kad-dht protects is protected: %t, want %t", name, got, row.want)
			}
			if !cm.IsProtected("mesh", "") {
				t.Errorf("%s: what pubsub protects is not protected", name)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
