package node

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node/api"
)

// Status is a picture of the node that costs no question to the network.
func (n *Node) Status() api.Status {
	state, reason, age := n.ready.state()
	counts := n.store.Counts()
	s := api.Status{
		Peer: n.host.ID().String(), Network: n.cfg.Network, Version: n.cfg.Version, Addrs: n.p2pAddrs(),
		State: string(state), Reason: reason, UptimeMS: time.Since(n.started).Milliseconds(),
		Peers: len(n.host.Network().Peers()), TablePeers: n.dht.TableSize(), GossipPeers: len(n.topic.Peers()),
		Facts: n.facts.Len(), FactBytes: n.facts.Size(), Records: counts.Records, Published: n.leases.count(),
		CompleteAgeMS: -1, Counters: n.count.all(), Reachability: n.Reachability(), StoreBytes: n.store.DiskBytes(), DiskFree: -1,
	}
	if free, known := n.store.Free(); known {
		s.DiskFree = free
	}
	within := n.extent.is()
	s.Range, s.RangeBits, s.FactRoom = within.String(), within.Bits(), int64(n.extent.room)
	var left uint64
	s.FactsBeyond, _, left = n.strangers.stand()
	s.Counters["facts_beyond_evicted_total"] = left
	if age >= 0 {
		s.CompleteAgeMS = age.Milliseconds()
	}
	var reasons []string
	if s.Reason != "" {
		reasons = append(reasons, s.Reason)
	}
	behind := n.clock.Behind()
	s.ClockBehindMS = behind.Milliseconds()
	if behind > time.Minute {
		reasons = append(reasons, fmt.Sprintf("the clock is %s behind its own last reading, and the node goes by that reading", behind.Round(time.Second)))
	}
	ahead, clocks := n.offset()
	s.ClockPeers, s.ClockOffsetMS = clocks, -ahead.Milliseconds()
	if why := clockTrouble(ahead, clocks); why != "" && !strings.Contains(s.Reason, why) {
		reasons = append(reasons, why)
	}
	if cut := n.cutOff(); cut > 0 {
		s.FactCutOff = cut.String()
	}
	switch region := n.dht.RegionBits(); {
	case within.Bits() > region:
		reasons = append(reasons, fmt.Sprintf("room for facts has come to its end: all are known of %s only, which is less than the node should hold for others (1/2^%d)", within, region))
	case within.Bits() > 0:
		reasons = append(reasons, fmt.Sprintf("room for facts is out: all are known of %s only", within))
	}
	if why := n.extent.trouble(); why != "" {
		reasons = append(reasons, why)
	}
	if err := n.store.Room(); err != nil {
		reasons = append(reasons, err.Error())
	}
	s.Reason = strings.Join(reasons, "; ")
	s.Counters["store_corrupt_values_total"] = counts.Corrupt
	s.Counters["store_refused_writes_total"] = counts.Refused
	s.Counters["store_stalls_total"] = counts.Stalls
	addCounters(s.Counters, "overlay_", n.dht.Stats())
	addCounters(s.Counters, "links_", n.links.Stats())
	addCounters(s.Counters, "traces_", n.traces.Stats())
	addCounters(s.Counters, "gossip_", n.topic.Stats())
	return s
}

// p2pAddrs lists the listen addresses with the peer ID behind them.
func (n *Node) p2pAddrs() []string {
	addrs := []string{}
	for _, a := range n.host.Addrs() {
		addrs = append(addrs, a.String()+"/p2p/"+n.host.ID().String())
	}
	slices.Sort(addrs)
	return addrs
}

// FactPeers returns the peers that a fact published here is handed to, and those that
// a new one from others is passed on to.
func (n *Node) FactPeers() (published, passed []peer.ID) { return n.topic.Peers(), n.topic.Relays() }

// Peers lists the connected peers: the node's links first, then those that chose it, each
// by its round trip.
func (n *Node) Peers() []api.Peer {
	topic, chosen := peerSet(n.topic.Peers()), peerSet(n.links.Choosers())
	table := make(map[peer.ID]time.Duration) // how long they took to answer
	for _, p := range n.dht.Table() {
		table[p.ID] = p.RTT
	}
	roles := make(map[peer.ID]string)
	for _, l := range n.links.Links() {
		roles[l.Peer] = roleName(l.Role)
	}
	list := []api.Peer{}
	for _, p := range n.host.Network().Peers() {
		answered, inTable := table[p]
		one := n.connected(p, answered)
		one.Table, one.Gossip, one.Role, one.Chosen = inTable, topic[p], roles[p], chosen[p]
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b api.Peer) int {
		return cmp.Or(peerRank(a)-peerRank(b), cmp.Compare(a.RTTMS, b.RTTMS), strings.Compare(a.ID, b.ID))
	})
	return list
}

// connected is what the connections to a peer tell. Its round trip is what the transport
// measured, else in how long the peer answered.
func (n *Node) connected(p peer.ID, answered time.Duration) api.Peer {
	rtt := n.links.RTT(p)
	if rtt == 0 {
		rtt = answered
	}
	one := api.Peer{ID: p.String(), Addrs: []string{}, RTTMS: milliseconds(rtt)}
	for _, c := range n.host.Network().ConnsToPeer(p) {
		one.Addrs = append(one.Addrs, c.RemoteMultiaddr().String())
		if since := time.Since(c.Stat().Opened).Milliseconds(); since >= one.SinceMS {
			one.SinceMS, one.Direction = since, strings.ToLower(c.Stat().Direction.String())
		}
	}
	one.Addrs = distinct(one.Addrs)
	if agent, err := n.host.Peerstore().Get(p, "AgentVersion"); err == nil {
		one.Agent, _ = agent.(string)
	}
	return one
}

// peerRank is the place of a peer in a list: by what the node chose it for, then whether it
// chose the node.
func peerRank(p api.Peer) int {
	rank := slices.Index([]string{"near", "shortcut", "random"}, p.Role)
	switch {
	case rank >= 0:
		return rank
	case p.Chosen:
		return 3
	}
	return 4
}

// distinct sorts a list and leaves each item in it once: two connections can come from
// one address, where both sides dialled.
func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
