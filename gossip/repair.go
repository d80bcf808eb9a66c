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

// How isolated peers are looked for.
const (
	repairEvery  = 5 * time.Second
	missingTwice = 2  // checks after which a peer counts as isolated, and is announced again
	missingLong  = 4  // checks after which its streams to us are reset
	missingPause = 24 // checks after which all of this starts again
)

// repair finds connected peers that speak our protocol and yet are missing on the
// topic. The router opens a stream only when it is told that a peer was identified,
// and forgets a peer whose stream failed; and when our stream to a peer dies while
// the peer's stream to us lives, it forgets what the peer had subscribed to. Both
// last until the next connection. Facts reach such a peer by reconciliation only.
type repair struct {
	t       *Topic
	emitter event.Emitter
	missing map[peer.ID]int // checks in a row; owned by loop
}

func newRepair(t *Topic) (*repair, error) {
	e, err := t.cfg.Host.EventBus().Emitter(new(event.EvtPeerProtocolsUpdated))
	return &repair{t: t, emitter: e, missing: make(map[peer.ID]int)}, err
}

func (r *repair) loop(ctx context.Context) {
	ticker := time.NewTicker(repairEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.check()
		}
	}
}

// check looks once.
func (r *repair) check() {
	onTopic := make(map[peer.ID]bool)
	for _, p := range r.t.topic.ListPeers() {
		onTopic[p] = true
	}
	missing := make(map[peer.ID]int)
	for _, p := range r.t.syncPeers() {
		if onTopic[p] || r.t.cfg.Host.Network().Connectedness(p) != network.Connected {
			continue // pubsub does not use relayed connections
		}
		missing[p] = r.missing[p]%missingPause + 1
		r.mend(p, missing[p])
	}
	r.missing = missing
}

// mend tries the next thing for a peer that n checks found missing.
func (r *repair) mend(p peer.ID, n int) {
	switch n {
	case missingTwice:
		r.t.counters.isolated.Add(1)
		r.announce(p)
	case missingLong:
		r.reset(p)
	}
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
	if len(added) == 0 {
		return
	}
	r.t.counters.repairs.Add(1)
	_ = r.emitter.Emit(event.EvtPeerProtocolsUpdated{Peer: p, Added: added})
}

// reset ends the peer's pubsub stream to us. It opens a new one, and on it says
// again what it subscribes to.
func (r *repair) reset(p peer.ID) {
	r.t.counters.repairs.Add(1)
	for _, c := range r.t.cfg.Host.Network().ConnsToPeer(p) {
		for _, s := range c.GetStreams() {
			if s.Stat().Direction == network.DirInbound && isMeshsub(s.Protocol()) {
				_ = s.Reset()
			}
		}
	}
}

func isMeshsub(id protocol.ID) bool { return strings.HasPrefix(string(id), "/meshsub/") }
