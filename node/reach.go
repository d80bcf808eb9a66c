package node

import (
	"context"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// relays is with how many peers a node that nobody can reach has a place.
	relays = 2
	// relayBoot is how long it waits for better ones before it takes the first.
	relayBoot = 5 * time.Second
	// relayAgain is how long a peer is left alone that would not relay.
	relayAgain = 2 * time.Minute
	// maxRelayed is for how many peers a node relays, maxCircuits how many connections of
	// each, of relayTime and relayBytes each way.
	maxRelayed  = 16
	maxCircuits = 8
	relayTime   = 5 * time.Minute
	relayBytes  = 1 << 20
	// maxOwnAddrs of a node's own stand in a record.
	maxOwnAddrs = 4
	// addrsSettle is how long a change of addresses may take to its end.
	addrsSettle = 2 * time.Second
)

// ReachOptions make a host reachable behind a NAT and useful to those who are: it takes a
// place with two relays where nobody reaches it, makes direct connections out of relayed
// ones (DCUtR), and relays for others, within bounds, where it can be reached. source names peers that may relay; it is called again
// and again.
func ReachOptions(source autorelay.PeerSource) []libp2p.Option {
	bounds := relay.DefaultResources()
	bounds.MaxReservations, bounds.MaxCircuits, bounds.MaxReservationsPerIP = maxRelayed, maxCircuits, maxRelayed/4
	bounds.Limit = &relay.RelayLimit{Duration: relayTime, Data: relayBytes}
	return []libp2p.Option{
		libp2p.EnableRelay(),
		libp2p.EnableRelayService(relay.WithResources(bounds)),
		libp2p.EnableAutoRelayWithPeerSource(source, autorelay.WithNumRelays(relays), autorelay.WithMinCandidates(1),
			autorelay.WithBootDelay(relayBoot), autorelay.WithBackoff(relayAgain), autorelay.WithMinInterval(relayBoot)),
		libp2p.EnableHolePunching(),
	}
}

// reachOptions are those of the node's own host, which is on a real network: it also asks
// others whether they can reach it, address by address (AutoNAT v2; the first version
// decides whether relays are needed), answers others, and opens a port on the router where
// that can be asked.
func (n *Node) reachOptions() []libp2p.Option {
	if !n.cfg.preset.Reach {
		return []libp2p.Option{libp2p.DisableRelay()}
	}
	options := append(ReachOptions(n.mayRelay), libp2p.EnableAutoNATv2(), libp2p.EnableNATService())
	if n.cfg.loopbackOnly() {
		return options // there is no router to ask
	}
	return append(options, libp2p.NATPortMap())
}

// mayRelay names peers that are connected: each is asked whether it relays.
func (n *Node) mayRelay(ctx context.Context, most int) <-chan peer.AddrInfo {
	found := make(chan peer.AddrInfo, most)
	defer close(found)
	h := n.running.Load()
	if h == nil || ctx.Err() != nil {
		return found
	}
	for _, p := range (*h).Network().Peers() {
		if len(found) == most {
			break
		}
		if (*h).Network().Connectedness(p) == network.Connected {
			found <- peer.AddrInfo{ID: p, Addrs: (*h).Peerstore().Addrs(p)}
		}
	}
	return found
}

// isOwn reports whether an endpoint is this node itself: a multiaddr that ends in its
// peer ID.
func (n *Node) isOwn(e records.Endpoint) bool {
	a, err := multiaddr.NewMultiaddr(e.URL)
	if err != nil || len(a) == 0 {
		return false
	}
	last := a[len(a)-1]
	return last.Protocol().Code == multiaddr.P_P2P && last.Value() == n.host.ID().String()
}

// hereNow returns loc with the node's present addresses in the place of earlier ones. An
// endpoint elsewhere, such as an agent's URL, stays as it is. While the node has no
// address the earlier ones stay too: a record never lacks them.
func (n *Node) hereNow(loc records.Location) records.Location {
	at := slices.IndexFunc(loc.Endpoints, n.isOwn)
	if at < 0 {
		return loc
	}
	first := loc.Endpoints[at]
	var now []records.Endpoint
	for _, a := range n.ownAddrs() {
		e := first
		e.URL = a
		now = append(now, e)
	}
	if len(now) == 0 {
		return loc
	}
	rest := slices.DeleteFunc(slices.Clone(loc.Endpoints[at:]), n.isOwn)
	loc.Endpoints = slices.Concat(loc.Endpoints[:at:at], now, rest)
	return loc
}

// ownAddrs are where others reach the node, with its peer ID, direct ones first.
func (n *Node) ownAddrs() []string {
	var direct, relayed []string
	for _, a := range n.host.Addrs() {
		text := a.String() + "/p2p/" + n.host.ID().String()
		if _, err := a.ValueForProtocol(multiaddr.P_CIRCUIT); err == nil {
			relayed = append(relayed, text)
		} else {
			direct = append(direct, text)
		}
	}
	slices.Sort(direct)
	slices.Sort(relayed)
	all := append(direct[:min(len(direct), maxOwnAddrs-min(len(relayed), relays))], relayed...)
	return all[:min(len(all), maxOwnAddrs)]
}

// followAddrs renews the records of agents that are at this node itself when its
// addresses change, as when it turns out that others can reach it, or cannot any more.
func (n *Node) followAddrs(ctx context.Context) {
	sub, err := n.host.EventBus().Subscribe(new(event.EvtLocalAddressesUpdated), eventbus.Name("cairn"), eventbus.BufSize(4))
	if err != nil {
		n.log.Warn("changes of addresses are not followed", "err", err)
		return
	}
	defer sub.Close()
	for {
		select {
		case _, ok := <-sub.Out():
			if !ok {
				return
			}
		case <-ctx.Done():
			return
		}
		n.leases.moved(n.clock.Now().Add(addrsSettle), func(rec *records.Record) bool {
			loc := rec.Location()
			return !slices.Equal(urls(loc), urls(n.hereNow(loc)))
		})
	}
}

// urls are those of a location's endpoints.
func urls(l records.Location) (all []string) {
	for _, e := range l.Endpoints {
		all = append(all, e.URL)
	}
	return all
}

// Reachability says whether others can dial this node: "public", "private", or "unknown"
// while that has not been found out.
func (n *Node) Reachability() string {
	sub, err := n.host.EventBus().Subscribe(new(event.EvtLocalReachabilityChanged))
	if err != nil {
		return "unknown"
	}
	defer sub.Close()
	select {
	case e := <-sub.Out(): // the last one is kept for whoever asks
		switch e.(event.EvtLocalReachabilityChanged).Reachability {
		case network.ReachabilityPublic:
			return "public"
		case network.ReachabilityPrivate:
			return "private"
		}
	default:
	}
	return "unknown"
}
