package lab

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/stock"
)

// stockKind is which limit of connections a stock network has.
type stockKind string

const (
	asIs    stockKind = Stock
	under32 stockKind = Stock32
)

const (
	// seeds is how many stock nodes the others join through.
	seeds = 3
	// stagger is the pause between the joins of two stock nodes.
	stagger = 20 * time.Millisecond
	// enoughTable and enoughTopic are what a stock node is to know before the network
	// counts as up, where there are as many.
	enoughTable = 18
	enoughTopic = 5
)

// stockNet is a network of stock nodes.
type stockNet struct {
	setup
	*sim.Fabric
	kind  stockKind
	hosts []host.Host
	nodes []*stock.Node
	heard func(node int, id records.AgentID) // called at each arrival; set before anything is sent

	delivered, duplicates atomic.Uint64 // messages at all nodes
	lonely                int           // nodes that had too few peers on the topic when the network was up
}

func newStockNet(s setup, kind stockKind) *stockNet {
	return &stockNet{setup: s, kind: kind, heard: func(int, records.AgentID) {}}
}

// start brings the network up. What it has started when it fails, close ends.
func (n *stockNet) start(ctx context.Context) (err error) {
	if n.Fabric, err = sim.NewFabric(n.wire()); err != nil {
		return err
	}
	for i := range n.Nodes {
		if err := n.add(i); err != nil {
			return fmt.Errorf("%s: node %d: %w", n.kind, i, err)
		}
	}
	group, gctx := errgroup.WithContext(ctx)
	for i, node := range n.nodes {
		group.Go(func() error {
			if err := pause(gctx, time.Duration(i)*stagger); err != nil {
				return err
			}
			return node.Join(gctx)
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("%s: %w", n.kind, err)
	}
	return n.settle(ctx)
}

// add builds node i.
func (n *stockNet) add(i int) error {
	newHost := n.NewStockHost
	if n.kind == under32 {
		newHost = n.NewBoundHost
	}
	h, err := newHost(i)
	if err != nil {
		return err
	}
	n.hosts = append(n.hosts, h)
	node, err := stock.New(stock.Config{
		Host: h, Network: testnet.DefaultNetwork, Bootstrap: n.bootstrap(min(i, seeds)),
		Heard:  func(t *records.Tombstone) { n.heard(i, t.ID()) },
		Tracer: []pubsub.Option{pubsub.WithEventTracer((*tally)(n))},
	})
	if err != nil {
		return err
	}
	n.nodes = append(n.nodes, node)
	return nil
}

// bootstrap is how the first nodes are reached.
func (n *stockNet) bootstrap(count int) []peer.AddrInfo {
	var infos []peer.AddrInfo
	for _, h := range n.hosts[:count] {
		infos = append(infos, peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()})
	}
	return infos
}

// settle waits until every node knows enough others. A few that pubsub has left alone
// on the topic, as it does now and then, are counted and not waited for.
func (n *stockNet) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upLimit)
	defer cancel()
	wantTable, wantTopic := min(enoughTable, n.Nodes-1), min(enoughTopic, n.Nodes-1)
	waited := time.Now()
	return testnet.Await(ctx, func(context.Context) error {
		n.lonely = 0
		for i, node := range n.nodes {
			table, topic := node.Peers()
			if table < wantTable {
				return fmt.Errorf("%s: node %d has %d peers in its table, want %d", n.kind, i, table, wantTable)
			}
			if topic < wantTopic {
				n.lonely++
			}
		}
		if n.lonely > 0 && time.Since(waited) < warmUp {
			return fmt.Errorf("%s: %d nodes have too few peers on the topic", n.kind, n.lonely)
		}
		return nil
	})
}

// close ends the network.
func (n *stockNet) close() error {
	var errs []error
	for _, node := range n.nodes {
		errs = append(errs, node.Close())
	}
	for _, h := range n.hosts { // connections before hosts, or many that close at once can wait for ever
		errs = append(errs, h.Network().Close(), h.Close())
	}
	if n.Fabric != nil {
		n.Fabric.Close()
	}
	return errors.Join(errs...)
}

// tally counts what the routers of a stock network see.
type tally stockNet

// Trace counts one event.
func (t *tally) Trace(e *pb.TraceEvent) {
	switch e.GetType() {
	case pb.TraceEvent_DELIVER_MESSAGE:
		t.delivered.Add(1)
	case pb.TraceEvent_DUPLICATE_MESSAGE:
		t.duplicates.Add(1)
	}
}
