package sim

import (
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/marcopolo/simnet"
)

// Fabric is a simulated wire: it carries the UDP packets of hosts, each with a
// number from 0 up, and may be broken on purpose. Its methods are safe for
// concurrent use. It must be made, used and closed inside one synctest bubble.
type Fabric struct {
	cfg   WireConfig
	net   *simnet.Simnet
	rules atomic.Pointer[rules]

	mu    sync.Mutex
	ports map[int]*port // of every host that ever was; owned by mu

	nats   bool                  // there may be NATs; not changed once there are hosts
	relays map[int]peer.AddrInfo // who relays, by number; owned by mu
}

// NewFabric returns a wire with nobody on it.
func NewFabric(cfg WireConfig) (*Fabric, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	f := &Fabric{cfg: cfg, ports: make(map[int]*port), relays: make(map[int]peer.AddrInfo)}
	f.rules.Store(&rules{
		loss: cfg.Loss, jitter: cfg.Jitter,
		cut: make(map[[2]int]bool), down: make(map[int]bool), slow: make(map[int]time.Duration), shut: make(map[int]bool),
	})
	f.net = &simnet.Simnet{Logger: slog.New(slog.DiscardHandler), LatencyFunc: f.delay}
	f.net.Start()
	return f, nil
}

// Close ends the wire. Hosts are closed before.
func (f *Fabric) Close() { f.net.Close() }

// delay is how long a packet is on its way, asked once for each.
func (f *Fabric) delay(p *simnet.Packet) time.Duration {
	from, to := number(p.From), number(p.To)
	d := f.cfg.Model.OneWay(from, to) + f.cfg.Charge
	r := f.rules.Load()
	if r.jitter > 0 {
		f.mu.Lock()
		port := f.ports[from]
		f.mu.Unlock()
		d += time.Duration(port.late(to, f.cfg.Seed) * float64(r.jitter))
	}
	return d + r.slow[from] + r.slow[to]
}

// listen puts a host on the wire, for the first time or anew.
func (f *Fabric) listen(addr *net.UDPAddr) net.PacketConn {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := number(addr)
	p := f.ports[i]
	if p == nil {
		p = newPort(i)
		f.ports[i] = p
	}
	link := simnet.LinkSettings{BitsPerSecond: f.cfg.Bandwidth, FlowBucketCount: flowBuckets}
	conn := f.net.NewEndpoint(addr, simnet.NodeBiDiLinkSettings{Uplink: link, Downlink: link})
	return &socket{SimConn: conn, fabric: f, port: p}
}

const (
	// flowBuckets is the number of queues of a link: flows that share one share its delay.
	flowBuckets = 64
	// udpPort is where every host listens.
	udpPort = 7474
	// firstNet is the first octet of host 0. From here on 4,096 networks /16 lie that
	// are public, and of which none belongs to a group that kad-dht counts as one.
	firstNet = 80
)

// udpAddr is where host i listens, each in a network /16 of its own, as strangers
// are: the address whose last byte is 1. Guests in its /24 have other last bytes. Its IP has 16 bytes, as those have that libp2p dials: simnet tells the forms
// apart.
func udpAddr(i int, last byte) *net.UDPAddr {
	return &net.UDPAddr{IP: net.IPv4(byte(firstNet+i>>8), byte(i), 1, last), Port: udpPort}
}

// number is which host listens there.
func number(a net.Addr) int {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return -1
	}
	ip := u.IP.To4()
	if ip == nil {
		return -1
	}
	return int(ip[0]-firstNet)<<8 | int(ip[1])
}
