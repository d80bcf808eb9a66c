package overlay

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/overlay/view"
)

const (
	// perGroup is how many members, and hints, of one /24 or /48 the public profile keeps.
	perGroup = 32
	// vouchFor is how long ago the last talk with a member may be that is passed on.
	vouchFor = time.Hour
	// onlineFor: a failure says something of the peer only where somebody answered after
	// it began, or so shortly before.
	onlineFor = 5 * time.Second
)

// members is the node's view of who is in the network: whom it talked with, and what
// they say. Its methods do nothing where there is no view.
type members struct {
	host       host.Host
	serves     protocol.ID // what a member serves
	acceptable func(multiaddr.Multiaddr) bool

	mu    sync.Mutex
	view  *memberView // nil: none is kept
	heard time.Time   // the last answer of anybody
}

func newMembers(cfg Config, acceptable func(multiaddr.Multiaddr) bool) *members {
	m := &members{host: cfg.Host, serves: cfg.protocol(), acceptable: acceptable}
	self, ok := keyOfPeer(cfg.Host.ID())
	if cfg.NoView || !ok {
		return m
	}
	v := view.Config[memberKey, door]{Self: self, Where: memberKey.position, Secret: rand.Uint64()}
	if cfg.WAN {
		v.Group, v.PerGroup = doorGroup, perGroup
	}
	m.view = view.New(v)
	return m
}

// listen learns of the peers that connect, until Close.
func (d *DHT) listen(sub event.Subscription) {
	defer sub.Close()
	for {
		select {
		case e, ok := <-sub.Out():
			if !ok {
				return
			}
			if e, ok := e.(event.EvtPeerIdentificationCompleted); ok {
				d.members.identified(e)
				if d.stats.memberAsks.Load() < firstAsks {
					d.wakeGatherer()
				}
			}
		case <-d.ctx.Done():
			return
		}
	}
}

// subscribe hears of connections from now on.
func (m *members) subscribe() (event.Subscription, error) {
	return m.host.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted), eventbus.BufSize(64))
}

// identified meets a peer that says that it serves. Of one that came to us, an address
// counts only where it came from.
func (m *members) identified(e event.EvtPeerIdentificationCompleted) {
	if !slices.Contains(e.Protocols, m.serves) {
		return
	}
	remote, ok := doorOf(e.Conn.RemoteMultiaddr())
	if e.Conn.Stat().Direction != network.DirOutbound {
		came := remote.ip
		ok = false
		for _, a := range e.ListenAddrs {
			if remote, ok = doorOf(a); ok && remote.ip == came {
				break
			}
			ok = false
		}
	}
	if ok {
		m.met(e.Peer, remote, leastRTT([]network.Conn{e.Conn}))
	}
}

// met notes that p is a member, reached at at, within rtt where that was measured.
func (m *members) met(p peer.ID, at door, rtt time.Duration) {
	k, ok := keyOfPeer(p)
	if m.view == nil || !ok || !m.acceptable(at.multiaddr()) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.view.Met(k, at, time.Now())
	if rtt > 0 {
		m.view.Measured(k, stepsOf(rtt))
	}
}

