package attack

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pubsub_pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/testnet/wire"
)

// Value is a value to send, at the key to send it to.
type Value struct {
	Key   string
	Bytes []byte
}

// PutAll puts values to one node, one after the other, and returns how many the
// node acknowledged. A refusal resets the stream, so the next put opens another;
// an error means that the node is not there, or that ctx ended.
func (p *Peer) PutAll(ctx context.Context, to peer.AddrInfo, values []Value) (acknowledged int, err error) {
	if err := p.Meet(ctx, to); err != nil {
		return 0, err
	}
	var s *wire.Session
	defer func() {
		if s != nil {
			_ = s.Close() // all that was asked has been answered
		}
	}()
	for _, v := range values {
		if s == nil {
			if s, err = wire.Open(ctx, p.host, to.ID, wire.Kad(p.network)); err != nil {
				return acknowledged, fmt.Errorf("attack: %w", err)
			}
		}
		if err := s.Put(ctx, v.Key, v.Bytes); err != nil {
			if ctx.Err() != nil {
				return acknowledged, ctx.Err()
			}
			_ = s.Close() // the node has reset it
			s = nil
			continue
		}
		acknowledged++
	}
	return acknowledged, nil
}

// Get asks one node for the value at a key: nil where it has none.
func (p *Peer) Get(ctx context.Context, from peer.AddrInfo, key string) ([]byte, error) {
	if err := p.Meet(ctx, from); err != nil {
		return nil, err
	}
	s, err := wire.Open(ctx, p.host, from.ID, wire.Kad(p.network))
	if err != nil {
		return nil, fmt.Errorf("attack: %w", err)
	}
	defer s.Close()
	return s.Get(ctx, key)
}

// backwards is the validator of a client for which everything is valid and one
// old value beats all others.
type backwards struct{ old []byte }

// Validate finds nothing wrong with anything.
func (backwards) Validate(string, []byte) error { return nil }

// Select takes the old value wherever it is.
func (b backwards) Select(_ string, values [][]byte) (int, error) {
	for i, v := range values {
		if string(v) == string(b.old) {
			return i, nil
		}
	}
	return 0, nil
}

// Correct reads a key with a stock DHT client for which an old value is the
// newest: it puts that value to all closest nodes, and once more to each that
// answers something else, as stock clients correct a node that lags behind.
func (p *Peer) Correct(ctx context.Context, through []peer.AddrInfo, old Value) error {
	d, err := dht.New(p.host,
		dht.Mode(dht.ModeClient), dht.ProtocolPrefix(protocol.ID(wire.Root(p.network))),
		dht.NamespacedValidator("cairn", backwards{old.Bytes}),
		dht.DisableProviders(), dht.DisableAutoRefresh(),
	)
	if err != nil {
		return fmt.Errorf("attack: %w", err)
	}
	err = p.correct(ctx, d, through, old)
	return errors.Join(err, d.Close())
}

func (p *Peer) correct(ctx context.Context, d *dht.IpfsDHT, through []peer.AddrInfo, old Value) error {
	if err := p.Meet(ctx, through...); err != nil {
		return err
	}
	for _, t := range through {
		if _, err := d.RoutingTable().TryAddPeer(t.ID, true, false); err != nil {
			return fmt.Errorf("attack: %w", err)
		}
	}
	if err := d.PutValue(ctx, old.Key, old.Bytes); err != nil {
		return fmt.Errorf("attack: put: %w", err)
	}
	if _, err := d.GetValue(ctx, old.Key); err != nil {
		return fmt.Errorf("attack: get: %w", err)
	}
	return nil
}

// Shout publishes messages on the network's fact topic with stock GossipSub. It
// returns when they were handed to every peer on the topic, of which there must
// be one before ctx ends.
func (p *Peer) Shout(ctx context.Context, messages ...[]byte) error {
	topic, err := p.join()
	if err != nil {
		return fmt.Errorf("attack: %w", err)
	}
	for len(topic.ListPeers()) == 0 {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("attack: nobody on the topic: %w", ctx.Err())
		}
	}
	for _, m := range messages {
		if err := topic.Publish(ctx, m); err != nil {
			return fmt.Errorf("attack: %w", err)
		}
	}
	return nil
}

// join makes the attacker a stock peer of the fact topic.
func (p *Peer) join() (*pubsub.Topic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.topic != nil {
		return p.topic, nil
	}
	ps, err := pubsub.NewGossipSub(p.ctx, p.host,
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(), pubsub.WithFloodPublish(true),
		pubsub.WithPeerOutboundQueueSize(4096), pubsub.WithMessageIdFn(messageID),
	)
	if err != nil {
		return nil, err
	}
	if p.topic, err = ps.Join(wire.Topic(p.network)); err != nil {
		return nil, err
	}
	sub, err := p.topic.Subscribe(pubsub.WithBufferSize(4096))
	if err != nil {
		return nil, err
	}
	p.work.Go(func() {
		for {
			m, err := sub.Next(p.ctx)
			if err != nil {
				return
			}
			p.mu.Lock()
			p.heard = append(p.heard, m.GetData())
			p.mu.Unlock()
		}
	})
	return p.topic, nil
}

// Listen joins the fact topic as a stock peer; Heard returns what came.
func (p *Peer) Listen() error {
	_, err := p.join()
	return err
}

// Heard returns the messages of the topic so far, its own included.
func (p *Peer) Heard() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

func messageID(m *pubsub_pb.Message) string {
	sum := sha256.Sum256(m.GetData())
	return string(sum[:])
}

// Junk opens a reconciliation with a node, sends bytes that are none, and reads
// until the node hangs up or ctx ends. It returns how much the node answered.
func (p *Peer) Junk(ctx context.Context, to peer.AddrInfo, b []byte) (answered int64, err error) {
	if err := p.Meet(ctx, to); err != nil {
		return 0, err
	}
	s, err := p.host.NewStream(ctx, to.ID, wire.Sync(p.network))
	if err != nil {
		return 0, fmt.Errorf("attack: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() }) // it ends either way
	defer stop()
	defer s.Reset()
	if _, err := s.Write(b); err != nil {
		return 0, nil // the node has hung up already
	}
	if err := s.CloseWrite(); err != nil {
		return 0, nil
	}
	answered, _ = io.Copy(io.Discard, s) // a reset is an answer too
	return answered, nil
}
