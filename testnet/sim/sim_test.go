package sim_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// reconciled bounds the time in which a node that can reach others again refuses
// what they refuse: the pause between two reconciliations, and finding each other.
const reconciled = 30*time.Second + 15*time.Second

// Thirty nodes in cities come up, find what one of them published, and refuse it
// once another has revoked it.
func TestThirtyNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := start(t, sim.Config{Nodes: 30, Wire: sim.WireConfig{Seed: 1}})
		a := newAgent(t, w)
		begin := time.Now()
		r := place(t, w, 3, a)
		t.Logf("published in %s: %d of %d acknowledged, %d gave it back", round(time.Since(begin)), r.Acks, r.Targets, r.ReadBack)
		if held, err := w.Holders(t.Context(), a.ID()); err != nil || len(held) < node.DefaultReplication {
			t.Errorf("%d nodes hold it, want %d; %v", len(held), node.DefaultReplication, err)
		}
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
		t.Logf("revoked in %s", round(time.Since(begin)))
		refuse(t, w.Nodes(), a)
	})
}

// A node is cut off for a minute, in which an agent is revoked. While it cannot know
// it does not; once healed it refuses within a reconciliation period.
func TestCutOffNodeCatchesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := start(t, sim.Config{Nodes: 12, Wire: sim.WireConfig{Seed: 2}})
		a := newAgent(t, w)
		place(t, w, 1, a)
		w.Isolate(7)
		time.Sleep(time.Second)
		end(t, w, 3, a)
		others := slices.DeleteFunc(w.Nodes(), func(n *testnet.Node) bool { return n.Index == 7 })
		refuse(t, others, a)
		time.Sleep(59 * time.Second)
		if got, err := w.Node(7).Knows(t.Context(), a.ID()); err != nil || got == records.StatusRevoked {
			t.Fatalf("cut off, and it calls the agent %s, %v", got, err)
		}
		w.Heal()
		took := refuse(t, w.Nodes(), a)
		t.Logf("refuses %s after the heal", round(took))
		if took > reconciled {
			t.Errorf("it took %s, want %s at most", took, reconciled)
		}
	})
}

// Five packets of a hundred vanish: all nodes learn of twenty tombstones all the same.
func TestLoss(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := start(t, sim.Config{Nodes: 20, Wire: sim.WireConfig{Seed: 3, Loss: 0.05, Jitter: 10 * time.Millisecond}})
		var agents []*testnet.Agent
		for i := range 20 {
			agents = append(agents, newAgent(t, w))
			end(t, w, i, agents[i])
		}
		t.Logf("all nodes know of all %s after the last", round(refuse(t, w.Nodes(), agents...)))
		sum := w.TrafficOfAll()
		lost := float64(sum.LostPackets) / float64(sum.SentPackets)
		t.Logf("%d packets of %d vanished, %.2f %%", sum.LostPackets, sum.SentPackets, 100*lost)
		if lost < 0.045 || lost > 0.055 {
			t.Errorf("%.2f %% of the packets were lost, want about 5", 100*lost)
		}
	})
}

// A node that was never there before knows of what was revoked by the time it is ready.
func TestLateJoiner(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := start(t, sim.Config{Nodes: 12, Wire: sim.WireConfig{Seed: 4}})
		a := newAgent(t, w)
		place(t, w, 1, a)
		end(t, w, 2, a)
		time.Sleep(10 * time.Minute)
		begin := time.Now()
		n, err := w.Add()
		if err != nil {
			t.Fatal(err)
		}
		if err := n.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("ready after %s", round(time.Since(begin)))
		if err := knows(t.Context(), n, a.ID(), records.StatusRevoked); err != nil {
			t.Error(err)
		}
	})
}

// One of the nearest is silent, and another gets the record in its place. When the agent
// moves it is silent no more: the other one, of whom nobody expects a copy, is told all the same.
func TestOutdatedToo(t *testing.T) {
	const copies = 3
	bubble(t, func(t *testing.T) {
		w := start(t, sim.Config{Nodes: 12, Replication: copies, Wire: sim.WireConfig{Seed: 8}})
		a, home := newAgent(t, w), w.Node(0)
		near := w.Nearest(a.ID(), copies+1, home)
		silent, other := near[1], near[copies]
		w.Isolate(silent.Index)
		r := place(t, w, home.Index, a)
		if !slices.ContainsFunc(r.Peers, func(p overlay.PeerOutcome) bool { return p.Peer == other.ID() && p.Acked }) {
			t.Fatalf("nobody has it in the place of %s: %+v", silent.Name(), r.Peers)
		}
		w.Heal()
		time.Sleep(10 * time.Second)
		place(t, w, home.Index, a)
		time.Sleep(2 * time.Second) // who does not count is not waited for
		held, err := w.Holders(t.Context(), a.ID())
		if err != nil || held[home] == nil || held[silent] == nil {
			t.Fatalf("held by %d, and by %s: %v; %v", len(held), silent.Name(), held[silent] != nil, err)
		}
		for n, v := range held {
			if string(v.Bytes()) != string(held[home].Bytes()) {
				t.Errorf("%s holds an older record", n.Name())
			}
		}
	})
}

