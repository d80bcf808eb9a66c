package overlay

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	kb "github.com/libp2p/go-libp2p-kbucket"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// evictAt strikes drop a peer from the table: three silences, or two dials that
// failed.
const (
	evictAt       = 3
	strikeTimeout = 1
	strikeDial    = 2
)

// table is kad-dht's routing table with our rules: in comes who answered, out goes
// who failed repeatedly while others answered. An entry needs no connection. Its
// addresses stand in the peerstore with peerstore.RecentlyConnectedAddrTTL, which
// identify gives them when the connection ends and kad-dht prolongs for as long
// as the entry stands: none outlives its entry by more than that.
type table struct {
	rt    *kb.RoutingTable
	host  host.Host
	stats *counters

	mu      sync.Mutex
	strikes map[peer.ID]strikes // only peers in the table
	heard   time.Time           // last answer of anybody
}

type strikes struct {
	n     int
	since time.Time // of the first
}

func newTable(rt *kb.RoutingTable, h host.Host, stats *counters) *table {
	return &table{rt: rt, host: h, stats: stats, strikes: make(map[peer.ID]strikes)}
}

// answered notes that p answered a question just now.
func (t *table) answered(p peer.ID) {
	now := time.Now()
	t.mu.Lock()
	t.heard = now
	delete(t.strikes, p)
	t.mu.Unlock()
	added, err := t.rt.TryAddPeer(p, true, false)
	switch {
	case added:
		t.keepAddrs(p)
	case err == nil:
		t.rt.UpdateLastSuccessfulOutboundQueryAt(p, now)
	}
}

// keepAddrs makes the addresses that p was reached at outlive the connection.
func (t *table) keepAddrs(p peer.ID) {
	for _, c := range t.host.Network().ConnsToPeer(p) {
		if c.Stat().Direction == network.DirOutbound {
			t.host.Peerstore().AddAddr(p, c.RemoteMultiaddr(), peerstore.RecentlyConnectedAddrTTL)
		}
	}
}

// failed notes that p did not answer. One failure does not evict, and none does
// while nobody else answers: then it is this node that is cut off.
func (t *table) failed(p peer.ID, err error) {
	n := 0
	switch {
	case errors.Is(err, errUnsupported):
		n = evictAt
	case errors.Is(err, errDial):
		n = strikeDial
	case errors.Is(err, errTimeout):
		n = strikeTimeout
	}
	if n == 0 || t.rt.Find(p) == "" {
		return
	}
	if t.strike(p, n) {
		t.rt.RemovePeer(p)
		t.stats.evicted.Add(1)
	}
}

func (t *table) strike(p peer.ID, n int) (out bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.strikes[p]
	if !ok {
		s.since = time.Now()
	}
	s.n += n
	if s.n >= evictAt && (t.heard.After(s.since) || n == evictAt) {
		delete(t.strikes, p)
		return true
	}
	t.strikes[p] = s
	return false
}

// nearest returns up to n peers of the table nearest to a position.
func (t *table) nearest(target lookup.Position, n int) []contact {
	ids := t.rt.NearestPeers(kb.ID(target[:]), n)
	out := make([]contact, len(ids))
	for i, p := range ids {
		out[i].ID = p
	}
	return out
}

// lacks reports whether p is not in the table and there is room for it.
func (t *table) lacks(p peer.ID) bool { return t.rt.Find(p) == "" && t.rt.UsefulNewPeer(p) }

// silent returns up to n peers that did not answer since, the longest silent first.
func (t *table) silent(since time.Time, n int) []peer.ID {
	infos := t.rt.GetPeerInfos()
	infos = slices.DeleteFunc(infos, func(i kb.PeerInfo) bool { return i.LastSuccessfulOutboundQueryAt.After(since) })
	slices.SortFunc(infos, func(a, b kb.PeerInfo) int {
		return a.LastSuccessfulOutboundQueryAt.Compare(b.LastSuccessfulOutboundQueryAt)
	})
	out := make([]peer.ID, 0, n)
	for _, i := range infos[:min(n, len(infos))] {
		out = append(out, i.Id)
	}
	return out
}

// gaps returns keys whose positions fall into up to n different buckets, the
// emptiest buckets first.
func (t *table) gaps(n int) []string {
	type bucket struct {
		cpl   uint
		peers int
	}
	var buckets []bucket
	for cpl := range t.rt.GetTrackedCplsForRefresh() {
		buckets = append(buckets, bucket{uint(cpl), t.rt.NPeersForCpl(uint(cpl))})
	}
	rand.Shuffle(len(buckets), func(i, j int) { buckets[i], buckets[j] = buckets[j], buckets[i] })
	slices.SortStableFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.peers, b.peers) })
	var keys []string
	for _, b := range buckets {
		if len(keys) == n {
			break
		}
		if key, err := t.rt.GenRandPeerID(b.cpl); err == nil {
			keys = append(keys, string(key))
		}
	}
	return keys
}

// settle makes the table's entries irreplaceable by newcomers. kad-dht takes its
// own finds as replaceable until its refresh, which is off, has run: a crowd of
// newcomers could displace everybody.
func (t *table) settle() { t.rt.MarkAllPeersIrreplaceable() }
