package overlay

import (
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// regionPerGroup is how many of one /24 or /48 are holders of one agent, in the public
	// profile.
	regionPerGroup = 2
	// answerPerGroup is how many of one are taken from one answer there: no more are in an
	// honest table.
	answerPerGroup = 3
	// reachShare: the holders of an agent reach at least so far that, where nobody crowds
	// it, so many times k lie there. Chance alone lets the k nearest lie within that in 3 of
	// 1,000 cases, with k of 20.
	reachShare = 0.5
	// ownSpan is how many of the nearest members say how dense it is around this node: few,
	// so that they are near even in a small network, where a crowd is never far.
	ownSpan = 10
)

// region is where an agent's values are to be: the k nearest to its key, and more where
// these lie suspiciously near. at least k, for a lookup that looks farther.
func (d *DHT) region(k int) lookup.Region {
	r := lookup.Region{K: k, Reach: d.sizes.within(reachShare * float64(d.cfg.Replication))}
	if d.cfg.WAN {
		r.PerGroup = regionPerGroup
	}
	return r
}

// Away is how far the key of id is from this node's own position: the first 64 bits of the
// distance. Of two agents others rather hold the one that is farther.
func (d *DHT) Away(id records.AgentID) uint64 {
	return leading(positionOfPeer(d.self).To(positionOfKey(id.Key())))
}

// sizes is what this node's lookups, and those around it, say of the network's size.
type sizes struct {
	members *members
	own     lookup.Position

	mu   sync.Mutex
	seen lookup.Sizes
}

// saw takes in how a lookup ended.
func (s *sizes) saw(target lookup.Position, closest []peer.ID) {
	if len(closest) == 0 {
		return
	}
	last := target.To(positionOfPeer(closest[len(closest)-1]))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Saw(target, len(closest), last, time.Now())
}

// look takes in how densely this node's own neighbours lie, whom it has talked with.
// Under mu.
func (s *sizes) look(now time.Time) {
	if near := s.members.near(s.own, ownSpan); len(near) > 0 {
		s.seen.Saw(s.own, len(near), s.own.To(near[len(near)-1].ID.position()), now)
	}
}

func (s *sizes) within(n float64) lookup.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.look(now)
	return s.seen.Within(n, now)
}

func (s *sizes) estimate() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.look(now)
	return s.seen.Estimate(now)
}

// addrGroupOf is the part of the network that an address is in: a /24, or a /48; invalid
// where it has no IP address.
func addrGroupOf(a multiaddr.Multiaddr) netip.Prefix {
	ip, err := manet.ToIP(a)
	if err != nil {
		return netip.Prefix{}
	}
	at, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.Prefix{}
	}
	return addrGroup(at.Unmap())
}

// groupOfAny is the group of the first address that has one.
func groupOfAny(addrs []multiaddr.Multiaddr) netip.Prefix {
	for _, a := range addrs {
		if g := addrGroupOf(a); g.IsValid() {
			return g
		}
	}
	return netip.Prefix{}
}

// groupReached is the group in which p is connected; invalid where it is not, or where
// groups do not matter.
func (d *DHT) groupReached(p peer.ID) netip.Prefix {
	if !d.cfg.WAN {
		return netip.Prefix{}
	}
	for _, c := range d.cfg.Host.Network().ConnsToPeer(p) {
		if g := addrGroupOf(c.RemoteMultiaddr()); g.IsValid() {
			return g
		}
	}
	return netip.Prefix{}
}

// grouped says in which groups peers are, as far as is known, where that matters.
func (d *DHT) grouped(all []contact) []contact {
	if !d.cfg.WAN {
		return all
	}
	for i, c := range all {
		if c.Group = d.groupReached(c.ID); !c.Group.IsValid() {
			if c.Group = groupOfAny(c.Addrs); !c.Group.IsValid() && len(c.Addrs) == 0 {
				c.Group = groupOfAny(d.cfg.Host.Peerstore().Addrs(c.ID))
			}
		}
		all[i].Group = c.Group
	}
	return all
}

// diverse leaves out of an answer what is too much of one group, by the addresses that it
// tells.
func (d *DHT) diverse(named []contact) []contact {
	if !d.cfg.WAN {
		return named
	}
	seen, out := make(map[netip.Prefix]int), named[:0]
	for _, c := range named {
		c.Group = groupOfAny(c.Addrs)
		if c.Group.IsValid() && seen[c.Group] == answerPerGroup && !weak.Off(weak.Diversity) {
			continue
		}
		seen[c.Group]++
		out = append(out, c)
	}
	return out
}
