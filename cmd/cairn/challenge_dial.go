package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/cairn-overlay/cairn/node/gateway"
	"github.com/cairn-overlay/cairn/node/presence"
	"github.com/cairn-overlay/cairn/records"
)

// errNotAsked: nobody could be asked at a place.
var errNotAsked = errors.New(notAsked)

// placeDialer connects to places out of strangers' records: to public addresses alone,
// unless others are allowed.
type placeDialer struct {
	private bool
	host    host.Host // made where a place needs it
}

func (d *placeDialer) close() {
	if d.host != nil {
		_ = d.host.Close() // the answers are there
	}
}

// ask challenges whoever answers at a place. An error that is errNotAsked says nothing of
// who is there.
func (d *placeDialer) ask(ctx context.Context, asker presence.Asker, place string) (*records.Possession, error) {
	switch {
	case strings.HasPrefix(place, "/"):
		return d.askPeer(ctx, asker, place)
	case strings.HasPrefix(place, "https://"):
		return d.askHTTPS(ctx, asker, place)
	case strings.HasPrefix(place, "http://"):
		return nil, fmt.Errorf("%w: plain http has no channel that an answer could be bound to", errNotAsked)
	}
	return nil, fmt.Errorf("%w: there is no way to ask there", errNotAsked)
}

func (d *placeDialer) askHTTPS(ctx context.Context, asker presence.Asker, place string) (*records.Possession, error) {
	u, err := url.Parse(place)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotAsked, err)
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	plain := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error { return d.mayDial(address) }}
	raw, err := plain.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotAsked, err)
	}
	// Who is there is shown by the answer, which is bound to this channel; a certificate
	// would say less.
	conn := tls.Client(raw, &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}})
	defer conn.Close()
	return asker.Conn(ctx, conn)
}

func (d *placeDialer) askPeer(ctx context.Context, asker presence.Asker, place string) (*records.Possession, error) {
	info, err := peer.AddrInfoFromString(place)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotAsked, err)
	}
	if d.host == nil {
		if d.host, err = libp2p.New(libp2p.NoListenAddrs, libp2p.EnableRelay(), libp2p.ConnectionGater(gater{d}), libp2p.DisableMetrics(), libp2p.UserAgent("cairn/"+version)); err != nil {
			return nil, err
		}
	}
	if err := d.mayAsk(info.Addrs); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotAsked, err)
	}
	if err := d.host.Connect(ctx, *info); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotAsked, err)
	}
	return asker.Peer(ctx, d.host, info.ID)
}

// mayDial is asked for each address of TCP, after names were looked up.
func (d *placeDialer) mayDial(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return d.allowed(at.Addr())
}

// allowed says why an address must not be connected to, or nothing.
func (d *placeDialer) allowed(at netip.Addr) error {
	if why := gateway.NotPublic(at); why != "" && !d.private {
		return fmt.Errorf("%s is %s; allow it with --allow-private", at, why)
	}
	return nil
}

// mayAsk says why none of a peer's addresses may be dialled, or nothing, where one may or is a
// name: of a refusal by the gater the host does not tell the reason.
func (d *placeDialer) mayAsk(addrs []multiaddr.Multiaddr) (why error) {
	for _, addr := range addrs {
		at, ok := ipOf(addr)
		if !ok {
			return nil
		}
		if err := d.allowed(at); err == nil {
			return nil
		} else if why == nil {
			why = err
		}
	}
	return why
}

// ipOf is the IP address that a multiaddr begins with, whatever is spoken there.
func ipOf(addr multiaddr.Multiaddr) (netip.Addr, bool) {
	ip, err := manet.ToIP(addr)
	if err != nil {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(ip)
}

// gater is mayDial for a libp2p host.
type gater struct{ d *placeDialer }

// InterceptPeerDial lets all peers pass: it is the addresses that count.
func (gater) InterceptPeerDial(peer.ID) bool { return true }

// InterceptAddrDial asks for an address, after names were looked up.
func (g gater) InterceptAddrDial(_ peer.ID, addr multiaddr.Multiaddr) bool {
	if _, err := addr.ValueForProtocol(multiaddr.P_CIRCUIT); err == nil {
		return true // the relay's own address is asked for, too
	}
	at, ok := ipOf(addr)
	return ok && g.d.allowed(at) == nil
}

// InterceptAccept lets nobody in: the host does not listen.
func (gater) InterceptAccept(network.ConnMultiaddrs) bool { return false }

// InterceptSecured lets all pass.
func (gater) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool { return true }

// InterceptUpgraded lets all pass.
func (gater) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