// answered notes that p answered a question just now.
func (m *members) answered(p peer.ID) {
	if m.view == nil {
		return
	}
	for _, c := range m.host.Network().ConnsToPeer(p) {
		if at, ok := doorOf(c.RemoteMultiaddr()); ok && c.Stat().Direction == network.DirOutbound {
			m.met(p, at, leastRTT([]network.Conn{c}))
			break
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heard = time.Now()
	if k, ok := keyOfPeer(p); ok {
		m.view.Talked(k, m.heard)
	}
}

// failed notes that p did not answer a question asked at since.
func (m *members) failed(p peer.ID, err error, since time.Time) {
	var how view.Failure
	switch {
	case errors.Is(err, errUnsupported):
		how = view.Gone
	case errors.Is(err, errDial):
		how = view.Unreached
	case errors.Is(err, errTimeout):
		how = view.Silent
	default:
		return
	}
	k, ok := keyOfPeer(p)
	if m.view == nil || !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if how == view.Gone || m.heard.After(since.Add(-onlineFor)) {
		m.view.Failed(k, how, time.Now())
	}
}

// nearest returns up to n peers of the view nearest to a position.
func (m *members) nearest(target lookup.Position, n int) []member {
	if m.view == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view.Nearest(target, n)
}

// near returns up to n members nearest to a position: of those only whom this node has
// talked with.
func (m *members) near(target lookup.Position, n int) []member {
	if m.view == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	found, _ := m.view.Page(target, 0, n, time.Time{}, nil)
	return found
}

// contactOf is a member as a lookup takes it.
func contactOf(p member) contact {
	return contact{ID: p.ID.peer(), Addrs: []multiaddr.Multiaddr{p.Addr.multiaddr()}}
}

// count returns how many members and hints there are.
func (m *members) count() (members, hints int) {
	if m.view == nil {
		return 0, 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view.Len()
}

// serve answers a question with members that this node talked with lately.
func (m *members) serve(a memberAsk) (r memberReply) {
	if m.view == nil {
		return r
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, limit := time.Now(), int(a.limit)
	fresh := func(position uint64) bool { return !a.known.Has(position) }
	if a.kind == memberPage {
		r.members, r.next = m.view.Page(a.target, a.from, limit, now.Add(-vouchFor), fresh)
		return r
	}
	r.members, r.gone = m.view.News(now.Add(-time.Duration(a.since)*time.Second), limit)
	r.members = slices.DeleteFunc(r.members, func(p member) bool { return a.known.Has(placeOf(p.ID)) })
	return r
}

// take enters what source answered: hints, and who is gone. It returns how many of the
// members named were news, and how many were known.
func (m *members) take(source peer.ID, r memberReply) (news, known int) {
	by, ok := keyOfPeer(source)
	if m.view == nil || !ok {
		return 0, 0
	}
	hop := leastRTT(m.host.Network().ConnsToPeer(source))
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for _, p := range r.members {
		place := placeOf(p.ID)
		switch _, stands := m.view.At(place); {
		case stands:
			known++
		case m.acceptable(p.Addr.multiaddr()) && m.view.Hint(p.ID, p.Addr, by, now):
			news++
		}
		if hop > 0 && p.RTT > 0 {
			far := roundTripOf(p.RTT)
			m.view.Guessed(place, stepsOf((hop - far).Abs()), stepsOf(hop+far), by, now) // a triangle
		}
	}
	for _, at := range r.gone {
		if p, ok := m.view.At(at); ok && m.host.Network().Connectedness(p.ID.peer()) != network.Connected {
			m.view.Doubt(at, by, now)
		}
	}
	return news, known
}

// filter is what source need not name: who is known and so near that its word would not
// make him nearer. It is without bits where that is too much for a filter.
func (m *members) filter(source peer.ID) view.Filter {
	hop := stepsOf(leastRTT(m.host.Network().ConnsToPeer(source)))
	m.mu.Lock()
	defer m.mu.Unlock()
	have, hints := m.view.Len()
	if have+hints == 0 || have+hints > view.MaxFiltered {
		return view.Filter{}
	}
	f := view.NewFilter(have+hints, rand.Uint64())
	m.view.Each(func(position uint64, far uint8) bool {
		if hop == 0 || far > 0 && far <= hop {
			f.Add(position)
		}
		return true
	})
	return f
}

// placeOf is the beginning of a member's position.
func placeOf(k memberKey) uint64 { return leading(k.position()) }

// dense reports whether the view knows as many peers around a target as are around
// this node, where it knows nearly all: whether the k nearest that it names may be the
// k nearest there are.
func (m *members) dense(target lookup.Position, k int) bool {
	if m.view == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	have, hints := m.view.Len()
	if have+hints <= 2*k {
		return have+hints > 0
	}
	own, ok := keyOfPeer(m.host.ID())
	return ok && m.span(target, k) <= spanSlack*m.span(own.position(), 2*k)/2
}

// spanSlack is how much farther the k-th nearest to one place may be than half of the
// 2k-th to another where peers lie equally dense: with k of 20 chance alone exceeds it
// about once in a thousand times.
const spanSlack = 2.5

// span is how far from a target the k-th nearest peer is.
func (m *members) span(target lookup.Position, k int) float64 {
	near := m.view.Nearest(target, k)
	if len(near) < k {
		return math.Inf(1)
	}
	return float64(leading(target.To(near[k-1].ID.position())))
}
