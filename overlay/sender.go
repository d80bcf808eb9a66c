package overlay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
)

// What a request can end in, where not in an answer. Each also names a counter.
var (
	errDial        = errors.New("dial")        // no connection
	errTimeout     = errors.New("timeout")     // no answer within RequestTimeout
	errReset       = errors.New("reset")       // the peer ended the stream, as it does to refuse
	errUnsupported = errors.New("unsupported") // the peer serves no DHT
	errGarbled     = errors.New("garbled")     // no message, or one too large
	errCancelled   = errors.New("cancelled")   // given up here
)

// answer is what a request brought.
type answer struct {
	msg *pb.Message
	rtt time.Duration // of the exchange, without a dial
}

// sender sends requests and waits for their answers, each for RequestTimeout at
// most. kad-dht's own checks run over it too.
type sender struct {
	links   *links
	id      protocol.ID
	timeout time.Duration
	trips   *roundTrips
	stats   *counters
	pool    pool
	shuns   shuns
	flights flights

	ctx    context.Context // ends with close
	cancel context.CancelFunc
	mu     sync.Mutex // guards closed against wg
	closed bool
	wg     sync.WaitGroup // requests in the air
}

func newSender(l *links, id protocol.ID, timeout time.Duration, trips *roundTrips, stats *counters) *sender {
	s := &sender{links: l, id: id, timeout: timeout, trips: trips, stats: stats}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// close ends every request, closes every stream, and waits.
func (s *sender) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	s.pool.close()
}

// begin bounds a request by time and by the sender's life.
func (s *sender) begin(ctx context.Context) (context.Context, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, ErrClosed
	}
	s.wg.Add(1)
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel(); s.wg.Done() }, nil
}

// ask sends m to p and waits for the answer. An error is one of this file's, with
// the detail.
func (s *sender) ask(ctx context.Context, p peer.ID, m *pb.Message) (a answer, err error) {
	frame, err := encodeFrame(m)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", errGarbled, err)
	}
	inner, end, err := s.begin(ctx)
	if err != nil {
		return answer{}, err
	}
	defer end()
	if m.GetType() == pb.Message_FIND_NODE || m.GetType() == pb.Message_GET_VALUE {
		defer func(land func(answer, error)) { land(a, err) }(s.flights.start(p))
	}
	s.stats.requests.Add(1)
	start, warm := time.Now(), s.links.connected(p)
	if a, err = s.try(inner, p, frame); err != nil {
		err = s.classify(ctx, inner, p, err)
		return answer{}, fmt.Errorf("ask %s: %w", p, err)
	}
	if !warm {
		s.trips.addCold(time.Since(start))
	}
	if m.GetType() != pb.Message_PUT_VALUE { // which waits for the peer's disk
		s.trips.add(p, a.rtt)
	}
	return a, nil
}

// try uses an idle stream where there is one. Its failure says nothing of the
// peer, which may have closed it long ago: then a fresh one decides. Nor does that of a
// connection that was there before and that the peer closes just now, as everybody does
// with those that nobody needed for a while: it is dialled once more.
func (s *sender) try(ctx context.Context, p peer.ID, frame []byte) (answer, error) {
	if old := s.pool.take(p); old != nil {
		if a, err := s.exchange(ctx, p, old, frame); err == nil || ctx.Err() != nil {
			return a, err
		}
	}
	start := time.Now()
	for {
		c, err := s.dial(ctx, p)
		if err != nil {
			return answer{}, fmt.Errorf("%w: %w", errDial, err)
		}
		a, err := s.tryOn(ctx, c, p, frame)
		if err == nil || ctx.Err() != nil || !c.IsClosed() || !c.Stat().Opened.Before(start) {
			return a, err
		}
	}
}

// tryOn asks over a connection, on a stream of its own.
func (s *sender) tryOn(ctx context.Context, c network.Conn, p peer.ID, frame []byte) (answer, error) {
	st, err := openStream(ctx, c, s.id)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", errDial, err)
	}
	return s.exchange(ctx, p, st, frame)
}

