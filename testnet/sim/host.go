package sim

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/config"
	corecm "github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/links"
)

// The limits of a libp2p host where nobody says anything.
const (
	stockLow  = 160
	stockHigh = 192
)

// The limits of a bound host.
const (
	boundLow   = 24
	boundHigh  = 32
	boundGrace = 10 * time.Second
)

// NewHost builds host i, 0 to MaxNodes-1, on the wire: with the key that the seed
// gives it, always at the same address, with the limits of a node's own host. A
// number may come back once its last host is closed.
func (f *Fabric) NewHost(i int) (host.Host, error) {
	return f.newHost(i, door{}, managed)
}

// NewGuest is NewHost for a host that comes with its key; nil is the one of the seed. Where
// last is above 1 it lives in the network of host i, a /24, at the address that ends on it,
// beside that host or instead of it: what the wire does to host i it does to both.
func (f *Fabric) NewGuest(i int, last byte, key crypto.PrivKey) (host.Host, error) {
	return f.newHost(i, door{last: last, key: key}, managed)
}

// managed is a connection manager with the limits of a node's own host.
func managed() (*connmgr.BasicConnMgr, error) { return links.NewManager(0) }

// door is what is not told by a host's number: the last byte of its address, 1 where it is
// 0, and its key, nil is the one of the seed.
type door struct {
	last byte
	key  crypto.PrivKey
}

// NewStockHost is NewHost with the connection manager that libp2p has by default,
// which begins to close at 192 connections.
func (f *Fabric) NewStockHost(i int) (host.Host, error) {
	return f.newHost(i, door{}, func() (*connmgr.BasicConnMgr, error) { return connmgr.NewConnManager(stockLow, stockHigh) })
}

// NewBoundHost is NewHost for stock libraries, with a connection manager that does
// by itself what a node does on its own host. kad-dht protects so many of its
// connections that no limit holds; here it protects none.
func (f *Fabric) NewBoundHost(i int) (host.Host, error) {
	h, err := f.newHost(i, door{}, func() (*connmgr.BasicConnMgr, error) {
		return connmgr.NewConnManager(boundLow, boundHigh, connmgr.WithGracePeriod(boundGrace))
	})
	if err != nil {
		return nil, err
	}
	return &boundHost{h}, nil
}

// NewShutHost is NewHost behind a NAT, see [Fabric.Shut]: it knows that nobody reaches it,
// and takes places with relays, of those that source names.
func (f *Fabric) NewShutHost(i int, source autorelay.PeerSource) (host.Host, error) {
	f.Shut(i)
	return f.newHost(i, door{}, managed, append(node.ReachOptions(source), libp2p.ForceReachabilityPrivate())...)
}

// NewRelayHost is NewHost that relays for others.
func (f *Fabric) NewRelayHost(i int) (host.Host, error) {
	none := func(context.Context, int) <-chan peer.AddrInfo {
		nobody := make(chan peer.AddrInfo)
		close(nobody)
		return nobody
	}
	return f.newHost(i, door{}, managed, append(node.ReachOptions(none), libp2p.ForceReachabilityPublic())...)
}

// newRelaying is NewRelayHost for one whom hosts behind NATs are to find, see relaying.
func (f *Fabric) newRelaying(i int) (host.Host, error) {
	h, err := f.NewRelayHost(i)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.relays[i] = peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()}
	return h, nil
}

// relaying names up to most hosts that relay and are not behind a NAT themselves.
func (f *Fabric) relaying(_ context.Context, most int) <-chan peer.AddrInfo {
	found := make(chan peer.AddrInfo, most)
	defer close(found)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range slices.Sorted(maps.Keys(f.relays)) {
		if len(found) < most && !f.isShut(i) {
			found <- f.relays[i]
		}
	}
	return found
}

