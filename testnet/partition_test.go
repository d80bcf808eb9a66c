package testnet_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

// What is revoked on one side of a partition is revoked on both once it heals,
// whichever side it was, and what was published on either side is found on both.
func TestPartitionHeals(t *testing.T) {
	t.Parallel()
	w := start(t, testnet.Config{Nodes: 12})
	left, right := []int{0, 1, 2, 3, 4, 5}, []int{6, 7, 8, 9, 10, 11}
	one, two, late := newAgent(t, w), newAgent(t, w), newAgent(t, w)
	place(t, w.Node(0), one, "https://one.example/a2a")
	place(t, w.Node(8), two, "https://two.example/a2a")
	w.Partition(left, right)
	end(t, w.Node(2), one)
	end(t, w.Node(9), two)
	place(t, w.Node(10), late, "https://late.example/a2a")
	refuse(t, side(w, left), one.ID())
	refuse(t, side(w, right), two.ID())
	for _, n := range side(w, right) {
		if err := knows(t.Context(), n, one.ID(), records.StatusActive); err != nil {
			t.Errorf("the right side cannot know: %v", err)
		}
	}
	w.Heal()
	refuse(t, w.Nodes(), one.ID())
	refuse(t, w.Nodes(), two.ID())
	for _, n := range w.Nodes() {
		soon(t, "what was published during the partition is found", func(ctx context.Context) error {
			return finds(ctx, n, late.ID(), "https://late.example/a2a", node.PolicyMostRecent)
		})
	}
}

// A publish that was cut short before anybody else had the record is no loss: its own
// node holds the record, answers with it although others still give the older one, and
// hands it to them as soon as somebody asks.
func TestPublishCutShort(t *testing.T) {
	t.Parallel()
	w := start(t, testnet.Config{Nodes: 3})
	a, home := newAgent(t, w), w.Node(0)
	place(t, home, a, "https://first.example/a2a")
	w.Partition([]int{0}, []int{1}, []int{2})
	if _, err := home.Place(t.Context(), a, "https://second.example/a2a"); !errors.Is(err, overlay.ErrNoPeers) {
		t.Fatalf("a publish that reaches nobody: %v", err)
	}
	w.Partition([]int{0, 1})
	soon(t, "the two are linked", func(context.Context) error {
		if s := home.Status(); s.TablePeers == 0 {
			return errors.New("nobody in the table")
		}
		return nil
	})
	if err := finds(t.Context(), home, a.ID(), "https://second.example/a2a", node.PolicyFirst); err != nil {
		t.Errorf("its own node: %v", err)
	}
	soon(t, "the other one has it", func(ctx context.Context) error {
		return finds(ctx, w.Node(1), a.ID(), "https://second.example/a2a", node.PolicyMostRecent)
	})
}

// A holder that missed a move has the newer record, on its disk as well, once it has
// asked for the agent itself.
func TestHolderCatchesUp(t *testing.T) {
	t.Parallel()
	w := start(t, testnet.Config{Nodes: 4})
	a, home, late := newAgent(t, w), w.Node(0), w.Node(3)
	place(t, home, a, "https://first.example/a2a")
	w.Partition([]int{late.Index})
	place(t, home, a, "https://second.example/a2a")
	w.Heal()
	soon(t, "it finds the newer one", func(ctx context.Context) error {
		return finds(ctx, late, a.ID(), "https://second.example/a2a", node.PolicyMostRecent)
	})
	soon(t, "it holds the newer one", func(context.Context) error {
		rec, ok := held(t, w, a.ID())[late].(*records.Record)
		if !ok {
			return errors.New("it holds none")
		}
		if rec.Sequence() != 2 {
			return fmt.Errorf("it gives sequence %d to strangers", rec.Sequence())
		}
		return nil
	})
}

func side(w *testnet.Network, seats []int) []*testnet.Node {
	var nodes []*testnet.Node
	for _, i := range seats {
		nodes = append(nodes, w.Node(i))
	}
	return nodes
}

// A8: a publisher and a holder that are cut off while their agent is revoked, and
// go on publishing it, do not bring it back.
func TestZombieStaysDead(t *testing.T) {
	t.Parallel()
	w := start(t, testnet.Config{Nodes: 10, Replication: 5})
	a, home := newAgent(t, w), w.Node(4)
	place(t, home, a, "https://zombie.example/a2a")
	holder := w.Nearest(a.ID(), 1, home)[0]
	w.Partition([]int{home.Index, holder.Index})
	end(t, without(w.Nodes(), home, holder)[0], a)
	living := without(w.Nodes(), home, holder)
	refuse(t, living, a.ID())
	if _, err := home.Place(t.Context(), a, "https://undead.example/a2a"); isRevoked(err) {
		t.Errorf("the cut-off publisher cannot know: %v", err)
	}
	w.Heal()
	refuse(t, w.Nodes(), a.ID())
	if _, err := home.Place(t.Context(), a, "https://undead.example/a2a"); !isRevoked(err) {
		t.Errorf("the publisher still publishes: %v", err)
	}
	for n, v := range held(t, w, a.ID()) {
		if _, ok := v.(*records.Tombstone); !ok {
			t.Errorf("%s still gives a record to strangers", n.Name())
		}
	}
}