// dial returns a connection to p, and remembers whom it did not reach.
func (s *sender) dial(ctx context.Context, p peer.ID) (network.Conn, error) {
	c, err := s.links.conn(ctx, p)
	switch {
	case err == nil:
		s.shuns.clear(p)
	case !errors.Is(context.Cause(ctx), context.Canceled):
		s.shuns.add(p)
	}
	return c, err
}

func (s *sender) exchange(ctx context.Context, p peer.ID, st *stream, frame []byte) (answer, error) {
	s.links.touch(st.raw.Conn())
	start := time.Now()
	s.stats.sent.Add(int64(len(frame)))
	m, n, err := st.exchange(ctx, frame)
	s.stats.received.Add(int64(n))
	if err != nil {
		if st.raw.Conn().IsClosed() {
			err = fmt.Errorf("%w: %w", errDial, err) // the connection is gone, not only the stream
		}
		return answer{}, err
	}
	s.pool.give(p, st)
	return answer{msg: m, rtt: time.Since(start)}, nil
}

// classify wraps err in the one cause that fits, and counts it. outer is the
// caller's context, inner the request's.
func (s *sender) classify(outer, inner context.Context, p peer.ID, err error) error {
	cause := errReset
	switch {
	case s.ctx.Err() != nil || errors.Is(context.Cause(outer), ErrClosed):
		cause = ErrClosed
	case outer.Err() != nil:
		cause, err = errCancelled, context.Cause(outer)
	case errors.Is(err, errDial), errors.Is(err, network.ErrNoConn):
		cause = errDial
	case inner.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		cause = errTimeout
	case errors.Is(err, errGarbled), errors.Is(err, errFrameTooLarge):
		cause = errGarbled
	case s.unsupported(p, err):
		cause = errUnsupported
	}
	name := cause.Error()
	if cause == ErrClosed {
		name = "closed"
	}
	s.stats.failures.add(name)
	if errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// unsupported reports whether p serves no DHT. Its word for that is lost when it
// resets the stream after it; then what it told by identify decides, where known.
func (s *sender) unsupported(p peer.ID, err error) bool {
	var no multistream.ErrNotSupported[protocol.ID]
	if errors.As(err, &no) {
		return true
	}
	book := s.links.host.Peerstore()
	all, err := book.GetProtocols(p)
	if err != nil || len(all) == 0 {
		return false
	}
	known, err := book.SupportsProtocols(p, s.id)
	return err == nil && len(known) == 0
}

// sweep closes streams that were idle for too long at now.
func (s *sender) sweep(now time.Time) {
	s.pool.drop(func(_ peer.ID, st *stream) bool { return now.Sub(st.used) >= streamIdle })
	s.shuns.sweep(now)
}

// SendRequest is kad-dht's way to ask: its messenger checks by it whether a peer
// that has connected answers. Where a question of our own is in the air to that
// peer, its answer tells.
func (s *sender) SendRequest(ctx context.Context, p peer.ID, m *pb.Message) (*pb.Message, error) {
	if m.GetType() == pb.Message_FIND_NODE {
		if a, ok := s.flights.join(ctx, p); ok {
			return a.msg, nil
		}
	}
	a, err := s.ask(ctx, p, m)
	return a.msg, err
}

// SendMessage is kad-dht's way to tell without an answer. Only provider records,
// which are off, go that way.
func (s *sender) SendMessage(context.Context, peer.ID, *pb.Message) error {
	return errors.ErrUnsupported
}

// OnDisconnect forgets the idle streams to p, unless a connection is left.
func (s *sender) OnDisconnect(_ context.Context, p peer.ID) {
	s.pool.drop(func(q peer.ID, st *stream) bool { return q == p && st.raw.Conn().IsClosed() })
}