// A node that lost power comes back at its address, with its key, and with what it
// had on disk or without.
func TestKillAndRestart(t *testing.T) {
	for name, dir := range map[string]bool{"memory": false, "disk": true} {
		t.Run(name, func(t *testing.T) {
			cfg := sim.Config{Nodes: 8, Wire: sim.WireConfig{Seed: 5}}
			if dir {
				cfg.Dir = t.TempDir()
			}
			bubble(t, func(t *testing.T) {
				w := start(t, cfg)
				a, before := newAgent(t, w), w.Node(5).AddrInfo()
				if err := w.Kill(5); err != nil {
					t.Fatal(err)
				}
				end(t, w, 2, a)
				time.Sleep(10 * time.Minute)
				n, err := w.Restart(5)
				if err != nil {
					t.Fatal(err)
				}
				if got := n.AddrInfo(); got.String() != before.String() {
					t.Errorf("came back as %s, was %s", got, before)
				}
				if err := n.WaitReady(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := knows(t.Context(), n, a.ID(), records.StatusRevoked); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// spread revokes agents one after the other, each through another node, and returns
// how long each took to each node, and the least that this could take.
func spread(t *testing.T, w *sim.Network, m wan.Model, messages int) (took, floor []time.Duration) {
	t.Helper()
	var live []int
	for _, n := range w.Nodes() {
		live = append(live, n.Index)
	}
	paths := wan.Floor(m, live, 0)
	for k := range messages {
		from := live[(k*7)%len(live)]
		for to, d := range revokeAndWatch(t, w, from) {
			f, _ := paths.Between(from, to)
			took, floor = append(took, d), append(floor, f)
		}
		time.Sleep(time.Second) // stragglers of one message are not to meet the next
	}
	return took, floor
}

// revokeAndWatch revokes a new agent through one node and returns after how long each
// other one had the fact.
func revokeAndWatch(t *testing.T, w *sim.Network, from int) map[int]time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	a, nodes := newAgent(t, w), w.Nodes()
	at := make([]time.Time, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() {
			for f, err := range n.Facts(ctx, 0, true) {
				if err == nil && f.Fact.ID() == a.ID() {
					at[i] = time.Now()
					return
				}
			}
		})
	}
	synctest.Wait() // all watch
	begin := time.Now()
	end(t, w, from, a)
	group.Wait()
	took := make(map[int]time.Duration)
	for i, n := range nodes {
		if at[i].IsZero() {
			t.Errorf("%s never heard of it", n.Name())
		} else if n.Index != from {
			took[n.Index] = at[i].Sub(begin)
		}
	}
	return took
}

// The spread of a tombstone, held against the floor: what anything could reach that
// may send along every path.
func TestSpread(t *testing.T) {
	nodes := 30
	if soak {
		nodes = 100
	}
	bubble(t, func(t *testing.T) {
		model := wan.Cities(6)
		w := start(t, sim.Config{Nodes: nodes, Wire: sim.WireConfig{Seed: 6, Model: model}})
		time.Sleep(10 * time.Second)
		before := w.TrafficOfAll()
		took, floor := spread(t, w, model, 20)
		bytes := w.TrafficOfAll().Sub(before).SentBytes
		p50, p99, most := quantiles(took)
		f50, f99, fmost := quantiles(floor)
		t.Logf("spread over %d nodes: p50 %s, p99 %s, max %s", nodes, round(p50), round(p99), round(most))
		t.Logf("floor:                p50 %s, p99 %s, max %s", round(f50), round(f99), round(fmost))
		t.Logf("ratio:                p50 %.2f, p99 %.2f, max %.2f; %d bytes sent per tombstone and node, all else included",
			ratio(p50, f50), ratio(p99, f99), ratio(most, fmost), bytes/uint64(20*nodes))
		for i := range took {
			if took[i] < floor[i] {
				t.Fatalf("faster than the floor: %s, floor %s", took[i], floor[i])
			}
		}
	})
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
