package node

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/node/links"
	"github.com/cairn-overlay/cairn/node/store"
)

const (
	// dialTimeout bounds one round of dialling.
	dialTimeout = 15 * time.Second
	// peerRound is the pause between two looks at the peers, jittered by a half;
	// lonelyRound while nobody is connected.
	peerRound   = 20 * time.Second
	lonelyRound = 2 * time.Second
	// unreadyRound is the same while the node is not ready.
	unreadyRound = time.Second
	// saveRound is how often the known peers and the clock are stored.
	saveRound = time.Minute
	// fewKnown peers on disk are a way back into the network: below that, new ones
	// are stored as they come, looked for meetRound apart and meetTries times, since
	// a peer takes a moment to enter the table.
	fewKnown  = 8
	meetRound = 50 * time.Millisecond
	meetTries = 20
	// nearKnown peers of the view may become near links.
	nearKnown = 4 * links.DefaultNear
	// knownFor is how long a peer is worth dialling again.
	knownFor = 24 * time.Hour
	// oldPeers of the view are stored beside those that are connected.
	oldPeers = 64
)

// anchors are the peers through which a node comes into its network.
type anchors struct {
	bootstrap []peer.AddrInfo
	known     []peer.AddrInfo // from an earlier run, the longest known first
	// long is how many of the known were that for at least half as long as any, or all where
	// none was for five minutes: whoever comes before a restart, however many, is not among
	// them.
	long int
}

// trusted are those that can make a node ready.
func (a anchors) trusted() []peer.AddrInfo { return slices.Concat(a.bootstrap, a.known[:a.long]) }

// others are the rest.
func (a anchors) others() []peer.AddrInfo { return a.known[a.long:] }

// anchors are the bootstrap peers and those seen in an earlier run, at most knownFor ago.
func (n *Node) anchors() (a anchors, err error) {
	a.bootstrap = slices.Clone(n.cfg.Bootstrap)
	if weak.Off(weak.PeerMemory) {
		return a, nil
	}
	stored, err := n.store.Peers()
	if err != nil {
		return a, fmt.Errorf("known peers: %w", err)
	}
	now, longest := n.clock.Now(), time.Duration(0)
	slices.SortStableFunc(stored, func(a, b store.KnownPeer) int { return a.Since.Compare(b.Since) })
	for _, k := range stored {
		info, err := addrInfo(k)
		if now.Sub(k.LastSeen) > knownFor || err != nil || info.ID == n.host.ID() {
			continue
		}
		a.known = append(a.known, info)
		age := k.LastSeen.Sub(k.Since)
		if longest = max(longest, age); age >= longest/2 || longest < completeLimit || weak.Off(weak.LongKnown) {
			a.long = len(a.known)
		}
	}
	return a, nil
}

// peerIDs drops the addresses.
func peerIDs(infos []peer.AddrInfo) []peer.ID {
	var ids []peer.ID
	for _, info := range infos {
		ids = append(ids, info.ID)
	}
	return ids
}

func addrInfo(k store.KnownPeer) (peer.AddrInfo, error) {
	id, err := peer.Decode(k.ID)
	if err != nil {
		return peer.AddrInfo{}, err
	}
	info := peer.AddrInfo{ID: id}
	for _, a := range k.Addrs {
		if ma, err := multiaddr.NewMultiaddr(a); err == nil {
			info.Addrs = append(info.Addrs, ma)
		}
	}
	return info, nil
}

// keepPeers joins the network and stays in it: it dials anchors until some answer,
// refreshes the table now and then, and remembers who is there. The links are the
// keeper's.
func (n *Node) keepPeers(ctx context.Context, anchors anchors) {
	saved, fresh := n.clock.Now(), newPace(time.Now())
	var out outreach
	for {
		anchors = n.meetSeeds(ctx, anchors)
		n.joinRound(ctx, anchors)
		table := n.dht.TableSize()
		if table > 0 && fresh.due(time.Now(), table) {
			n.refresh(ctx)
		}
		n.ready.tick()
		n.askAnchors(&out)
		if now := n.clock.Now(); now.Sub(saved) >= saveRound {
			saved = now
			n.savePeers(ctx)
		}
		pause := peerRound/2 + rand.N(peerRound)
		if table > 0 {
			pause = min(pause, fresh.wait(time.Now(), table)+time.Millisecond)
		}
		if len(n.host.Network().Peers()) == 0 && len(anchors.bootstrap)+len(anchors.known)+len(n.cfg.Seeds) > 0 {
			pause = lonelyRound
			fresh.hurry(time.Now())
		}
		if !n.isReady() {
			pause = unreadyRound
			n.topic.SyncSoon("not ready") // who was not ready either may be by now
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			n.savePeers(context.WithoutCancel(ctx))
			return
		}
	}
}

// joinRound dials anchors while there are few peers or this node is not ready,
// which takes a trusted one: half of them are that, if there are so many.
func (n *Node) joinRound(ctx context.Context, anchors anchors) {
	want := links.DefaultPolicy().Links()
	if len(n.host.Network().Peers()) >= want && n.isReady() {
		return
	}
	missing, others := n.missing(anchors.trusted()), n.missing(anchors.others())
	missing = missing[:min(len(missing), max(want/2, want-len(others)))]
	missing = append(missing, others[:min(len(others), want-len(missing))]...)
	if len(missing) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if reached, err := n.dht.Bootstrap(ctx, missing); err != nil && reached == 0 {
		n.log.Info("no anchor answered", "tried", len(missing), "err", err)
	}
	n.links.Look()
}

// missing are those that are not connected, in any order.
func (n *Node) missing(of []peer.AddrInfo) (missing []peer.AddrInfo) {
	for _, a := range of {
		if n.host.Network().Connectedness(a.ID) != network.Connected {
			missing = append(missing, a)
		}
	}
	rand.Shuffle(len(missing), func(i, j int) { missing[i], missing[j] = missing[j], missing[i] })
	return missing
}

