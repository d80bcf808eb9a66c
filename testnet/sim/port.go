package sim

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/marcopolo/simnet"
)

// headers is what IPv4 and UDP add to each packet, in bytes.
const headers = 28

// Traffic counts packets and their bytes, IPv4 and UDP headers included.
type Traffic struct {
	// Sent is what left a host, also what was lost on the way.
	SentPackets, SentBytes uint64
	// Received is what reached it.
	ReceivedPackets, ReceivedBytes uint64
	// Lost is what it sent and a loss, a partition, a cut or a kill took; what a full
	// link dropped is not in it.
	LostPackets uint64
}

// Add returns the sum of both.
func (t Traffic) Add(u Traffic) Traffic {
	return Traffic{
		t.SentPackets + u.SentPackets, t.SentBytes + u.SentBytes,
		t.ReceivedPackets + u.ReceivedPackets, t.ReceivedBytes + u.ReceivedBytes, t.LostPackets + u.LostPackets,
	}
}

// Sub returns what was counted since u.
func (t Traffic) Sub(u Traffic) Traffic {
	return Traffic{
		t.SentPackets - u.SentPackets, t.SentBytes - u.SentBytes,
		t.ReceivedPackets - u.ReceivedPackets, t.ReceivedBytes - u.ReceivedBytes, t.LostPackets - u.LostPackets,
	}
}

// Traffic returns what host i has sent and received so far, over all its starts.
func (f *Fabric) Traffic(i int) Traffic {
	f.mu.Lock()
	p := f.ports[i]
	f.mu.Unlock()
	if p == nil {
		return Traffic{}
	}
	return Traffic{p.sentPackets.Load(), p.sentBytes.Load(), p.gotPackets.Load(), p.gotBytes.Load(), p.lost.Load()}
}

// port is what stays of a host while it is down.
type port struct {
	number int

	sentPackets, sentBytes, gotPackets, gotBytes, lost atomic.Uint64

	mu    sync.Mutex
	spoke map[int]bool   // hosts that it has sent a packet to; owned by mu
	count map[int]uint64 // packets sent to each host; owned by mu
	jolt  map[int]uint64 // packets delayed towards each host; owned by mu
}

func newPort(i int) *port {
	return &port{number: i, spoke: make(map[int]bool), count: make(map[int]uint64), jolt: make(map[int]uint64)}
}

// loses decides whether the next packet to a host vanishes.
func (p *port) loses(to int, seed uint64, loss float64) bool {
	return loss > 0 && p.chance(p.count, to, seed) < loss
}

// speakTo notes that the host sends to another.
func (p *port) speakTo(to int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoke[to] = true
}

// spoke reports whether a host has sent to another since there are NATs.
func (f *Fabric) spoke(from, to int) bool {
	f.mu.Lock()
	p := f.ports[from]
	f.mu.Unlock()
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spoke[to]
}

// late draws how much of the jitter the next packet to a host gets.
func (p *port) late(to int, seed uint64) float64 { return p.chance(p.jolt, to, ^seed) }

// chance draws the next number of a pair of hosts. It depends on no other pair.
func (p *port) chance(count map[int]uint64, to int, seed uint64) float64 {
	p.mu.Lock()
	count[to]++
	n := count[to]
	p.mu.Unlock()
	return float64(mix(mix(mix(seed^uint64(p.number))^uint64(to))^n)>>11) / (1 << 53)
}

// mix is the splitmix64 finaliser.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// socket is a host's end of the wire: it counts, and lets vanish what is to vanish.
type socket struct {
	*simnet.SimConn
	fabric *Fabric
	port   *port
}

// WriteTo sends a packet, or lets it vanish without a word, as networks do.
func (s *socket) WriteTo(b []byte, addr net.Addr) (int, error) {
	s.port.sentPackets.Add(1)
	s.port.sentBytes.Add(uint64(len(b) + headers))
	from, to := s.port.number, number(addr)
	r := s.fabric.rules.Load()
	if len(r.shut) > 0 {
		s.port.speakTo(to)
	}
	if !r.pass(from, to) || r.shut[to] && !s.fabric.spoke(to, from) || s.port.loses(to, s.fabric.cfg.Seed, r.loss) {
		s.port.lost.Add(1)
		return len(b), nil
	}
	return s.SimConn.WriteTo(b, addr)
}

// ReadFrom waits for a packet.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, addr, err := s.SimConn.ReadFrom(b)
	if err == nil {
		s.port.gotPackets.Add(1)
		s.port.gotBytes.Add(uint64(n + headers))
	}
	return n, addr, err
}
