package links

import (
	"context"
	"maps"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/quic-go/quic-go"
)

// RTT is the least round trip to p that the transport has measured on a connection
// that stands; zero where there is none, or none that tells.
func (k *Keeper) RTT(p peer.ID) time.Duration {
	return leastRTT(k.cfg.Host.Network().ConnsToPeer(p))
}

// measure has a few peers measured that may be nearer than the links there are.
func (k *Keeper) measure(ctx context.Context, now time.Time) {
	if k.cfg.Measure == nil {
		return
	}
	for n := 0; n < looksPerRound && len(k.look) > 0; {
		p := k.look[0]
		k.look = k.look[1:]
		if at, ok := k.looked[p]; ok && now.Sub(at) < lookAgain {
			continue
		}
		if len(k.looked) >= maxLooked {
			maps.DeleteFunc(k.looked, func(_ peer.ID, at time.Time) bool { return now.Sub(at) >= lookAgain })
		}
		if len(k.looked) >= maxLooked {
			return
		}
		n++
		k.looked[p] = now
		k.counts[looks].Add(1)
		inner, cancel := context.WithTimeout(ctx, dialTime)
		if err := k.cfg.Measure(inner, p); err == nil {
			k.asked.Store(true)
		}
		cancel()
	}
}

// leastRTT is the least round trip that the transport has measured on any of the
// connections; zero where none tells.
func leastRTT(conns []network.Conn) time.Duration {
	var least time.Duration
	for _, c := range conns {
		var q *quic.Conn
		if !c.As(&q) {
			continue
		}
		if rtt := q.ConnectionStats().MinRTT; rtt > 0 && (least == 0 || rtt < least) {
			least = rtt
		}
	}
	return least
}

// groupOf names the part of the network that the first IP address is in: a /16 of
// IPv4, a /32 of IPv6. It is what somebody with many identities must own many of.
func groupOf(addrs []multiaddr.Multiaddr) string {
	for _, a := range addrs {
		raw, err := manet.ToIP(a)
		if err != nil {
			continue
		}
		ip, ok := netip.AddrFromSlice(raw)
		if !ok {
			continue
		}
		bits := 32
		if ip = ip.Unmap(); ip.Is4() {
			bits = 16
		}
		if prefix, err := ip.Prefix(bits); err == nil {
			return prefix.String()
		}
	}
	return ""
}
