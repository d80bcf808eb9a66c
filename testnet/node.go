package testnet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
)

// Node is one node of a network, from its start to its end: everything that
// node.Node can do, and what only a test may. A restart makes another Node in the
// same place.
type Node struct {
	*node.Node
	// Index is the node's place in its network, from 0. Its data directory and
	// its name count from 1.
	Index int
	// Dir is the data directory, empty where there is none.
	Dir string

	host host.Host
	gate *gate
}

// Name is what people call the node: n1 is the one with Index 0.
func (n *Node) Name() string { return fmt.Sprintf("n%d", n.Index+1) }

// Host returns the host that the node runs on, for those who look at its connections.
func (n *Node) Host() host.Host { return n.host }

// start brings up the node of a seat.
func (w *Network) start(s *seat, anchors []peer.AddrInfo) (*Node, error) {
	h, g, err := w.newHost(s)
	if err != nil {
		return nil, fmt.Errorf("testnet: %s: %w", s.name(), err)
	}
	w.board.plug(h.ID(), s.index)
	n := &Node{Index: s.index, Dir: s.dir, host: h, gate: g}
	if err := n.open(w.cfg, s, anchors); err != nil {
		return nil, errors.Join(fmt.Errorf("testnet: %s: %w", s.name(), err), h.Close())
	}
	s.listen = h.Network().ListenAddresses()
	return n, nil
}

// newHost builds the host of a seat, with a gate.
func (w *Network) newHost(s *seat) (host.Host, *gate, error) {
	if w.cfg.NewHost == nil {
		return w.buildHost(s)
	}
	h, err := w.cfg.NewHost(s.index)
	if err != nil {
		return nil, nil, err
	}
	return h, &gate{board: w.board, self: h.ID()}, nil
}

// open starts the node on its host.
func (n *Node) open(cfg Config, s *seat, anchors []peer.AddrInfo) error {
	c := node.Config{
		Dir: s.dir, Host: n.host, Bootstrap: anchors, Network: cfg.Network, Profile: node.ProfileLocal,
		Replication: cfg.Replication, Limits: node.Limits{Facts: cfg.Room}, NoMDNS: true,
		Now: func() time.Time { return cfg.Now(s.index) }, Logger: cfg.Logger.With("node", s.name()), Version: cfg.Version,
	}
	if cfg.Seen != nil {
		c.Seen = func(seen node.Seen) { cfg.Seen(s.index, seen) }
	}
	if cfg.WAN {
		c.Profile = node.ProfileWAN
	}
	if cfg.NewHost == nil { // else nothing may listen
		c.API, c.Socket = cfg.API(s.index), s.dir != ""
	}
	var err error
	n.Node, err = node.New(c)
	return err
}

// Close stops the node in good order and closes its host.
func (n *Node) Close() error {
	err := errors.Join(n.Node.Close(), n.closeHost())
	n.gate.work.Wait()
	return err
}

// die stops the node as hard as one process can stop a part of itself: its links
// drop first, so nothing of its farewell reaches anybody.
func (n *Node) die(board *switchboard) error {
	board.unplug(n.host.ID())
	err := errors.Join(n.closeHost(), n.Node.Close())
	n.gate.work.Wait()
	return err
}

// closeHost closes the host, its connections first, as a node does with its own:
// in the other order, hosts that stop all at once can wait for ever.
func (n *Node) closeHost() error { return errors.Join(n.host.Network().Close(), n.host.Close()) }

// Knows returns what the node says of an agent without asking anybody.
func (n *Node) Knows(ctx context.Context, id records.AgentID) (records.Status, error) {
	res, err := n.Resolve(ctx, id, node.Policy{Mode: node.PolicyCacheOnly})
	return res.Status, err
}

// Place signs the agent's next record, which says that it is at url, and
// publishes it through this node.
func (n *Node) Place(ctx context.Context, a *Agent, url string) (node.Receipt, error) {
	rec, err := a.At(url)
	if err != nil {
		return node.Receipt{}, err
	}
	return n.Publish(ctx, rec)
}

// End revokes the agent through this node.
func (n *Node) End(ctx context.Context, a *Agent) (node.RevokeReceipt, error) {
	t, err := a.Tombstone()
	if err != nil {
		return node.RevokeReceipt{}, err
	}
	return n.Revoke(ctx, t)
}
