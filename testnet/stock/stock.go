// Package stock is the node that anyone would build out of go-libp2p, kad-dht and pubsub, with the defaults of
// these libraries: records are DHT values, tombstones are messages of a GossipSub topic. Cairn is measured against it.
package stock

import (
	"context"
	"errors"
	"fmt"
	"sync"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/routing"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/wire"
)

// Config says what a node is made of.
type Config struct {
	Host      host.Host                // required; Close leaves it open
	Network   string                   // enters the protocols and the topic, as with a node of ours
	Bootstrap []peer.AddrInfo          // through whom Join finds the others
	Heard     func(*records.Tombstone) // called once Dead knows of it; may be nil
	Tracer    []pubsub.Option          // to look at the router, not to change it; may be nil
}

// Node is a running stock node. Its methods are safe for concurrent use.
type Node struct {
	cfg    Config
	dht    *dht.IpfsDHT
	topic  *pubsub.Topic
	cancel context.CancelFunc
	work   sync.WaitGroup
	dead   sync.Map // records.AgentID -> *records.Tombstone, what the topic brought
}

// New starts a node that knows nobody yet. On error nothing is left running.
func New(cfg Config) (*Node, error) {
	ctx, cancel := context.WithCancel(context.Background())
	n := &Node{cfg: cfg, cancel: cancel}
	var err error
	n.dht, err = dht.New(cfg.Host, dht.Mode(dht.ModeServer), dht.ProtocolPrefix(protocol.ID(wire.Root(cfg.Network))),
		dht.NamespacedValidator("cairn", records.Validator{}), dht.BootstrapPeers(cfg.Bootstrap...))
	if err == nil {
		err = n.listen(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("stock: %w", err), n.Close())
	}
	return n, nil
}

// listen joins the topic.
func (n *Node) listen(ctx context.Context) error {
	router, err := pubsub.NewGossipSub(ctx, n.cfg.Host, n.cfg.Tracer...)
	if err != nil {
		return err
	}
	if err := router.RegisterTopicValidator(wire.Topic(n.cfg.Network), valid); err != nil {
		return err
	}
	if n.topic, err = router.Join(wire.Topic(n.cfg.Network)); err != nil {
		return err
	}
	sub, err := n.topic.Subscribe()
	if err != nil {
		return err
	}
	n.work.Go(func() {
		for m, err := sub.Next(ctx); err == nil; m, err = sub.Next(ctx) {
			t := m.ValidatorData.(*records.Tombstone)
			if _, known := n.dead.LoadOrStore(t.ID(), t); !known && n.cfg.Heard != nil {
				n.cfg.Heard(t)
			}
		}
	})
	return nil
}

// valid is the topic's validator.
func valid(_ context.Context, _ peer.ID, m *pubsub.Message) bool {
	t, err := records.OpenTombstone(m.GetData())
	m.ValidatorData = t
	return err == nil
}

// Join connects to the bootstrap peers and fills the routing table through them: see Peers for what came of it.
func (n *Node) Join(ctx context.Context) error {
	for _, p := range n.cfg.Bootstrap {
		if err := n.cfg.Host.Connect(ctx, p); err != nil {
			return fmt.Errorf("stock: join: %w", err)
		}
	}
	err := n.dht.Bootstrap(ctx)
	<-n.dht.RefreshRoutingTable()
	return err
}

// Peers is how many peers the routing table has, and how many the topic.
func (n *Node) Peers() (table, topic int) {
	return n.dht.RoutingTable().Size(), len(n.topic.ListPeers())
}

// Shout publishes a tombstone on the topic.
func (n *Node) Shout(ctx context.Context, t *records.Tombstone) error {
	return n.topic.Publish(ctx, t.Bytes())
}

// Dead reports whether the topic has brought the tombstone of an agent.
func (n *Node) Dead(id records.AgentID) bool {
	_, ok := n.dead.Load(id)
	return ok
}

// Put is PutValue; nil says nothing of who stored the value.
func (n *Node) Put(ctx context.Context, key string, value []byte) error {
	return n.dht.PutValue(ctx, key, value)
}

// Full is GetValue: the best of the values that the closest peers hold.
func (n *Node) Full(ctx context.Context, key string) ([]byte, error) { return n.dht.GetValue(ctx, key) }

// First returns the first value that a search brings, and ends the search.
func (n *Node) First(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	values, err := n.dht.SearchValue(ctx, key)
	if err != nil {
		return nil, err
	}
	if v, ok := <-values; ok {
		return v, nil
	}
	return nil, errors.Join(routing.ErrNotFound, ctx.Err())
}

// Close stops the node and waits, but for what pubsub takes to notice.
func (n *Node) Close() error {
	n.cancel()
	n.work.Wait()
	if n.dht == nil {
		return nil
	}
	return n.dht.Close()
}
