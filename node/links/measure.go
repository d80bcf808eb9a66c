package links

import (
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
