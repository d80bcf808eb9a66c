package worlds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// nodes are what every world here has: whole nodes of a testnet. It counts them from
// 1, as scenarios do.
type nodes struct {
	net    *testnet.Network
	clocks *clocks
	here   bool // agents that nodes keep are at the nodes themselves
}

// Settle waits until the network has found itself.
func (w *nodes) Settle(ctx context.Context) error { return w.net.Settle(ctx) }

// clocks are the nodes' wall clocks: the machine's, each ahead by something.
type clocks struct {
	mu    sync.Mutex
	ahead map[int]time.Duration // by index; owned by mu
}

func newClocks() *clocks { return &clocks{ahead: make(map[int]time.Duration)} }

// now is the clock of a node, from 0.
func (c *clocks) now(i int) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead[i])
}

// skew puts the clock of a node, from 0, ahead.
func (c *clocks) skew(i int, ahead time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead[i] = ahead
	return nil
}

// node returns a node that is up.
func (w *nodes) node(n int) (*testnet.Node, error) {
	for _, up := range w.net.Nodes() {
		if up.Index == n-1 {
			return up, nil
		}
	}
	return nil, fmt.Errorf("n%d is not up", n)
}

// Up returns the numbers of the nodes that are up.
func (w *nodes) Up() []int {
	var up []int
	for _, n := range w.net.Nodes() {
		up = append(up, n.Index+1)
	}
	return up
}

// Grow starts new nodes.
func (w *nodes) Grow(ctx context.Context, count int) error {
	for range count {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := w.net.Add(); err != nil {
			return err
		}
	}
	return nil
}

// Now is the clock of the machine.
func (w *nodes) Now() time.Time { return time.Now() }

// Publish stores a record through a node.
func (w *nodes) Publish(ctx context.Context, n int, rec *records.Record) (scenario.Receipt, error) {
	at, err := w.node(n)
	if err != nil {
		return scenario.Receipt{}, err
	}
	r, err := at.Publish(ctx, rec)
	return receipt(r, err)
}

// Revoke ends an agent through a node.
func (w *nodes) Revoke(ctx context.Context, n int, t *records.Tombstone) (scenario.Receipt, error) {
	at, err := w.node(n)
	if err != nil {
		return scenario.Receipt{}, err
	}
	r, err := at.Revoke(ctx, t)
	return receipt(r.Receipt, err)
}

// Rotate hands an agent over to other keys through a node.
func (w *nodes) Rotate(ctx context.Context, n int, c *records.Chain) (scenario.Receipt, error) {
	at, err := w.node(n)
	if err != nil {
		return scenario.Receipt{}, err
	}
	r, err := at.Rotate(ctx, c)
	return receipt(r.Receipt, err)
}

// Known is what a node knows of an agent or a grant without asking anybody.
func (w *nodes) Known(ctx context.Context, n int, id records.AgentID) (records.Fact, error) {
	at, err := w.node(n)
	if err != nil {
		return nil, err
	}
	res, err := at.Resolve(ctx, id, node.Policy{Mode: node.PolicyCacheOnly})
	switch {
	case err != nil:
		return nil, err
	case res.Tombstone != nil && res.Tombstone.ID() == id:
		return res.Tombstone, nil
	case res.Conflict != nil && res.Conflict.ID() == id:
		return res.Conflict, nil
	case res.Rotations != nil:
		return res.Rotations, nil
	}
	return nil, nil
}

// receipt is a node's receipt in the terms of scenarios: too few is no error.
func receipt(r node.Receipt, err error) (scenario.Receipt, error) {
	out := scenario.Receipt{Targets: r.Targets, Acks: r.Acks, ReadBack: r.ReadBack, Confirmed: err == nil}
	var partial *overlay.PartialError
	if errors.As(err, &partial) || errors.Is(err, overlay.ErrNoPeers) {
		err = nil
	}
	return out, err
}

