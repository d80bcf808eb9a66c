package testnet_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

// What one node published, every other one finds; where it moved to, they find it.
func TestPublishedIsFound(t *testing.T) {
	for _, cfg := range []testnet.Config{
		{Nodes: 2},
		{Nodes: 8},
		{Nodes: 8, QUIC: true},
		{Nodes: 16, Replication: 5},
	} {
		t.Run(fmt.Sprintf("%d nodes, k=%d, quic=%v", cfg.Nodes, cfg.Replication, cfg.QUIC), func(t *testing.T) {
			w := start(t, cfg)
			a, home := newAgent(t, w), w.Node(cfg.Nodes/2)
			for _, url := range []string{"https://first.example/a2a", "https://second.example/a2a"} {
				r := place(t, home, a, url)
				// One more is asked where one is late, and may then answer too.
				if want := min(cfg.Nodes-1, k(cfg)); r.Acks < want || r.ReadBack < want || !r.Confirmed {
					t.Errorf("receipt: %d of %d acknowledged, %d gave it back, want %d of each", r.Acks, r.Targets, r.ReadBack, want)
				}
				for _, n := range w.Nodes() {
					if err := finds(t.Context(), n, a.ID(), url, node.PolicyMostRecent); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

func k(cfg testnet.Config) int {
	if cfg.Replication == 0 {
		return node.DefaultReplication
	}
	return cfg.Replication
}

// In a network of 60 with five copies of each record, the five nodes nearest to
// the key hold it, in their stores, and nobody else but its publisher and whom the
// receipt names; nodes that hold nothing find it; and once revoked, all 60 refuse it.
func TestSixtyNodes(t *testing.T) {
	const copies = 5
	nodes, dir := 60, disk(t)
	if raceEnabled {
		nodes = 30 // the race detector takes ten times the CPU
	}
	w := start(t, testnet.Config{Nodes: nodes, Replication: copies, Dir: dir})
	agents := make([]*testnet.Agent, 6)
	homes := make([]*testnet.Node, len(agents))
	nearest := make([][]*testnet.Node, len(agents))
	for i := range agents {
		homes[i] = w.Node(i * nodes / len(agents))
		agent, r := placeSwiftly(t, w, homes[i], "https://one-of-sixty.example/a2a")
		agents[i] = agent
		nearest[i] = w.Nearest(agents[i].ID(), copies, homes[i])
		checkHolders(t, held(t, w, agents[i].ID()), nearest[i], homes[i], r)
	}
	for i, a := range agents {
		askIgnorant(t, without(w.Nodes(), append(nearest[i], homes[i])...), a)
	}
	measureRevoke(t, w, w.Node(nodes-1), agents[0])
	refuse(t, w.Nodes(), agents[0].ID())
	for i := range nodes {
		if err := w.Stop(i); err != nil {
			t.Error(err)
		}
	}
	for i, a := range agents[1:] {
		countStores(t, dir, a, nearest[i+1])
	}
}

// askIgnorant finds the agent from 20 nodes that hold nothing of it. Nodes that got
// a copy meanwhile, when one that asked repaired its neighbourhood, are left out.
func askIgnorant(t *testing.T, nodes []*testnet.Node, a *testnet.Agent) {
	t.Helper()
	asked := 0
	for _, n := range nodes {
		if asked == 20 || knows(t.Context(), n, a.ID(), records.StatusUnknown) != nil {
			continue
		}
		asked++
		if err := finds(t.Context(), n, a.ID(), "https://one-of-sixty.example/a2a", node.PolicyFirst); err != nil {
			t.Error(err)
		}
	}
	if asked < 15 {
		t.Errorf("only %d nodes held nothing", asked)
	}
}

// placeSwiftly publishes agents until nobody was late with one. On a starved machine
// lookups leave out whoever is, and holders mend it later: that is not what is looked at.
func placeSwiftly(t *testing.T, w *testnet.Network, n *testnet.Node, url string) (a *testnet.Agent, r node.Receipt) {
	t.Helper()
	late := func(p overlay.PeerOutcome) bool { return !p.Acked || p.AckedAt > time.Second }
	for range 10 {
		a = newAgent(t, w)
		r = place(t, n, a, url)
		if !slices.ContainsFunc(r.Peers, late) {
			return a, r
		}
		t.Logf("%s: not all were in time: %v", n.Name(), r.Peers)
	}
	return a, r
}

// checkHolders holds what nodes gave over the wire against who should hold it.
func checkHolders(t *testing.T, holders map[*testnet.Node]records.Value, want []*testnet.Node, home *testnet.Node, r node.Receipt) {
	t.Helper()
	for _, n := range want {
		if _, ok := holders[n].(*records.Record); !ok {
			t.Errorf("%s is one of the nearest and holds %v", n.Name(), holders[n])
		}
	}
	for n := range holders {
		// Where a target is late, the next nearest is asked too: the receipt says so.
		asked := slices.ContainsFunc(r.Peers, func(p overlay.PeerOutcome) bool { return p.Peer == n.ID() })
		if n != home && !slices.Contains(want, n) && (!asked || len(r.Peers) == len(want)) {
			t.Errorf("%s holds it and is none of the nearest, %v; the receipt names %v", n.Name(), names(want), r.Peers)
		}
	}
	if r.Acks < len(want) || r.ReadBack < len(want) {
		t.Errorf("receipt: %d acknowledged, %d gave it back, want %d", r.Acks, r.ReadBack, len(want))
	}
}

// countStores opens the stores of stopped nodes and looks for the agent's record.
func countStores(t *testing.T, dir string, a *testnet.Agent, want []*testnet.Node) {
	t.Helper()
	for _, n := range want {
		s, err := store.Open(filepath.Join(dir, n.Name(), "store"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rec, err := s.Record(a.ID())
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		if rec == nil {
			t.Errorf("%s has no record of the agent in its store", n.Name())
		}
	}
}

// A node that was never told of an agent does not invent one.
func TestUnknownStaysUnknown(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 8})
	a := newAgent(t, w)
	for _, n := range w.Nodes() {
		res, err := n.Resolve(context.Background(), a.ID(), node.Policy{Mode: node.PolicyMostRecent})
		if err != nil || res.Status != records.StatusUnknown {
			t.Errorf("%s: %s, %v", n.Name(), res.Status, err)
		}
	}
}
