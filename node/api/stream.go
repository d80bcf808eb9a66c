package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

var (
	// errStopping is the cause of a stream's end when the server shuts down.
	errStopping = errors.New("the server is stopping")
	// errTooSlow is that cause when the client did not take an event in its time.
	errTooSlow = errors.New("the stream was not read in time")
)

// streamMode says how a stream behaves.
type streamMode struct {
	media string
	live  bool   // each frame goes out at once, not when a buffer is full
	beat  bool   // signs of life while nothing happens; an end is a surprise
	from  uint64 // the cursor before the first frame

	cursors bool // frames' numbers are cursors that outlive the stream
}

// frame is one piece of a stream: a line of NDJSON, or an event.
type frame struct {
	id    uint64 // the cursor
	event string // the name of a server-sent event
	data  any
}

// stream is an answer that goes on. The handler's goroutine sends, a second one
// flushes and keeps the line alive; close waits for it.
type stream struct {
	ctx  context.Context // ends with the client, the server, or the first failed write
	stop context.CancelCauseFunc
	mode streamMode
	s    *server
	c    *call
	slot chan struct{}
	rc   *http.ResponseController
	off  func() bool   // lets go of the server's drain
	wake chan struct{} // holds a token while something waits to be flushed
	done chan struct{} // closed when the second goroutine has ended

	mu    sync.Mutex // guards the response and the fields below
	last  uint64     // the last frame's cursor
	quiet bool       // nothing was sent since the last beat
}

// openStream takes a slot and sends the header, so that the client knows that it
// is being served. The caller must close the stream.
func (s *server) openStream(c *call, mode streamMode) (*stream, error) {
	slot := s.public
	if c.trusted {
		slot = s.trusted
	}
	select {
	case slot <- struct{}{}:
	default:
		return nil, problem("busy", "%d streams, which is the limit", cap(slot))
	}
	st := &stream{mode: mode, s: s, c: c, slot: slot, rc: http.NewResponseController(c.w),
		wake: make(chan struct{}, 1), done: make(chan struct{}), last: mode.from}
	st.ctx, st.stop = context.WithCancelCause(c.r.Context())
	st.off = func() bool { return true }
	if drain, ok := c.r.Context().Value(drainKey{}).(context.Context); ok {
		st.off = context.AfterFunc(drain, func() { st.stop(errStopping) })
	}
	s.metrics.streams.Inc()
	c.w.Header().Set("Content-Type", mode.media)
	st.deadline()
	c.header(http.StatusOK)
	if mode.live {
		st.wake <- struct{}{}
	}
	go st.pump()
	return st, nil
}

// close ends the stream and gives its slot back.
func (st *stream) close() {
	st.stop(nil)
	st.off()
	<-st.done
	st.s.metrics.streams.Dec()
	<-st.slot
}

// pump flushes what was sent and shows life, until the stream ends.
func (st *stream) pump() {
	defer close(st.done)
	var beats <-chan time.Time
	if st.mode.beat {
		t := time.NewTicker(st.s.limits.Heartbeat)
		defer t.Stop()
		beats = t.C
	}
	for {
		select {
		case <-st.ctx.Done():
			return
		case <-st.wake:
			st.flush()
		case <-beats:
			st.beat()
		}
	}
}

// deadline gives the client its time to take the next bytes, and as long again before
// the connection is cut: whoever wakes up meanwhile hears why the stream ends.
func (st *stream) deadline() {
	_ = st.rc.SetWriteDeadline(time.Now().Add(2 * st.s.limits.Write))
}

// timed gives the client something, and ends the stream where that fails or takes too
// long: whoever is behind comes back with the cursor, and holds no place meanwhile. It
// needs mu.
func (st *stream) timed(give func() error) bool {
	st.deadline()
	began := time.Now()
	err := give()
	if err == nil && time.Since(began) > st.s.limits.Write {
		err = errTooSlow
	}
	if err != nil {
		st.stop(err)
	}
	return err == nil
}

func (st *stream) flush() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.timed(st.rc.Flush)
}

// beat sends a sign of life where nothing else was sent since the last one.
func (st *stream) beat() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.quiet {
		st.quiet = true
		return
	}
	sign := ": heartbeat\n\n"
	if st.mode.media == typeNDJSON {
		sign = fmt.Sprintf("{\"cursor\":%d,\"heartbeat\":true}\n", st.last)
	}
	if st.write([]byte(sign)) {
		st.timed(st.rc.Flush)
	}
}

// send reports whether the frame went into the response.
func (st *stream) send(f frame) bool {
	b, err := encode(f.data)
	if err != nil {
		_ = st.fail(err)
		return false
	}
	if st.mode.media == typeSSE {
		b = fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", f.id, f.event, b)
	} else {
		b = append(b, '\n')
	}
	if !st.put(f.id, b) {
		_ = st.end()
		return false
	}
	if st.mode.live {
		select {
		case st.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// put writes a frame, unless the stream has ended.
func (st *stream) put(id uint64, b []byte) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.slow() {
		return false
	}
	st.quiet, st.last = false, id
	return st.write(b)
}

// write needs mu.
func (st *stream) write(b []byte) bool {
	return st.timed(func() error { _, err := st.c.w.Write(b); return err })
}

// fail ends the stream with a frame that says why, so that no reader takes a
// broken stream for a whole one.
func (st *stream) fail(err error) error {
	switch {
	case st.stopping():
		err = problem("stopping", "the stream ends with it")
	case st.slow():
		err = problem("too-slow", "an event waited for more than %s", st.s.limits.Write)
	case st.ctx.Err() != nil:
		return nil // the client left
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	p := *problemOf(err, st.c.trusted)
	if st.mode.cursors {
		p.Cursor = st.last
	}
	b, err := encode(&p)
	if err != nil {
		return err
	}
	if st.mode.media == typeSSE {
		b = fmt.Appendf(nil, "event: problem\ndata: %s\n\n", b)
	} else {
		b = fmt.Appendf(nil, "{\"problem\":%s}\n", b)
	}
	st.write(b)
	return nil
}

// end closes a stream whose source is exhausted. A stream that was to go on for
// ever says that it does not.
func (st *stream) end() error {
	if st.mode.beat || st.stopping() || st.slow() {
		return st.fail(problem("stopping", "the node ended the stream"))
	}
	return nil
}

// slow reports whether the client did not take an event in its time.
func (st *stream) slow() bool { return errors.Is(context.Cause(st.ctx), errTooSlow) }

func (st *stream) stopping() bool { return errors.Is(context.Cause(st.ctx), errStopping) }
