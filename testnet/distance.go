package testnet

import (
	"net"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/config"
	"github.com/libp2p/go-libp2p/core/crypto"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// distances delays the packets between nodes on loopback sockets as if they were in the
// places of a model. What anybody else sends, or gets, is not delayed.
type distances struct {
	model wan.Model

	mu   sync.RWMutex
	seat map[int]int // of the UDP port where a node listens; owned by mu
}

// newDistances returns nil where there is no model: nobody is far then.
func newDistances(m wan.Model) *distances {
	if m == nil {
		return nil
	}
	return &distances{model: m, seat: make(map[int]int)}
}

// between is how long a packet takes from a node to whoever listens at a port.
func (d *distances) between(seat int, to net.Addr) time.Duration {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	other, ok := d.seat[udp.Port]
	if !ok {
		return 0
	}
	return d.model.OneWay(seat, other)
}

// listen opens the socket of a node.
func (d *distances) listen(seat int, network string, addr *net.UDPAddr) (net.PacketConn, error) {
	c, err := net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.seat[c.LocalAddr().(*net.UDPAddr).Port] = seat // of a UDP socket it is nothing else
	d.mu.Unlock()
	return newFarSocket(c, func(to net.Addr) time.Duration { return d.between(seat, to) }), nil
}

// transports are QUIC over a node's far socket. Whoever uses them closes the sockets
// behind the host.
func (d *distances) transports(seat int, key crypto.PrivKey) (transports, error) {
	reset, err := config.PrivKeyToStatelessResetKey(key)
	if err != nil {
		return transports{}, err
	}
	token, err := config.PrivKeyToTokenGeneratorKey(key)
	if err != nil {
		return transports{}, err
	}
	udp, err := quicreuse.NewConnManager(reset, token,
		quicreuse.OverrideSourceIPSelector(func() (quicreuse.SourceIPSelector, error) { return loopback{}, nil }),
		quicreuse.OverrideListenUDP(func(network string, addr *net.UDPAddr) (net.PacketConn, error) {
			return d.listen(seat, network, addr)
		}))
	if err != nil {
		return transports{}, err
	}
	reuse := libp2p.QUICReuse(func() *quicreuse.ConnManager { return udp })
	return transports{libp2p.ChainOptions(reuse, libp2p.Transport(quic.NewTransport)), udp}, nil
}

// loopback says from which of its sockets a host dials: the one where it listens.
type loopback struct{}

// PreferredSourceIPForDestination is the only address there is.
func (loopback) PreferredSourceIPForDestination(*net.UDPAddr) (net.IP, error) {
	return net.IPv4(127, 0, 0, 1), nil
}
