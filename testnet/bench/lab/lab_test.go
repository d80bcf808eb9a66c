package lab

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"go.uber.org/goleak"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bubble runs an experiment with so many nodes, and says what it cost.
func bubble(t *testing.T, nodes int, f func(t *testing.T, cfg Config)) {
	t.Helper()
	cpu := cpuTime()
	synctest.Test(t, func(t *testing.T) { f(t, Config{Nodes: nodes, Seed: 1, Model: wan.Cities(1), Say: t.Logf}) })
	t.Logf("CPU %s", (cpuTime() - cpu).Round(10*time.Millisecond))
}

// What a calm network gives: everything arrives in every arm, ours never before the
// floor, and no cheaper than one copy.
func TestSpread(t *testing.T) {
	bubble(t, 10, func(t *testing.T, cfg Config) {
		s, err := RunSpread(t.Context(), cfg, 4, true)
		if err != nil {
			t.Fatal(err)
		}
		for name, w := range map[string]*Wave{"revoked": s.Revoked, "topic": s.Topic} {
			for _, arm := range []string{Ours, Stock, Stock32} {
				a := w.Arms[arm]
				if len(a.Latency) != 4*9 || len(w.Floor) != 4*9 || a.Arrived != 1 {
					t.Errorf("%s, %s: %d latencies, %d floors, want %d; %g arrived", name, arm, len(a.Latency), len(w.Floor), 4*9, a.Arrived)
				}
				for i, took := range a.Latency {
					if took < w.Floor[i]-0.01 {
						t.Errorf("%s, %s: pair %d took %g ms, and the floor is %g", name, arm, i, took, w.Floor[i])
					}
				}
				if a.Gross < s.LoneGross || a.Copies < 1 {
					t.Errorf("%s, %s: %g bytes and %g copies, the floor is %g bytes", name, arm, a.Gross, a.Copies, s.LoneGross)
				}
			}
		}
		if s.LoneGross < 78+28 || s.LoneGross > 400 {
			t.Errorf("one tombstone on an open stream took %g bytes", s.LoneGross)
		}
	})
}

// In a calm network every record is acknowledged, stands at all true holders and is
// found; with three of ten dead it is acknowledged too.
func TestPublishing(t *testing.T) {
	bubble(t, 12, func(t *testing.T, cfg Config) {
		p, err := RunPublishing(t.Context(), cfg, 6)
		if err != nil {
			t.Fatal(err)
		}
		ours, stock := p.Calm[Ours], p.Calm[Stock]
		if ours.Share() != 1 || ours.Holding != ours.Holders || p.Found != 1 || p.Dead[Ours].Share() != 1 {
			t.Errorf("ours: %+v, found %g, dead %+v", ours, p.Found, p.Dead[Ours])
		}
		if stock.Holding != stock.Holders || len(stock.Acked) != 12 || len(ours.Floor) != 12 {
			t.Errorf("stock: %+v", stock)
		}
		for i, took := range ours.Acked {
			if took < ours.Floor[i]*0.5-0.01 { // a dial of another may spare the handshake
				t.Errorf("record %d took %g ms, and the floor is %g", i, took, ours.Floor[i])
			}
		}
	})
}

// Readers find the newest record, nodes and fresh clients alike.
func TestResolving(t *testing.T) {
	bubble(t, 12, func(t *testing.T, cfg Config) {
		s, err := RunResolving(t.Context(), cfg, 6)
		if err != nil {
			t.Fatal(err)
		}
		for name, r := range map[string]*Reads{"ours": s.Known[Ours], "stock": s.Known[Stock], "client": s.Fresh[Ours], "stock client": s.Fresh[Stock]} {
			if len(r.Took) != 6 || r.Share() != 1 {
				t.Errorf("%s: took %v ms", name, r.Took)
			}
		}
		for i, took := range s.Known[Ours].Took {
			if took < s.Known[Ours].Relayed[i]-0.01 {
				t.Errorf("reader %d took %g ms, and no question can be passed on sooner than in %g", i, took, s.Known[Ours].Relayed[i])
			}
		}
		if len(s.Known[Stock].Full) != 6 {
			t.Errorf("full walks: %v", s.Known[Stock].Full)
		}
	})
}

// flat is a model in which all are 10 ms apart, but 0 and 1, for whom it is 50.
type flat struct{}