// refresh walks the overlay so that the table stays full of live peers.
func (n *Node) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := n.dht.Refresh(ctx); err != nil && ctx.Err() == nil {
		n.log.Debug("table walk", "err", err)
	}
	n.links.Look()
}

// candidates are the peers that may become links. Each stands for the part of the
// key space that is as far from this node as it is, and shares it with those that
// the table has of that part: so a random link is drawn from the whole network,
// although the table has mostly near ones. The nearest peers of the view are for near
// links only.
func (n *Node) candidates() []links.Known {
	table := n.dht.Table()
	share := make(map[int]int)
	for _, p := range table {
		share[p.Bits]++
	}
	var known []links.Known
	for _, p := range table {
		known = append(known, links.Known{ID: p.ID, RTT: p.RTT, Weight: math.Ldexp(1, -p.Bits) / float64(share[p.Bits])})
	}
	for _, p := range n.dht.Near(nearKnown) {
		known = append(known, links.Known{ID: p.ID, RTT: p.RTT, Least: p.Least, Weight: math.SmallestNonzeroFloat64})
	}
	return known
}

// path is how long a fact takes to p by way of others. The keeper asks from when the
// node has a topic on.
func (n *Node) path(p peer.ID) time.Duration { return n.topic.Path(p) }

// measure lets the overlay measure how far p is.
func (n *Node) measure(ctx context.Context, p peer.ID) error { return n.dht.Measure(ctx, p) }

func (n *Node) isReady() bool {
	state, _, _ := n.ready.state()
	return state == StateReady
}

// rememberPeers stores the first peers as they come: a node that ends suddenly
// must find its network again, and not take itself for alone.
func (n *Node) rememberPeers(ctx context.Context) {
	for known := 0; known < fewKnown; {
		select {
		case <-n.met:
		case <-ctx.Done():
			return
		}
		for range meetTries {
			if live := len(n.livePeers()); live > known {
				known = live
				n.savePeers(ctx)
				break
			}
			select {
			case <-time.After(meetRound):
			case <-ctx.Done():
				return
			}
		}
	}
}

// livePeers are the connected peers of the table.
func (n *Node) livePeers() []peer.ID {
	return slices.DeleteFunc(n.dht.TablePeers(), func(p peer.ID) bool {
		return n.host.Network().Connectedness(p) != network.Connected
	})
}

// savePeers stores the live peers and the longest known ones of the view, what we hold of
// peers' facts, and the clock's reading.
func (n *Node) savePeers(ctx context.Context) {
	now := n.clock.Now()
	var known []store.KnownPeer
	for _, p := range n.livePeers() {
		k := store.KnownPeer{ID: p.String(), LastSeen: now}
		for _, a := range n.host.Peerstore().Addrs(p) {
			k.Addrs = append(k.Addrs, a.String())
		}
		known = append(known, k)
	}
	for _, p := range n.dht.Longest(oldPeers) {
		known = append(known, store.KnownPeer{ID: p.ID.String(), Addrs: []string{p.Addrs[0].String()}, LastSeen: now.Add(-time.Since(p.Seen)), Since: now.Add(-time.Since(p.Since))})
	}
	if err := n.store.PutPeers(ctx, known); err != nil {
		n.log.Warn("known peers not stored", "err", err)
	}
	if err := n.saveMemory(ctx); err != nil {
		n.log.Warn("what is known of peers' facts not stored", "err", err)
	}
	if err := SetStoredClock(ctx, n.store, n.clock.Now()); err != nil {
		n.log.Warn("clock not stored", "err", err)
	}
}

// saveMemory stores what reconciliation remembers, behind the facts that it is about.
func (n *Node) saveMemory(ctx context.Context) error {
	memory := n.topic.Memory()
	if err := n.store.SyncFacts(ctx); err != nil {
		return err
	}
	return n.store.SetMeta(ctx, metaSync, memory)
}

// notifee hears of connections: readiness counts them, and what waits for peers goes out.
type notifee struct{ n *Node }

func (f notifee) Connected(_ network.Network, c network.Conn) {
	f.n.ready.connected(c.RemotePeer())
	f.n.leases.hurry(f.n.clock.Now().Add(pendingHurry))
	f.n.count.add("connections_"+strings.ToLower(c.Stat().Direction.String())+"_total", 1)
	select {
	case f.n.met <- struct{}{}:
	default:
	}
}
func (notifee) Disconnected(network.Network, network.Conn)  {}
func (notifee) Listen(network.Network, multiaddr.Multiaddr) {}
func (notifee) ListenClose(network.Network, multiaddr.Multiaddr) {
}

// HandlePeerFound dials what mDNS found on the local network.
func (f notifee) HandlePeerFound(info peer.AddrInfo) {
	if info.ID == f.n.host.ID() {
		return
	}
	f.n.background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		if _, err := f.n.dht.Bootstrap(ctx, []peer.AddrInfo{info}); err != nil {
			f.n.log.Debug("local peer not reached", "peer", info.ID, "err", err)
		}
	})
}

// startMDNS begins discovery on the local network, one service name per network.
func (n *Node) startMDNS() error {
	if n.cfg.NoMDNS || n.cfg.loopbackOnly() {
		return nil
	}
	name := "_cairn._udp"
	if n.cfg.Network != "" {
		name = "_cairn-" + n.cfg.Network + "._udp"
	}
	service := mdns.NewMdnsService(n.host, name, notifee{n})
	if err := service.Start(); err != nil {
		n.log.Warn("no discovery on the local network", "err", err)
		return nil
	}
	n.onClose(service.Close)
	return nil
}
