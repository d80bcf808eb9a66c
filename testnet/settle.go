package testnet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/node"
)

// lookEvery is the pause between two looks at a condition.
const lookEvery = 10 * time.Millisecond

// Await looks at a condition until it holds (cond returns nil) or ctx ends; then
// it says what was still missing. It is what tests use in place of sleeping.
func Await(ctx context.Context, cond func(context.Context) error) error {
	for {
		err := cond(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(lookEvery):
		}
	}
}

// Settle waits until the network has found itself: every node that is up is
// ready, has a routing table worth the name, and has a peer on the fact topic. It
// says which nodes are not there yet where ctx ends first. While the network is
// partitioned, sides that are too small for this never settle.
func (w *Network) Settle(ctx context.Context) error {
	nodes := w.Nodes()
	errs := make([]error, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() {
			errs[i] = Await(ctx, func(context.Context) error { return w.settled(n, len(nodes)) })
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("testnet: not settled:\n%w", err)
	}
	return nil
}

// settled says what a node still lacks.
func (w *Network) settled(n *Node, nodes int) error {
	if state, reason := n.State(); state != node.StateReady {
		return fmt.Errorf("%s is %s: %s", n.Name(), state, reason)
	}
	s := n.Status()
	if want := min(nodes-1, w.cfg.Replication); s.TablePeers < want {
		return fmt.Errorf("%s has %d peers in its table, want %d", n.Name(), s.TablePeers, want)
	}
	if want := min(nodes-1, 1); s.GossipPeers < want {
		return fmt.Errorf("%s has nobody on the topic", n.Name())
	}
	return nil
}
