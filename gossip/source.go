package gossip

import (
	"net/netip"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// How much of a public address its owner can hardly choose.
const (
	sourceBits4 = 24
	sourceBits6 = 48
)

// A source is where facts are handed on from, as far as whoever sends them cannot choose
// it freely: the network of a public address, or, within a private network, the peer. All
// relayed peers are one source, the zero value.
type source struct {
	network netip.Prefix
	peer    peer.ID
}

// sourceOf is where a connected peer is.
func sourceOf(h host.Host, p peer.ID) source {
	for _, c := range h.Network().ConnsToPeer(p) {
		if !c.Stat().Limited {
			return sourceAt(c.RemoteMultiaddr(), p)
		}
	}
	return source{}
}

// sourceAt is where a peer is that is connected from an address.
func sourceAt(a multiaddr.Multiaddr, p peer.ID) source {
	ip, err := manet.ToIP(a)
	if err != nil || !manet.IsPublicAddr(a) {
		return source{peer: p}
	}
	addr, _ := netip.AddrFromSlice(ip)
	bits := sourceBits6
	if addr = addr.Unmap(); addr.Is4() {
		bits = sourceBits4
	}
	network, _ := addr.Prefix(bits) // never fails: the address has as many bits
	return source{network: network}
}
