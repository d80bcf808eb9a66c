package sim

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/config"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/multiformats/go-multiaddr"
)

// The same bounds as a node's own host.
const (
	degreeLow   = 24
	degreeHigh  = 32
	degreeGrace = 10 * time.Second
)

// NewHost builds host i, 0 to MaxNodes-1, on the wire: with the key that the seed
// gives it, always at the same address, with the limits of a node's own host. A
// number may come back once its last host is closed.
func (f *Fabric) NewHost(i int) (host.Host, error) {
	if i < 0 || i >= MaxNodes {
		return nil, fmt.Errorf("sim: host %d: want 0 to %d", i, MaxNodes-1)
	}
	key, err := f.key(i)
	if err != nil {
		return nil, err
	}
	udp, err := f.quic(i, key)
	if err != nil {
		return nil, err
	}
	cm, err := connmgr.NewConnManager(degreeLow, degreeHigh, connmgr.WithGracePeriod(degreeGrace))
	if err != nil {
		return nil, errors.Join(err, udp.Close())
	}
	f.mute(i, false)
	h, err := libp2p.New(
		libp2p.Identity(key),
		libp2p.ListenAddrs(multiaddr.StringCast(fmt.Sprintf("/ip4/%s/udp/%d/quic-v1", udpAddr(i).IP, udpPort))),
		libp2p.QUICReuse(func() *quicreuse.ConnManager { return udp }),
		libp2p.Transport(quic.NewTransport),
		libp2p.ConnectionManager(cm),
		libp2p.ResourceManager(&network.NullResourceManager{}), // what one machine bears, 1,000 nodes do not share
		libp2p.DisableIdentifyAddressDiscovery(),               // it stalls the clock
		libp2p.ForceReachabilityPublic(),                       // nobody is behind a NAT, so nobody need ask
		libp2p.UserAgent("cairn/sim"),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
	)
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

// key is the key of host i.
func (f *Fabric) key(i int) (crypto.PrivKey, error) {
	seed := sha256.Sum256(fmt.Appendf(nil, "cairn testnet/sim key %d of %d", i, f.cfg.Seed))
	return crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed[:]))
}

// quic is a QUIC socket pool whose only socket is host i's end of the wire.
func (f *Fabric) quic(i int, key crypto.PrivKey) (*quicreuse.ConnManager, error) {
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
			return sourceIP(udpAddr(i).IP), nil
		}),
		quicreuse.OverrideListenUDP(func(string, *net.UDPAddr) (net.PacketConn, error) { return f.listen(i), nil }))
}

// sourceIP is the only address that a host has.
type sourceIP net.IP

// PreferredSourceIPForDestination is always that one.
func (s sourceIP) PreferredSourceIPForDestination(*net.UDPAddr) (net.IP, error) {
	return net.IP(s), nil
}
