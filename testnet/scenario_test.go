package testnet_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

// The words of the scenarios: each does one thing on a network and fails the test
// where that cannot be done. What is to hold after a while is said with soon.

// patience bounds every wait; a good run on a busy machine never comes near it.
const patience = 4 * time.Minute

// start brings up a settled network that ends with the test. Without more said it
// is in memory.
func start(t *testing.T, cfg testnet.Config) *testnet.Network {
	t.Helper()
	cfg.Memory = cfg.Dir == ""
	ctx, cancel := context.WithTimeout(t.Context(), patience)
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
	t.Logf("%d nodes, k=%d: started in %s, settled after %s", cfg.Nodes, cfg.Replication, round(up), round(time.Since(begin)))
	return w
}

// disk is a folder for data directories, in memory where the system has such a
// place: a test must survive a restart, not a power cut.
func disk(t *testing.T) string {
	t.Helper()
	const shared = "/dev/shm"
	if _, err := os.Stat(shared); err == nil {
		if dir, err := os.MkdirTemp(shared, "cairn-test-"); err == nil {
			t.Cleanup(func() { os.RemoveAll(dir) })
			return dir
		}
	}
	return t.TempDir()
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

func newAgent(t *testing.T, w *testnet.Network) *testnet.Agent {
	t.Helper()
	a, err := w.NewAgent()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// place publishes the agent at url through n, in full.
func place(t *testing.T, n *testnet.Node, a *testnet.Agent, url string) node.Receipt {
	t.Helper()
	r, err := n.Place(t.Context(), a, url)
	if err != nil {
		t.Fatalf("publish on %s: %v", n.Name(), err)
	}
	return r
}

// end revokes the agent through n.
func end(t *testing.T, n *testnet.Node, a *testnet.Agent) node.RevokeReceipt {
	t.Helper()
	r, err := n.End(t.Context(), a)
	if err != nil {
		t.Fatalf("revoke on %s: %v", n.Name(), err)
	}
	return r
}

// soon waits for a condition.
func soon(t *testing.T, what string, cond func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := testnet.Await(ctx, cond); err != nil {
		t.Fatalf("never: %s: %v", what, err)
	}
}

// stays holds a condition under watch for a while: it must never fail.
func stays(t *testing.T, d time.Duration, cond func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var broken error
	_ = testnet.Await(ctx, func(context.Context) error { // it always ends with ctx
		if broken = cond(t.Context()); broken != nil {
			return nil
		}
		return errNotYet
	})
	if broken != nil {
		t.Error(broken)
	}
}

// finds says why n does not find the agent, active and at url.
func finds(ctx context.Context, n *testnet.Node, id records.AgentID, url string, mode node.PolicyMode) error {
	res, err := n.Resolve(ctx, id, node.Policy{Mode: mode})
	if err != nil {
		return fmt.Errorf("%s: %w", n.Name(), err)
	}
	if res.Status != records.StatusActive {
		return fmt.Errorf("%s calls it %s: %s", n.Name(), res.Status, res.Reason)
	}
	if got := res.Record.Location().Endpoints[0].URL; got != url {
		return fmt.Errorf("%s finds it at %s, not at %s", n.Name(), got, url)
	}
	return nil
}

// knows says why n, without asking anybody, does not give the agent that status.
func knows(ctx context.Context, n *testnet.Node, id records.AgentID, want records.Status) error {
	got, err := n.Knows(ctx, id)
	if err != nil {
		return fmt.Errorf("%s: %w", n.Name(), err)
	}
	if got != want {
		return fmt.Errorf("%s calls it %s, not %s", n.Name(), got, want)
	}
	return nil
}

// allKnow is knows of several nodes.
func allKnow(ctx context.Context, nodes []*testnet.Node, id records.AgentID, want records.Status) error {
	for _, n := range nodes {
		if err := knows(ctx, n, id, want); err != nil {
			return err
		}
	}
	return nil
}

// refuse waits until all nodes refuse the agent, and then holds them to it: asked
// with every policy, they still do.
func refuse(t *testing.T, nodes []*testnet.Node, id records.AgentID) {
	t.Helper()
	soon(t, "all nodes refuse", func(ctx context.Context) error { return allKnow(ctx, nodes, id, records.StatusRevoked) })
	for _, n := range nodes {
		for _, mode := range []node.PolicyMode{node.PolicyCacheFirst, node.PolicyFirst, node.PolicyMostRecent} {
			res, err := n.Resolve(t.Context(), id, node.Policy{Mode: mode})
			if err != nil {
				t.Fatal(err)
			}
			if res.Status != records.StatusRevoked || res.Record != nil || res.Tombstone == nil || res.Tombstone.ID() != id {
				t.Fatalf("%s, policy %q: %s with record %v", n.Name(), mode, res.Status, res.Record)
			}
		}
	}
}

// without returns the nodes but for some.
func without(nodes []*testnet.Node, some ...*testnet.Node) []*testnet.Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *testnet.Node) bool { return slices.Contains(some, n) })
}

// held returns the nodes that hold a value of the agent, asked over the wire.
func held(t *testing.T, w *testnet.Network, id records.AgentID) map[*testnet.Node]records.Value {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	holders, err := w.Holders(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return holders
}

// infos are how to reach nodes.
func infos(nodes []*testnet.Node) []peer.AddrInfo {
	var out []peer.AddrInfo
	for _, n := range nodes {
		out = append(out, n.AddrInfo())
	}
	return out
}

func names(nodes []*testnet.Node) []string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.Name())
	}
	return out
}
