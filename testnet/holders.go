package testnet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/wire"
)

// Nearest returns the count nodes that are up and closest to an agent's key,
// nearest first, without those given: who should hold the agent's value.
func (w *Network) Nearest(id records.AgentID, count int, without ...*Node) []*Node {
	nodes := slices.DeleteFunc(w.Nodes(), func(n *Node) bool { return slices.Contains(without, n) })
	key := sha256.Sum256([]byte(id.Key()))
	slices.SortFunc(nodes, func(a, b *Node) int { return bytes.Compare(distance(key, a.ID()), distance(key, b.ID())) })
	return nodes[:min(count, len(nodes))]
}

// distance is the XOR distance between a key's position and a peer's.
func distance(key [32]byte, p peer.ID) []byte {
	d := sha256.Sum256([]byte(p))
	for i := range d {
		d[i] ^= key[i]
	}
	return d[:]
}

// Holders asks every node that is up, over the wire as a stranger would, for the
// value that it holds about an agent, and returns the nodes that gave one, with
// the verified value. A node answers such a question from its own store alone.
func (w *Network) Holders(ctx context.Context, id records.AgentID) (map[*Node]records.Value, error) {
	nodes := w.Nodes()
	values, errs := make([]records.Value, len(nodes)), make([]error, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() {
			if values[i], errs[i] = w.stranger.get(ctx, n, id); errs[i] != nil {
				errs[i] = fmt.Errorf("%s: %w", n.Name(), errs[i])
			}
		})
	}
	group.Wait()
	held := make(map[*Node]records.Value)
	for i, n := range nodes {
		if values[i] != nil {
			held[n] = values[i]
		}
	}
	return held, errors.Join(errs...)
}

// stranger is a plain libp2p host that is no node: it asks and serves nothing.
type stranger struct {
	network string
	newHost func(i int) (host.Host, error) // of Config

	mu   sync.Mutex
	host host.Host // made by the first question; owned by mu
}

func (s *stranger) open() (host.Host, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host != nil {
		return s.host, nil
	}
	var err error
	if s.newHost != nil {
		s.host, err = s.newHost(Outside)
		return s.host, err
	}
	s.host, err = libp2p.New(libp2p.NoListenAddrs, libp2p.DisableRelay(), libp2p.DisableMetrics())
	return s.host, err
}

// get asks one node for the value that it holds, nil where it has none.
func (s *stranger) get(ctx context.Context, n *Node, id records.AgentID) (records.Value, error) {
	h, err := s.open()
	if err != nil {
		return nil, err
	}
	if err := h.Connect(ctx, n.AddrInfo()); err != nil {
		return nil, err
	}
	defer h.Network().ClosePeer(n.ID())
	answer, err := wire.Ask(ctx, h, n.ID(), wire.Kad(s.network), pb.NewMessage(pb.Message_GET_VALUE, []byte(id.Key()), 0))
	if err != nil || len(answer.GetRecord().GetValue()) == 0 {
		return nil, err
	}
	return records.OpenFor(id.Key(), answer.GetRecord().GetValue())
}

// Close ends the stranger's host, if there is one.
func (s *stranger) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host == nil {
		return nil
	}
	return s.host.Close()
}
