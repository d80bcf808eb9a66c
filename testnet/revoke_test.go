package testnet_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/attack"
)

// revokeBound is what a busy test machine may take; the promise is 250 ms on an
// idle one, and the figure is logged.
const revokeBound = 10 * time.Second

// measureRevoke revokes the agent and asks every node, from before, until each
// refuses.
func measureRevoke(t *testing.T, w *testnet.Network, through *testnet.Node, a *testnet.Agent) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	nodes := w.Nodes()
	took := make([]time.Duration, len(nodes))
	begin := time.Now()
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() {
			if err := testnet.Await(ctx, func(ctx context.Context) error { return knows(ctx, n, a.ID(), records.StatusRevoked) }); err == nil {
				took[i] = time.Since(begin)
			}
		})
	}
	begin = time.Now()
	r := end(t, through, a)
	confirmed := time.Since(begin)
	group.Wait()
	slices.Sort(took)
	t.Logf("revoked: %d nodes refuse within %s (half of them within %s); confirmed by %d of %d holders after %s, handed to %d peers",
		len(nodes), round(took[len(took)-1]), round(took[len(took)/2]), r.ReadBack, r.Targets, round(confirmed), r.GossipPeers)
	if took[0] == 0 || took[len(took)-1] > revokeBound {
		t.Errorf("some nodes did not refuse within %s: %v", revokeBound, took)
	}
}

// After a revocation every connected node refuses, and the agent's keys no longer
// help: nothing signed before or after is accepted anywhere.
func TestRevokedEverywhere(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 20, Replication: 5})
	a := newAgent(t, w)
	place(t, w.Node(3), a, "https://condemned.example/a2a")
	for _, n := range w.Nodes() {
		if err := finds(t.Context(), n, a.ID(), "https://condemned.example/a2a", node.PolicyFirst); err != nil {
			t.Error(err)
		}
	}
	measureRevoke(t, w, w.Node(17), a)
	refuse(t, w.Nodes(), a.ID())
	for _, n := range w.Nodes() {
		if _, err := n.Place(t.Context(), a, "https://again.example/a2a"); !isRevoked(err) {
			t.Errorf("%s published a dead agent: %v", n.Name(), err)
		}
	}
	for n, v := range held(t, w, a.ID()) {
		if _, ok := v.(*records.Tombstone); !ok {
			t.Errorf("%s still gives a record to strangers", n.Name())
		}
	}
}

// A10: a revocation that arrives before anything else of the agent sticks.
func TestEarlyTombstoneSticks(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 8})
	a := newAgent(t, w)
	end(t, w.Node(1), a)
	refuse(t, w.Nodes(), a.ID())
	for _, n := range w.Nodes() {
		if _, err := n.Place(t.Context(), a, "https://late.example/a2a"); !isRevoked(err) {
			t.Errorf("%s published an agent that was revoked before: %v", n.Name(), err)
		}
	}
	refuse(t, w.Nodes(), a.ID())
}

// A stock GossipSub peer on the topic sends and receives every tombstone, from the
// moment on when it has a mesh: what came in the second before, stock peers miss.
func TestStockPeerOnTheTopic(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 8})
	stock := cast(t, attack.Config{})
	if err := stock.Meet(t.Context(), w.Node(0).AddrInfo(), w.Node(5).AddrInfo()); err != nil {
		t.Fatal(err)
	}
	if err := stock.Listen(); err != nil {
		t.Fatal(err)
	}
	sent := newAgent(t, w)
	death, err := sent.Tombstone()
	if err != nil {
		t.Fatal(err)
	}
	if err := stock.Shout(t.Context(), death.Bytes()); err != nil {
		t.Fatal(err)
	}
	refuse(t, w.Nodes(), sent.ID())
	soon(t, "the stock peer has a mesh", func(ctx context.Context) error {
		a := newAgent(t, w)
		end(t, w.Node(3), a)
		return heard(stock, a.ID())
	})
	for range 5 {
		a := newAgent(t, w)
		end(t, w.Node(3), a)
		soon(t, "the stock peer hears of it", func(context.Context) error { return heard(stock, a.ID()) })
	}
}

// heard says that a stock peer did not hear of a death yet.
func heard(p *attack.Peer, id records.AgentID) error {
	for _, m := range p.Heard() {
		if t, err := records.OpenTombstone(m); err == nil && t.ID() == id {
			return nil
		}
	}
	return errNotYet
}
