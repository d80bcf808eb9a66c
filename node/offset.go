package node

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	// offsetReported is above which a clock's offset is reported, and offsetLimit above
	// which no record is called active by it, nor any fact past.
	offsetReported = 30 * time.Second
	offsetLimit    = 5 * time.Minute
	// offsetKept is how long what a peer's clock showed is believed.
	offsetKept = 24 * time.Hour
	// maxReadings bounds how many peers' clocks are known.
	maxReadings = 64
	// clockJump is by how much a clock may run ahead of the time that has passed, or behind
	// it, before it counts as set.
	clockJump = offsetReported / 2
)

// offsets are how far the clocks of peers are ahead of this node's, by the latest that each
// has said. No clock is set by them. They are safe for concurrent use.
type offsets struct {
	mu    sync.Mutex
	by    map[origin]reckoned // owned by mu
	drift time.Duration       // of the wall clock over the time that has passed, at the last look; owned by mu
	said  [2]bool             // see says; owned by mu
}

// origin is where a clock is, as far as whoever owns it cannot choose that freely: a group
// of public addresses, or within a private network the peer. All relayed peers are one, the
// zero value.
type origin struct {
	network netip.Prefix
	peer    peer.ID
}

// reckoned is what one clock showed.
type reckoned struct {
	ahead time.Duration
	at    time.Duration // since the node's start
}

// newOffsets takes the drift at the start, see set.
func newOffsets(drift time.Duration) *offsets {
	return &offsets{by: make(map[origin]reckoned), drift: drift}
}

// note takes how far a clock is ahead of ours, at a time since the start.
func (o *offsets) note(from origin, ahead, run time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.by[from]; !known && len(o.by) >= maxReadings {
		oldest := from
		for other, r := range o.by {
			if oldest == from || r.at < o.by[oldest].at {
				oldest = other
			}
		}
		delete(o.by, oldest)
	}
	o.by[from] = reckoned{ahead, run}
}

// set reports whether the clock was set since the last look, by what it shows more than
// the time that has passed. What was known is about another clock then, and is forgotten.
func (o *offsets) set(drift time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	jumped := (drift - o.drift).Abs() > clockJump
	if o.drift = drift; jumped {
		clear(o.by)
	}
	return jumped
}

// says notes whether the clock is off, and by too much, and reports whether that is news.
func (o *offsets) says(off, tooMuch bool) (news bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := [2]bool{off, tooMuch}
	news = now != o.said
	o.said = now
	return news
}

// median returns by how much clocks are ahead of ours, and how many say so: their median,
// the one nearer to 0 of two. It is not known where none does.
func (o *offsets) median(run time.Duration) (ahead time.Duration, clocks int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []time.Duration
	for from, r := range o.by {
		if run-r.at > offsetKept {
			delete(o.by, from)
			continue
		}
		all = append(all, r.ahead)
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	ahead = all[len(all)/2]
	if other := all[(len(all)-1)/2]; other.Abs() < ahead.Abs() {
		ahead = other
	}
	return ahead, len(all)
}

// The parts of a public address that its owner can hardly choose.
const (
	originBits4 = 16
	originBits6 = 48
)

// originOf is where a peer is that is connected by these.
func originOf(p peer.ID, conns []network.Conn) origin {
	for _, c := range conns {
		if c.Stat().Limited {
			continue
		}
		ip, err := manet.ToIP(c.RemoteMultiaddr())
		if err != nil || !manet.IsPublicAddr(c.RemoteMultiaddr()) {
			return origin{peer: p}
		}
		addr, _ := netip.AddrFromSlice(ip)
		bits := originBits6
		if addr = addr.Unmap(); addr.Is4() {
			bits = originBits4
		}
		net, _ := addr.Prefix(bits) // never fails: the address has as many bits
		return origin{network: net}
	}
	return origin{}
}
