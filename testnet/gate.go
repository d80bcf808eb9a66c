package testnet

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// switchboard decides which nodes can reach each other. Peers that are no nodes
// of the network (attackers, stock hosts, people) reach every node that is up.
type switchboard struct {
	mu    sync.RWMutex
	nodes map[peer.ID]int  // seat of every node that was ever started; owned by mu
	side  map[int]int      // group of a seat while partitioned, 0 where it is in none; nil while whole; owned by mu
	cut   map[peer.ID]bool // nodes that are being killed; owned by mu
}

func newSwitchboard() *switchboard {
	return &switchboard{nodes: make(map[peer.ID]int), cut: make(map[peer.ID]bool)}
}

// plug makes a node known.
func (s *switchboard) plug(p peer.ID, seat int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nodes[p] = seat
	delete(s.cut, p)
}

// unplug cuts a node off from everybody.
func (s *switchboard) unplug(p peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut[p] = true
}

// split puts seats into groups; those in none form one more group.
func (s *switchboard) split(groups [][]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.side = make(map[int]int)
	for g, seats := range groups {
		for _, i := range seats {
			s.side[i] = g + 1
		}
	}
}

// join ends the partition.
func (s *switchboard) join() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.side = nil
}

// allows reports whether two peers may have a link now.
func (s *switchboard) allows(a, b peer.ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.cut[a] || s.cut[b] {
		return false
	}
	if s.side == nil {
		return true
	}
	i, aIsNode := s.nodes[a]
	j, bIsNode := s.nodes[b]
	return !aIsNode || !bIsNode || s.side[i] == s.side[j]
}

// gate is the switchboard as one host sees it: a libp2p connection gater, and a
// watcher that closes what slipped through while the switchboard changed.
type gate struct {
	board *switchboard
	self  peer.ID
	work  sync.WaitGroup
}

func (g *gate) allows(p peer.ID) bool { return g.board.allows(g.self, p) }

// InterceptPeerDial refuses dials to the other side.
func (g *gate) InterceptPeerDial(p peer.ID) bool { return g.allows(p) }

// InterceptAddrDial allows what InterceptPeerDial allowed.
func (g *gate) InterceptAddrDial(p peer.ID, _ multiaddr.Multiaddr) bool { return g.allows(p) }

// InterceptAccept allows everybody: who it is shows later.
func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured refuses connections from the other side.
func (g *gate) InterceptSecured(_ network.Direction, p peer.ID, _ network.ConnMultiaddrs) bool {
	return g.allows(p)
}

// InterceptUpgraded is InterceptSecured once more, a moment later.
func (g *gate) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return g.allows(c.RemotePeer()), 0
}

// Connected closes a connection that was made while the switchboard changed.
func (g *gate) Connected(_ network.Network, c network.Conn) {
	if !g.allows(c.RemotePeer()) {
		g.work.Go(func() { _ = c.Close() }) // nobody is to be told
	}
}

// Disconnected is not of interest.
func (g *gate) Disconnected(network.Network, network.Conn) {}

// Listen is not of interest.
func (g *gate) Listen(network.Network, multiaddr.Multiaddr) {}

// ListenClose is not of interest.
func (g *gate) ListenClose(network.Network, multiaddr.Multiaddr) {}

// enforce closes the connections that are not allowed now.
func (g *gate) enforce(n network.Network) {
	for _, c := range n.Conns() {
		if !g.allows(c.RemotePeer()) {
			_ = c.Close() // nobody is to be told
		}
	}
}
