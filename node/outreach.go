package node

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// reachedOut are asked at a time who were known once and are not connected: those who
	// are may all be against us.
	reachedOut = 8
	// reachFirst is the pause between two times while no anchor is heard, doubled up to
	// reachMost.
	reachFirst = 10 * time.Second
	reachMost  = 10 * time.Minute
)

// outreach says when to reach out next. Its loop owns it.
type outreach struct {
	next  time.Time
	pause time.Duration
}

// due reports whether it is time to, where that is wanted.
func (o *outreach) due(now time.Time, wanted bool) bool {
	if !wanted {
		*o = outreach{}
		return false
	}
	if now.Before(o.next) {
		return false
	}
	o.pause = min(max(2*o.pause, reachFirst), reachMost)
	o.next = now.Add(o.pause)
	return true
}

// askAnchors reconciles with those who were there before, when it is long since any did.
func (n *Node) askAnchors(o *outreach) {
	anchors, overdue := n.ready.overdue()
	if !o.due(time.Now(), overdue) {
		return
	}
	n.count.add("outreaches_total", 1)
	n.background(func(ctx context.Context) { n.reachOut(ctx, anchors) })
}

// reachOut reconciles with some of those who were known once and are not connected, those
// named first, and with those named in any case.
func (n *Node) reachOut(ctx context.Context, first []peer.ID) {
	anchors, err := n.anchors()
	if err != nil {
		n.log.Warn("known peers not read", "err", err)
		return
	}
	addrs := make(map[peer.ID]peer.AddrInfo)
	for _, p := range anchors.known {
		addrs[p.ID] = p
	}
	for _, c := range n.candidates() {
		addrs[c.ID] = n.host.Peerstore().PeerInfo(c.ID)
	}
	ctx, cancel := context.WithTimeout(network.WithForceDirectDial(ctx, "who is connected may be against us"), dialTimeout)
	defer cancel()
	var asked sync.WaitGroup
	for _, p := range first {
		asked.Go(func() { n.reconcileWith(ctx, peer.AddrInfo{ID: p, Addrs: addrs[p].Addrs}) })
		delete(addrs, p)
	}
	left := reachedOut - len(first)
	for _, p := range shuffled(addrs) {
		if left <= 0 {
			break
		}
		if n.host.Network().Connectedness(p.ID) != network.Connected {
			left--
			asked.Go(func() { n.reconcileWith(ctx, p) })
		}
	}
	asked.Wait()
}

// shuffled are the values in random order.
func shuffled(m map[peer.ID]peer.AddrInfo) []peer.AddrInfo {
	var all []peer.AddrInfo
	for _, p := range m {
		all = append(all, p)
	}
	rand.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	return all
}

// reconcileWith dials a peer, where that is needed, and makes the sets of facts equal.
func (n *Node) reconcileWith(ctx context.Context, p peer.AddrInfo) {
	err := n.host.Connect(ctx, p)
	if err == nil {
		_, err = n.topic.Sync(ctx, p.ID)
	}
	if err != nil {
		n.log.Debug("a known peer did not agree", "peer", p.ID, "err", err)
	}
}
