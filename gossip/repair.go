package gossip

import (
	"context"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// What is done about an isolated peer, by the time it has been missing.
const (
	repairEvery    = 500 * time.Millisecond
	announceAfter  = 500 * time.Millisecond  // tell the router of the peer again
	resetAfter     = 1500 * time.Millisecond // reset the router's streams, both ways
	reconnectAfter = 15 * time.Second        // close the connection and dial anew
	startOverAfter = 2 * time.Minute
	redialTime     = 10 * time.Second
)

// repair finds isolated peers: connected, speaking our protocol, and yet missing on
// the topic. Facts reach them by reconciliation only. It comes about like this:
//
// The router opens its stream to a peer when it is told that the peer was
// identified. If that fails it forgets the peer until told again.
//
// What a peer subscribes to it says at the beginning of its own stream to us.
// When our stream to the peer ends, the router forgets that too, although the
// peer's stream lives on and says nothing again. One of two connections that were
// dialled at the same time and is closed as superfluous is enough. It takes both
// streams to begin anew, at the same time.
type repair struct {
	t       *Topic
	emitter event.Emitter
	missing map[peer.ID]*absence // owned by whoever calls check
}

// absence is since when a peer is missing and what was done about it.
type absence struct {
	since time.Time
	step  int // how many of the three measures were taken
}

func newRepair(t *Topic) (*repair, error) {
	e, err := t.cfg.Host.EventBus().Emitter(new(event.EvtPeerProtocolsUpdated))
	if err != nil {
		return nil, err
	}
	return &repair{t: t, emitter: e, missing: make(map[peer.ID]*absence)}, nil
}

func (r *repair) loop(ctx context.Context) {
	ticker := time.NewTicker(repairEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			r.check(ctx, now)
		}
	}
}

// check looks once.
func (r *repair) check(ctx context.Context, now time.Time) {
	onTopic := make(map[peer.ID]bool)
	for _, p := range r.t.topic.ListPeers() {
		onTopic[p] = true
	}
	missing := make(map[peer.ID]*absence)
	for _, p := range r.t.cfg.Host.Network().Peers() {
		if onTopic[p] || !r.t.speaks(p) || r.t.cfg.Host.Network().Connectedness(p) != network.Connected {
			continue // pubsub does not use relayed connections
		}
		a := r.missing[p]
		if a == nil || now.Sub(a.since) > startOverAfter {
			a = &absence{since: now}
		}
		missing[p] = a
		r.mend(ctx, p, a, now.Sub(a.since))
	}
	r.missing = missing
}

// mend takes the next measure when its time has come.
func (r *repair) mend(ctx context.Context, p peer.ID, a *absence, age time.Duration) {
	c := &r.t.counters
	switch {
	case a.step == 0 && age >= announceAfter:
		c.isolated.Add(1)
		r.announce(p)
	case a.step == 1 && age >= resetAfter:
		r.reset(p)
	case a.step == 2 && age >= reconnectAfter:
		r.reconnect(ctx, p)
	default:
		return
	}
	a.step++
	c.repairs.Add(1)
	r.t.cfg.Logger.Info("peer is missing on the topic", "peer", p, "since", age, "measure", a.step)
}

// announce tells the router once more that p speaks its protocol, so that it opens
// its stream. It does nothing if the router has one.
func (r *repair) announce(p peer.ID) {
	known, err := r.t.cfg.Host.Peerstore().GetProtocols(p)
	if err != nil {
		return
	}
	var added []protocol.ID
	for _, id := range known {
		if isMeshsub(id) {
			added = append(added, id)
		}
	}
	if len(added) > 0 {
		_ = r.emitter.Emit(event.EvtPeerProtocolsUpdated{Peer: p, Added: added})
	}
}

// reset ends the router's streams from and to p. Both routers notice, forget each
// other's subscriptions, and open new streams, on which they say them again.
func (r *repair) reset(p peer.ID) {
	for _, c := range r.t.cfg.Host.Network().ConnsToPeer(p) {
		for _, s := range c.GetStreams() {
			if isMeshsub(s.Protocol()) {
				_ = s.Reset()
			}
		}
	}
}

// reconnect starts from the beginning.
func (r *repair) reconnect(ctx context.Context, p peer.ID) {
	h := r.t.cfg.Host
	info := h.Peerstore().PeerInfo(p)
	_ = h.Network().ClosePeer(p)
	r.t.inside.Go(func() { // the loop calling is inside itself
		ctx, cancel := context.WithTimeout(ctx, redialTime)
		defer cancel()
		if err := h.Connect(ctx, info); err != nil {
			r.t.cfg.Logger.Info("peer is missing on the topic and cannot be dialled", "peer", p, "err", err)
		}
	})
}

func isMeshsub(id protocol.ID) bool { return strings.HasPrefix(string(id), "/meshsub/") }
