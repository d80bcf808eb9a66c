package attack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/testnet/wire"
)

// keyTries bounds the search for a key near a target.
const keyTries = 1_000_000

// Config says what an attacker is.
type Config struct {
	// Network whose protocols it speaks.
	Network string
	// Key of its host; nil makes one. See KeyNear.
	Key crypto.PrivKey
	// Host to use, whose Key it then has; nil builds one on the loopback interface.
	// Close closes it.
	Host host.Host
	// Kad is the ID of the Kademlia protocol that it serves; default that of the
	// network.
	Kad protocol.ID
	// Handler answers the Kademlia protocol. Nil does not serve it: the peer asks
	// and sends, and no node takes it into its table.
	Handler Handler
}

// Peer is a hostile host. It is safe for concurrent use.
type Peer struct {
	network string
	host    host.Host
	handler Handler
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc

	mu     sync.Mutex
	served map[pb.Message_MessageType]int // requests by type; owned by mu
	topic  *pubsub.Topic                  // made by the first Shout or Listen; owned by mu
	heard  [][]byte                       // messages of the topic; owned by mu
	stops  []func() error                 // what else ends with the peer; owned by mu
	work   sync.WaitGroup
}

// New starts an attacker. It does nothing yet.
func New(cfg Config) (*Peer, error) {
	if cfg.Host == nil {
		var err error
		if cfg.Host, err = newHost(cfg.Key); err != nil {
			return nil, fmt.Errorf("attack: %w", err)
		}
	}
	if cfg.Kad == "" {
		cfg.Kad = wire.Kad(cfg.Network)
	}
	p := &Peer{network: cfg.Network, host: cfg.Host, handler: cfg.Handler, served: make(map[pb.Message_MessageType]int)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if cfg.Handler != nil {
		p.host.SetStreamHandler(cfg.Kad, p.serve)
	}
	return p, nil
}

// newHost builds a host on the loopback interface.
func newHost(key crypto.PrivKey) (host.Host, error) {
	if key == nil {
		var err error
		if key, _, err = crypto.GenerateEd25519Key(rand.Reader); err != nil {
			return nil, err
		}
	}
	return libp2p.New(
		libp2p.Identity(key), libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.DisableRelay(), libp2p.DisableMetrics(),
	)
}

// ID returns the attacker's peer ID.
func (p *Peer) ID() peer.ID { return p.host.ID() }

// AddrInfo returns how to reach it.
func (p *Peer) AddrInfo() peer.AddrInfo {
	return peer.AddrInfo{ID: p.host.ID(), Addrs: p.host.Addrs()}
}

// Meet connects to nodes, so that they know of it.
func (p *Peer) Meet(ctx context.Context, nodes ...peer.AddrInfo) error {
	for _, n := range nodes {
		if err := p.host.Connect(ctx, n); err != nil {
			return fmt.Errorf("attack: %w", err)
		}
	}
	return nil
}

// Has reports whether it is connected with a peer.
func (p *Peer) Has(id peer.ID) bool { return p.host.Network().Connectedness(id) == network.Connected }

// Served returns how many requests of a type reached it: an attack that nobody
// fell for proves nothing.
func (p *Peer) Served(t pb.Message_MessageType) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.served[t]
}

// Close ends the attacker and waits.
func (p *Peer) Close() error {
	p.cancel()
	p.mu.Lock()
	stops := p.stops
	p.stops = nil
	p.mu.Unlock()
	var err error
	for _, stop := range stops {
		err = errors.Join(err, stop())
	}
	err = errors.Join(err, p.host.Close())
	p.work.Wait()
	return err
}

// serve answers the requests of one stream in the handler's way.
func (p *Peer) serve(s network.Stream) {
	p.work.Add(1)
	defer p.work.Done()
	defer s.Reset()
	in := bufio.NewReader(s)
	for {
		req, err := wire.Read(in)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.served[req.GetType()]++
		p.mu.Unlock()
		answer, err := p.handler(s.Conn().RemotePeer(), req)
		if errors.Is(err, errSilence) {
			p.hold(s)
			return
		}
		if err != nil || wire.Write(s, answer) != nil {
			return
		}
	}
}

// hold keeps a stream open and silent until the other side gives up.
func (p *Peer) hold(s network.Stream) {
	stop := context.AfterFunc(p.ctx, func() { _ = s.Reset() }) // it ends either way
	defer stop()
	_ = s.SetReadDeadline(time.Time{}) // some transports know no deadlines
	_, _ = s.Read(make([]byte, 1))     // the error is the end that we wait for
}

// KeyNear makes a host key whose peer is closer to a DHT key than each of others:
// what a Sybil does to sit upon a victim.
func KeyNear(key string, others []peer.ID) (crypto.PrivKey, error) {
	target := sha256.Sum256([]byte(key))
	for range keyTries {
		private, _, err := crypto.GenerateEd25519Key(rand.Reader)
		if err != nil {
			return nil, err
		}
		id, err := peer.IDFromPrivateKey(private)
		if err != nil {
			return nil, err
		}
		if nearer(target, id, others) {
			return private, nil
		}
	}
	return nil, fmt.Errorf("attack: no key near the target in %d tries", keyTries)
}

func nearer(target [32]byte, id peer.ID, others []peer.ID) bool {
	own := distance(target, id)
	for _, o := range others {
		if d := distance(target, o); bytes.Compare(own[:], d[:]) >= 0 {
			return false
		}
	}
	return true
}

func distance(target [32]byte, p peer.ID) (d [32]byte) {
	d = sha256.Sum256([]byte(p))
	for i := range d {
		d[i] ^= target[i]
	}
	return d
}