// Resolve asks a node for an agent.
func (w *nodes) Resolve(ctx context.Context, n int, id records.AgentID, policy string) (scenario.Answer, error) {
	at, err := w.node(n)
	if err != nil {
		return scenario.Answer{}, err
	}
	how, err := policyOf(policy)
	if err != nil {
		return scenario.Answer{}, err
	}
	res, err := at.Resolve(ctx, id, how)
	if err != nil {
		return scenario.Answer{}, err
	}
	a := scenario.Answer{Status: res.Status, Reason: res.Reason, Source: res.Source, Asked: len(res.Path)}
	switch {
	case res.Tombstone != nil:
		a.Proof = res.Tombstone.Bytes()
	case res.Conflict != nil:
		a.Proof = res.Conflict.Bytes()
	case res.Record != nil:
		a.Proof = res.Record.Bytes()
	}
	if res.Lineage != nil {
		a.Lineage = res.Lineage.Bytes()
	}
	return a, nil
}

// policyOf reads a policy in the form of the API.
func policyOf(s string) (node.Policy, error) {
	p, err := api.ParsePolicy(s)
	if err != nil {
		return node.Policy{}, err
	}
	if p.Mode == api.CacheFirst {
		return node.Policy{}, nil
	}
	return node.Policy{Mode: node.PolicyMode(p.Mode), Quorum: p.Quorum, Paths: p.Paths}, nil
}

// State is how far a node is.
func (w *nodes) State(n int) (state, reason string, err error) {
	at, err := w.node(n)
	if err != nil {
		return "", "", err
	}
	s, reason := at.State()
	return string(s), reason, nil
}

// RangeBits is how small the range of a node is.
func (w *nodes) RangeBits(n int) (int, error) {
	at, err := w.node(n)
	if err != nil {
		return 0, err
	}
	return at.Status().RangeBits, nil
}

// Holders asks every node over the wire for what it holds.
func (w *nodes) Holders(ctx context.Context, id records.AgentID) (map[int][]byte, error) {
	held, err := w.net.Holders(ctx, id)
	out := make(map[int][]byte)
	for n, v := range held {
		out[n.Index+1] = v.Bytes()
	}
	return out, err
}

// Follow hands on the facts of a node.
func (w *nodes) Follow(ctx context.Context, n int, heard func(records.Fact)) {
	at, err := w.node(n)
	if err != nil {
		return
	}
	for f, err := range at.Facts(ctx, 0, true) {
		if err != nil {
			return // the node goes down, or ctx has ended
		}
		heard(f.Fact)
	}
}

// Watch hands on what a node's watch of an agent yields.
func (w *nodes) Watch(ctx context.Context, n int, id records.AgentID, heard func(*records.Record)) {
	at, err := w.node(n)
	if err != nil {
		return
	}
	for res, err := range at.Watch(ctx, id) {
		if err != nil {
			return // the node goes down, or ctx has ended
		}
		if res.Record != nil && res.Status == records.StatusActive {
			heard(res.Record)
		}
	}
}

// Stop ends a node in good order.
func (w *nodes) Stop(n int) error {
	return w.net.Stop(n - 1)
}

// Kill ends a node from one moment to the next.
func (w *nodes) Kill(n int) error {
	return w.net.Kill(n - 1)
}

// Restart brings a node back.
func (w *nodes) Restart(n int) error {
	if slices.Contains(w.Up(), n) {
		return fmt.Errorf("n%d is up", n)
	}
	_, err := w.net.Restart(n - 1)
	return err
}

// Skew puts the clock of a node ahead.
func (w *nodes) Skew(n int, ahead time.Duration) error {
	return w.clocks.skew(n-1, ahead)
}

// Addr is how to reach a node.
func (w *nodes) Addr(n int) peer.AddrInfo { return w.net.Node(n - 1).AddrInfo() }

// Network is the name of the network.
func (w *nodes) Network() string { return testnet.DefaultNetwork }

// groups are the groups of a partition by index.
func groups(of [][]int) [][]int {
	var out [][]int
	for _, g := range of {
		var by []int
		for _, n := range g {
			by = append(by, n-1)
		}
		out = append(out, by)
	}
	return out
}
