package testnet_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

var errNotYet = errors.New("not yet")

func isRevoked(err error) bool { return errors.Is(err, records.ErrRevoked) }

// awaitReady waits until n is ready and fails where it ever called the agent
// active meanwhile.
func awaitReady(t *testing.T, n *testnet.Node, dead records.AgentID) {
	t.Helper()
	soon(t, n.Name()+" is ready", func(ctx context.Context) error {
		status, err := n.Knows(ctx, dead)
		if err != nil {
			return err
		}
		if status == records.StatusActive {
			t.Fatalf("%s calls a dead agent active", n.Name())
		}
		if state, reason := n.State(); state != node.StateReady {
			return errors.New(reason)
		}
		return nil
	})
	if err := knows(t.Context(), n, dead, records.StatusRevoked); err != nil {
		t.Errorf("ready, but: %v", err)
	}
}

// A node that was down when an agent was revoked, be it the first one, which
// joined through nobody, and one that never was there before, refuse the agent by
// the time they are ready.
func TestAwayAndNewNodesRefuseWhenReady(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 8, Dir: disk(t)})
	a, alive := newAgent(t, w), newAgent(t, w)
	place(t, w.Node(1), a, "https://before.example/a2a")
	place(t, w.Node(1), alive, "https://alive.example/a2a")
	for _, i := range []int{0, 5} {
		if err := w.Kill(i); err != nil {
			t.Fatal(err)
		}
	}
	end(t, w.Node(6), a)
	refuse(t, w.Nodes(), a.ID())
	for _, i := range []int{0, 5} {
		n, err := w.Restart(i)
		if err != nil {
			t.Fatal(err)
		}
		awaitReady(t, n, a.ID())
	}
	fresh, err := w.Add()
	if err != nil {
		t.Fatal(err)
	}
	awaitReady(t, fresh, a.ID())
	refuse(t, w.Nodes(), a.ID())
	for _, n := range w.Nodes() {
		if err := finds(t.Context(), n, alive.ID(), "https://alive.example/a2a", node.PolicyMostRecent); err != nil {
			t.Error(err)
		}
	}
}

// A node that comes back and reaches nobody is not ready, and calls no agent
// active, although it holds a valid record: it may have missed a revocation, and
// here it has. What it could always prove it still says.
func TestAloneAfterAReturnIsNotReady(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 6, Dir: disk(t)})
	a, gone := newAgent(t, w), newAgent(t, w)
	place(t, w.Node(1), a, "https://before.example/a2a")
	end(t, w.Node(1), gone)
	refuse(t, w.Nodes(), gone.ID())
	for _, i := range []int{0, 5} {
		if err := w.Kill(i); err != nil {
			t.Fatal(err)
		}
	}
	end(t, w.Node(3), a)
	w.Partition([]int{0}, []int{5})
	var back []*testnet.Node
	for _, i := range []int{0, 5} {
		n, err := w.Restart(i)
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, n)
	}
	stays(t, 2*time.Second, func(ctx context.Context) error {
		for _, n := range back {
			if state, _ := n.State(); state == node.StateReady {
				return fmt.Errorf("%s is ready", n.Name())
			}
		}
		return errors.Join(allKnow(ctx, back, a.ID(), records.StatusUnverified), allKnow(ctx, back, gone.ID(), records.StatusRevoked))
	})
	w.Heal()
	for _, n := range back {
		awaitReady(t, n, a.ID())
	}
}

// A network that is stopped and started again on the same directories is the same
// network: the nodes have their keys and what they stored, and find each other.
func TestStartedAgain(t *testing.T) {
	dir := disk(t)
	cfg := testnet.Config{Nodes: 6, Dir: dir}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w, err := testnet.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	dead, alive, id := newAgent(t, w), newAgent(t, w), w.Node(4).ID()
	place(t, w.Node(2), alive, "https://alive.example/a2a")
	end(t, w.Node(3), dead)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, cfg)
	if again.Node(4).ID() != id {
		t.Error("a node has another key")
	}
	refuse(t, again.Nodes(), dead.ID())
	for _, n := range again.Nodes() {
		if err := finds(t.Context(), n, alive.ID(), "https://alive.example/a2a", node.PolicyMostRecent); err != nil {
			t.Error(err)
		}
	}
}

// What was acknowledged survives the sudden end of everybody: all nodes are
// killed at once and come back.
func TestAllKilledAtOnce(t *testing.T) {
	const count = 8
	w := start(t, testnet.Config{Nodes: count, Dir: disk(t)})
	dead, alive := newAgent(t, w), newAgent(t, w)
	place(t, w.Node(1), dead, "https://dead.example/a2a")
	place(t, w.Node(2), alive, "https://alive.example/a2a")
	end(t, w.Node(3), dead)
	for i := range count {
		if err := w.Kill(i); err != nil {
			t.Fatal(err)
		}
	}
	for i := range count {
		if _, err := w.Restart(i); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range w.Nodes() {
		awaitReady(t, n, dead.ID())
	}
	refuse(t, w.Nodes(), dead.ID())
	for _, n := range w.Nodes() {
		soon(t, "the living agent is found", func(ctx context.Context) error {
			return finds(ctx, n, alive.ID(), "https://alive.example/a2a", node.PolicyMostRecent)
		})
	}
}

// A record outlives the sudden death of most of its holders, and of its publisher.
func TestHoldersDie(t *testing.T) {
	const copies = 5
	w := start(t, testnet.Config{Nodes: 20, Replication: copies})
	a, home := newAgent(t, w), w.Node(7)
	place(t, home, a, "https://survivor.example/a2a")
	for _, n := range append(w.Nearest(a.ID(), copies, home)[:copies-1], home) {
		if err := w.Kill(n.Index); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range w.Nodes() {
		soon(t, "it is found", func(ctx context.Context) error {
			return finds(ctx, n, a.ID(), "https://survivor.example/a2a", node.PolicyFirst)
		})
	}
}
