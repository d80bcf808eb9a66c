package overlay

import (
	"bufio"
	"context"
	"io"
	"sync"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
)

const (
	maxIdleStreams = 4                // kept per peer
	streamIdle     = 45 * time.Second // servers reset a stream after a minute without a request
	readBuffer     = 512              // bytes per stream: what is larger is read in one piece
)

// stream is an outgoing stream, used by one request at a time.
type stream struct {
	raw  network.Stream
	rw   io.ReadWriter // raw, with the protocol's name before the first write
	r    *bufio.Reader
	used time.Time // owned by the pool while idle
}

// openStream opens a stream on c. The protocol is proposed with the first write
// and confirmed with the first read: no round trip of its own. A peer that does
// not speak it thus fails the first request.
func openStream(ctx context.Context, c network.Conn, id protocol.ID) (*stream, error) {
	raw, err := c.NewStream(network.WithAllowLimitedConn(ctx, "cairn")) // frames are small enough for a relay
	if err != nil {
		return nil, err
	}
	if err := raw.SetProtocol(id); err != nil {
		_ = raw.Reset()
		return nil, err
	}
	rw := multistream.NewMSSelect(raw, id)
	return &stream{raw: raw, rw: rw, r: bufio.NewReaderSize(rw, readBuffer)}, nil
}

// exchange sends one frame and reads one message. After an error, the end of ctx
// included, the stream is reset and of no further use.
func (s *stream) exchange(ctx context.Context, frame []byte) (m *pb.Message, n int, err error) {
	stop := context.AfterFunc(ctx, func() { _ = s.raw.Reset() })
	defer func() {
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = s.raw.Reset()
		}
	}()
	if _, err = s.rw.Write(frame); err != nil {
		return nil, 0, err
	}
	return readFrame(s.r, maxReply)
}

// pool keeps idle streams, a few per peer.
type pool struct {
	mu     sync.Mutex
	idle   map[peer.ID][]*stream
	closed bool
}

// take returns an idle stream to p whose connection is open, or nil.
func (l *pool) take(p peer.ID) *stream {
	var stale []*stream
	defer func() {
		for _, s := range stale {
			_ = s.raw.Close()
		}
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	for all := l.idle[p]; len(all) > 0; {
		s := all[len(all)-1]
		all = all[:len(all)-1]
		l.keep(p, all)
		if !s.raw.Conn().IsClosed() && time.Since(s.used) < streamIdle {
			return s
		}
		stale = append(stale, s)
	}
	return nil
}

// keep sets the idle streams of p. The caller holds the lock.
func (l *pool) keep(p peer.ID, all []*stream) {
	if len(all) == 0 {
		delete(l.idle, p)
		return
	}
	if l.idle == nil {
		l.idle = make(map[peer.ID][]*stream)
	}
	l.idle[p] = all
}

// give takes back a stream after a complete exchange. One on which the peer said
// more than it was asked is not used again.
func (l *pool) give(p peer.ID, s *stream) {
	s.used = time.Now()
	l.mu.Lock()
	if full := l.closed || len(l.idle[p]) >= maxIdleStreams; !full && s.r.Buffered() == 0 {
		l.keep(p, append(l.idle[p], s))
		s = nil
	}
	l.mu.Unlock()
	if s != nil {
		_ = s.raw.Close()
	}
}

// drop closes the idle streams that unwanted accepts: old ones, or one peer's.
func (l *pool) drop(unwanted func(peer.ID, *stream) bool) {
	var out []*stream
	l.mu.Lock()
	for p, all := range l.idle {
		var kept []*stream
		for _, s := range all {
			if unwanted(p, s) {
				out = append(out, s)
			} else {
				kept = append(kept, s)
			}
		}
		l.keep(p, kept)
	}
	l.mu.Unlock()
	for _, s := range out {
		_ = s.raw.Close()
	}
}

// close closes all idle streams and keeps none from now on.
func (l *pool) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.drop(func(peer.ID, *stream) bool { return true })
}

// count returns the number of idle streams.
func (l *pool) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, all := range l.idle {
		n += len(all)
	}
	return n
}