func (flat) Place(int) string { return "somewhere" }

func (flat) OneWay(i, j int) time.Duration {
	switch {
	case i == j:
		return 0
	case i+j == 1:
		return 50 * time.Millisecond
	}
	return 10 * time.Millisecond
}

// The ground knows the direct way, the shortest one, and who is near a key.
func TestGround(t *testing.T) {
	ids := []peer.ID{"a", "b", "c", "d"}
	g := newGround(setup{Config: Config{Model: flat{}}, charge: time.Millisecond}, []int{0, 1, 2}, ids)
	if got, want := g.rtt(0, 1), 102*time.Millisecond; got != want {
		t.Errorf("round trip %s, want %s", got, want)
	}
	if got, want := g.news(0, 1), 22*time.Millisecond; got != want {
		t.Errorf("shortest way %s, want %s", got, want)
	}
	all := g.nearest("key", 9, -1)
	slices.Sort(all)
	if !slices.Equal(all, []int{0, 1, 2}) {
		t.Errorf("near the key: %v", all)
	}
	first := g.nearest("key", 1, -1)[0]
	if got := g.nearest("key", 9, first); len(got) != 2 || slices.Contains(got, first) {
		t.Errorf("without %d: %v", first, got)
	}
}

// What never came is infinite, and the first moment counts.
func TestRecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, id := newRecorder(), records.AgentIDFromDigest([32]byte{1})
		first := time.Now()
		r.note(3, id)
		time.Sleep(time.Second)
		r.note(3, id)
		if at, ok := r.when(3, id); !ok || !at.Equal(first) {
			t.Errorf("%s, %t", at, ok)
		}
		if _, ok := r.when(4, id); ok {
			t.Error("noted where nothing was")
		}
	})
	if got := finite([]float64{1, math.Inf(1), 2, orNever(time.Second, false)}); got != 0.5 {
		t.Errorf("share that came: %g", got)
	}
}

// A hop costs something, and no more than a slow machine would take.
func TestCharge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := measureCharge(t.Context())
		if err != nil || c < minCharge || c > 100*time.Millisecond || c%minCharge != 0 {
			t.Errorf("charge %s, %v", c, err)
		}
	})
}

// Who missed facts gets them all, at no less than their own bytes; what both lack goes
// both ways.
func TestRejoin(t *testing.T) {
	bubble(t, 2, func(t *testing.T, cfg Config) {
		rows, full, _, err := RunRejoin(t.Context(), cfg, 2_000, []int{1, 50})
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 6 || full < 2_000*78 {
			t.Errorf("%d rows, everything takes %g bytes", len(rows), full)
		}
		for _, r := range rows {
			t.Logf("%+v", r)
			if !r.Complete || r.Bytes < r.Least || r.Took < r.RTT || r.Bytes > full {
				t.Errorf("%+v, everything takes %g bytes", r, full)
			}
			if want := float64(78 * r.Missing); r.Diverged && r.Least != 2*want || !r.Diverged && r.Least != want {
				t.Errorf("%d missing, diverged %t: least %g bytes", r.Missing, r.Diverged, r.Least)
			}
		}
	})
}

// Everything arrives in a calm network and under loss, at all that live after a crash,
// and at all that are honest.
func TestDelivery(t *testing.T) {
	bubble(t, 10, func(t *testing.T, cfg Config) {
		d, err := RunDelivery(t.Context(), cfg, 4)
		if err != nil {
			t.Fatal(err)
		}
		for condition, honest := range map[string]int{Calm: 10, Loss: 10, Crash: 7, Droppers: 9, Sybils: 2} {
			w := d.Waves[condition]
			if w == nil || d.Honest[condition] != honest {
				t.Errorf("%s: %v, %d honest, want %d", condition, w, d.Honest[condition], honest)
				continue
			}
			if got, want := len(w.Arms[Ours].Latency), 4*(honest-1); got != want || len(w.Floor) != want {
				t.Errorf("%s: %d pairs and %d floors, want %d", condition, got, len(w.Floor), want)
			}
			if got := w.Arms[Ours].Arrived; got != 1 {
				t.Errorf("%s: %g arrived", condition, got)
			}
			t.Logf("%s: ours %.1f, stock %.1f, floor %.1f", condition, w.Arms[Ours].Latency, w.Arms[Stock32].Latency, w.Floor)
		}
	})
}
