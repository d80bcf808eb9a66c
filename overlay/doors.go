package overlay

import (
	"context"
	"sync"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// maxQueue: a put above the rate waits so long, or is refused.
const maxQueue = 250 * time.Millisecond

// doors stand before kad-dht's stream handler: they bound the frames that a
// stranger can send, count what is served, hold each peer to its rate of puts, and
// let nobody in while closing.
type doors struct {
	links *links
	stats *counters
	gate  *gate
	puts  *quotas                  // nil: no limit
	cover func(*pb.Message) []byte // what is to be added to the answer; may be nil
	from  sources

	mu   sync.Mutex
	shut bool
	open map[*guarded]struct{} // streams being served
}

func newDoors(l *links, stats *counters, g *gate, putRate int) *doors {
	d := &doors{links: l, stats: stats, gate: g, open: make(map[*guarded]struct{})}
	if putRate >= 0 {
		d.puts = newQuotas(float64(putRate), putBurst*putRate)
	}
	return d
}

// serve runs kad-dht's handler on s.
func (d *doors) serve(s network.Stream, handle network.StreamHandler) {
	if !d.gate.enter() {
		_ = s.Reset()
		return
	}
	defer d.gate.leave()
	g := &guarded{Stream: s, stats: d.stats, limit: maxRequest}
	if !d.enter(g) {
		_ = s.Reset()
		return
	}
	defer d.leave(g)
	handle(g)
}

func (d *doors) enter(g *guarded) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return false
	}
	d.open[g] = struct{}{}
	return true
}

func (d *doors) leave(g *guarded) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, g)
}

// close resets every stream being served, and lets none in any more.
func (d *doors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	for g := range d.open {
		_ = g.Reset()
	}
}

// request is called by kad-dht with every request before it handles it, on the
// stream's goroutine.
func (d *doors) request(ctx context.Context, s network.Stream, m *pb.Message) {
	d.links.touch(s.Conn())
	if g, ok := s.(*guarded); ok && d.cover != nil {
		g.stamp = d.cover(m)
	}
	d.stats.served.add(requestName(m.GetType()))
	switch {
	case m.GetType() != pb.Message_PUT_VALUE:
	case d.admit(ctx, s.Conn().RemotePeer()):
		d.from.note(string(m.GetKey()), addrGroupOf(s.Conn().RemoteMultiaddr()))
	default:
		d.stats.refused.add("rate")
		m.Record = nil // which kad-dht refuses
	}
}

// admit waits for p's turn to put, and reports whether it came soon enough.
func (d *doors) admit(ctx context.Context, p peer.ID) bool {
	if d.puts == nil || weak.Off(weak.PutRate) {
		return true
	}
	turn := d.puts.of(p).Reserve()
	wait := turn.Delay()
	if wait == 0 {
		return true
	}
	if wait > maxQueue {
		turn.Cancel()
		return false
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sweep forgets the quotas that are whole again.
func (d *doors) sweep(now time.Time) {
	if d.puts != nil {
		d.puts.sweep(now)
	}
}

func requestName(t pb.Message_MessageType) string {
	switch t {
	case pb.Message_FIND_NODE:
		return "find_node"
	case pb.Message_GET_VALUE:
		return "get_value"
	case pb.Message_PUT_VALUE:
		return "put_value"
	case pb.Message_PING:
		return "ping"
	}
	return "other"
}

// guarded is an incoming stream of varint-framed messages that ends at the first
// frame above the limit, before its reader learns of the length and makes room.
type guarded struct {
	network.Stream
	stats *counters
	limit uint64

	// Owned by the goroutine of the handler.
	stamp []byte // what is to be added to the next message; nil: nothing

	// Owned by the reading goroutine.
	left  uint64 // bytes of the current frame not read yet
	size  uint64 // what the current length has come to
	shift uint   // bits of it read so far
}

// Read passes on what was read up to a frame that is too large.
func (g *guarded) Read(p []byte) (int, error) {
	n, err := g.Stream.Read(p)
	g.stats.servedIn.Add(int64(n))
	for i := 0; i < n; {
		if g.left > 0 {
			step := min(g.left, uint64(n-i))
			g.left -= step
			i += int(step)
			continue
		}
		if !g.length(p[i]) {
			g.stats.oversize.Add(1)
			_ = g.Reset()
			return i, errFrameTooLarge
		}
		i++
	}
	return n, err
}

// length takes the next byte of a frame's length; false where it is too large.
func (g *guarded) length(b byte) bool {
	if g.shift > 56 {
		return false
	}
	g.size |= uint64(b&0x7f) << g.shift
	if g.size > g.limit {
		return false
	}
	g.shift += 7
	if b < 0x80 {
		g.left, g.size, g.shift = g.size, 0, 0
	}
	return true
}

// Write counts.
func (g *guarded) Write(p []byte) (int, error) {
	if g.stamp != nil {
		out := stamped(p, g.stamp)
		g.stamp = nil
		n, err := g.Stream.Write(out)
		g.stats.servedOut.Add(int64(n))
		return min(n, len(p)), err
	}
	n, err := g.Stream.Write(p)
	g.stats.servedOut.Add(int64(n))
	return n, err
}
