package gossip

import (
	"slices"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
)

// subscribeEvents listens for peers that turn out to speak our protocol.
func (t *Topic) subscribeEvents() (event.Subscription, error) {
	return t.cfg.Host.EventBus().Subscribe([]any{
		new(event.EvtPeerIdentificationCompleted),
		new(event.EvtPeerProtocolsUpdated),
	}, eventbus.BufSize(256), eventbus.Name("cairn/gossip"))
}

// watchPeers makes a reconciliation due with every peer that speaks the protocol:
// those connected now, and each one when it is identified.
func (t *Topic) watchPeers() {
	for _, p := range t.syncPeers() {
		t.sched.met(p, t.dialled(p))
	}
	for e := range t.events.Out() {
		var p peer.ID
		var protocols []protocol.ID
		switch e := e.(type) {
		case event.EvtPeerIdentificationCompleted:
			p, protocols = e.Peer, e.Protocols
		case event.EvtPeerProtocolsUpdated:
			p, protocols = e.Peer, e.Added
		}
		if slices.Contains(protocols, t.protocol) {
			t.sched.met(p, t.dialled(p))
		}
		if slices.Contains(protocols, t.trees.protocol) {
			t.trees.rouse()
		}
	}
}

// watchTopic follows the peers that come to the topic and leave it.
func (t *Topic) watchTopic() {
	for {
		e, err := t.joins.NextPeerEvent(t.ctx)
		switch {
		case err != nil:
			return
		case e.Type == pubsub.PeerJoin:
			t.sched.joined(e.Peer, t.dialled(e.Peer))
			t.trees.joined(e.Peer)
		default:
			t.sched.left(e.Peer, t.trees.linked(e.Peer))
			t.trees.left(e.Peer)
		}
	}
}

// dialled reports whether we dialled p. If both did, both begin.
func (t *Topic) dialled(p peer.ID) bool {
	return slices.ContainsFunc(t.cfg.Host.Network().ConnsToPeer(p), func(c network.Conn) bool {
		return c.Stat().Direction == network.DirOutbound
	})
}

// speaks reports whether p is connected, in whatever way, and speaks the protocol.
func (t *Topic) speaks(p peer.ID) bool { return t.supports(p, t.protocol) }

// supports reports whether p is connected and speaks a protocol.
func (t *Topic) supports(p peer.ID, id protocol.ID) bool {
	switch t.cfg.Host.Network().Connectedness(p) {
	case network.Connected, network.Limited:
	default:
		return false
	}
	found, err := t.cfg.Host.Peerstore().SupportsProtocols(p, id)
	return err == nil && len(found) > 0
}

// syncPeers are the connected peers that speak the protocol.
func (t *Topic) syncPeers() []peer.ID {
	return slices.DeleteFunc(t.cfg.Host.Network().Peers(), func(p peer.ID) bool { return !t.speaks(p) })
}
