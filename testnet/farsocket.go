package testnet

import (
	"container/heap"
	"net"
	"sync"
	"time"
)

// farRoom bounds the packets of one socket that are on their way: of more, the newest
// are lost, as in a router.
const farRoom = 1 << 14

// farSocket is a packet socket whose packets arrive late, each by what its destination
// asks for.
type farSocket struct {
	net.PacketConn
	late func(to net.Addr) time.Duration

	mu     sync.Mutex
	queue  packets // owned by mu
	number uint64  // of packets so far, owned by mu
	more   chan struct{}
	over   chan struct{}
	once   sync.Once
	work   sync.WaitGroup
}

// newFarSocket makes c, which is the socket's from then on, far.
func newFarSocket(c net.PacketConn, late func(to net.Addr) time.Duration) *farSocket {
	s := &farSocket{PacketConn: c, late: late, more: make(chan struct{}, 1), over: make(chan struct{})}
	s.work.Go(s.run)
	return s
}

// WriteTo takes a packet onto its way.
func (s *farSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	late := s.late(to)
	if late == 0 {
		return s.PacketConn.WriteTo(b, to)
	}
	select {
	case <-s.over:
		return 0, net.ErrClosed
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= farRoom {
		return len(b), nil
	}
	s.number++
	heap.Push(&s.queue, packet{due: time.Now().Add(late), number: s.number, bytes: append([]byte(nil), b...), to: to})
	if s.queue[0].number == s.number { // it is the next one
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
	return len(b), nil
}

// run sends what has been on its way long enough.
func (s *farSocket) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(s.send())
		select {
		case <-timer.C:
		case <-s.more:
		case <-s.over:
			return
		}
	}
}

// send hands on all packets that are due, and returns the time until the next one is.
func (s *farSocket) send() time.Duration {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.mu.Unlock()
			return time.Hour
		}
		if wait := time.Until(s.queue[0].due); wait > 0 {
			s.mu.Unlock()
			return wait
		}
		p := heap.Pop(&s.queue).(packet)
		s.mu.Unlock()
		_, _ = s.PacketConn.WriteTo(p.bytes, p.to) // a packet that is lost is no error
	}
}

// Close ends the socket; what is on its way is lost.
func (s *farSocket) Close() error {
	s.once.Do(func() { close(s.over) })
	err := s.PacketConn.Close()
	s.work.Wait()
	return err
}

// SetReadBuffer is the socket's own, which QUIC wants to set.
func (s *farSocket) SetReadBuffer(bytes int) error {
	if c, ok := s.PacketConn.(*net.UDPConn); ok {
		return c.SetReadBuffer(bytes)
	}
	return nil
}

// SetWriteBuffer is the socket's own, which QUIC wants to set.
func (s *farSocket) SetWriteBuffer(bytes int) error {
	if c, ok := s.PacketConn.(*net.UDPConn); ok {
		return c.SetWriteBuffer(bytes)
	}
	return nil
}

// packet is one that is on its way.
type packet struct {
	due    time.Time
	number uint64
	bytes  []byte
	to     net.Addr
}

// packets is a heap by the time of arrival, then by the order of sending.
type packets []packet

// Len is that of heap.Interface, as are the others.
func (p packets) Len() int { return len(p) }

// Less orders by arrival.
func (p packets) Less(i, j int) bool {
	if p[i].due.Equal(p[j].due) {
		return p[i].number < p[j].number
	}
	return p[i].due.Before(p[j].due)
}

// Swap swaps two.
func (p packets) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

// Push appends one.
func (p *packets) Push(x any) { *p = append(*p, x.(packet)) }

// Pop takes the last one away.
func (p *packets) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	(*p)[last] = packet{}
	*p = (*p)[:last]
	return x
}