// newHost builds host i with a connection manager, and with more options or as one that
// is reached by everybody and relays for nobody.
func (f *Fabric) newHost(i int, at door, manager func() (*connmgr.BasicConnMgr, error), more ...libp2p.Option) (host.Host, error) {
	if len(more) == 0 {
		more = []libp2p.Option{libp2p.ForceReachabilityPublic(), libp2p.DisableRelay()} // nobody is behind a NAT, so nobody need ask
	}
	if i < 0 || i >= MaxNodes {
		return nil, fmt.Errorf("sim: host %d: want 0 to %d", i, MaxNodes-1)
	}
	key, err := at.key, error(nil)
	if key == nil {
		key, err = f.key(i)
	}
	if err != nil {
		return nil, err
	}
	addr := udpAddr(i, max(at.last, 1))
	udp, err := f.quic(addr, key)
	if err != nil {
		return nil, err
	}
	cm, err := manager()
	if err != nil {
		return nil, errors.Join(err, udp.Close())
	}
	f.mute(i, false)
	h, err := libp2p.New(append(more,
		libp2p.Identity(key),
		libp2p.ListenAddrs(multiaddr.StringCast(fmt.Sprintf("/ip4/%s/udp/%d/quic-v1", addr.IP, udpPort))),
		libp2p.QUICReuse(func() *quicreuse.ConnManager { return udp }),
		libp2p.Transport(quic.NewTransport),
		libp2p.ConnectionManager(cm),
		libp2p.ResourceManager(&network.NullResourceManager{}), // what one machine bears, 1,000 nodes do not share
		libp2p.DisableIdentifyAddressDiscovery(),               // it stalls the clock
		libp2p.UserAgent("cairn/sim"),
		libp2p.DisableMetrics(),
	)...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sim: host %d: %w", i, err), cm.Close(), udp.Close())
	}
	return &simHost{Host: h, udp: udp}, nil
}

// simHost closes what libp2p leaves open that was handed to it.
type simHost struct {
	host.Host
	udp *quicreuse.ConnManager
}

// Close closes the host and leaves the wire.
func (h *simHost) Close() error { return errors.Join(h.Host.Close(), h.udp.Close()) }

// boundHost is a host whose connection manager does not hear of kad-dht's protection.
type boundHost struct{ host.Host }

// ConnManager returns it.
func (h *boundHost) ConnManager() corecm.ConnManager { return boundManager{h.Host.ConnManager()} }

// kadTag is what kad-dht protects its peers with.
const kadTag = "kbucket"

type boundManager struct{ corecm.ConnManager }

// Protect protects a connection, for anybody but kad-dht.
func (m boundManager) Protect(p peer.ID, tag string) {
	if tag != kadTag {
		m.ConnManager.Protect(p, tag)
	}
}

// key is the key of host i.
func (f *Fabric) key(i int) (crypto.PrivKey, error) {
	seed := sha256.Sum256(fmt.Appendf(nil, "cairn testnet/sim key %d of %d", i, f.cfg.Seed))
	return crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed[:]))
}

// quic is a QUIC socket pool whose only socket is a host's end of the wire.
func (f *Fabric) quic(addr *net.UDPAddr, key crypto.PrivKey) (*quicreuse.ConnManager, error) {
	reset, err := config.PrivKeyToStatelessResetKey(key)
	if err != nil {
		return nil, err
	}
	token, err := config.PrivKeyToTokenGeneratorKey(key)
	if err != nil {
		return nil, err
	}
	return quicreuse.NewConnManager(reset, token,
		quicreuse.OverrideSourceIPSelector(func() (quicreuse.SourceIPSelector, error) {
			return sourceIP(addr.IP), nil
		}),
		quicreuse.OverrideListenUDP(func(string, *net.UDPAddr) (net.PacketConn, error) { return f.listen(addr), nil }))
}

// sourceIP is the only address that a host has.
type sourceIP net.IP

// PreferredSourceIPForDestination is always that one.
func (s sourceIP) PreferredSourceIPForDestination(*net.UDPAddr) (net.IP, error) {
	return net.IP(s), nil
}
