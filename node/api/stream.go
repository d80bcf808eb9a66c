package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// errStopping is the cause of a stream's end when the server shuts down.
var errStopping = errors.New("the server is stopping")

// streamMode says how a stream behaves.
type streamMode struct {
	media string
	live  bool   // each frame goes out at once, not when a buffer is full
	beat  bool   // signs of life while nothing happens; an end is a surprise
	from  uint64 // the cursor before the first frame
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

// deadline gives the client its time to take the next bytes.
func (st *stream) deadline() {
	_ = st.rc.SetWriteDeadline(time.Now().Add(st.s.limits.Write))
}

func (st *stream) flush() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.deadline()
	if err := st.rc.Flush(); err != nil {
		st.stop(err)
	}
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
		if err := st.rc.Flush(); err != nil {
			st.stop(err)
		}
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
	st.mu.Lock()
	defer st.mu.Unlock()
	st.quiet, st.last = false, f.id
	if !st.write(b) {
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

// write needs mu.
func (st *stream) write(b []byte) bool {
	st.deadline()
	if _, err := st.c.w.Write(b); err != nil {
		st.stop(err)
		return false
	}
	return true
}

// fail ends the stream with a frame that says why, so that no reader takes a
// broken stream for a whole one.
func (st *stream) fail(err error) error {
	switch {
	case st.stopping():
		err = problem("stopping", "the stream ends with it")
	case st.ctx.Err() != nil:
		return nil // the client left
	}
	p := problemOf(err, st.c.trusted)
	b, err := encode(p)
	if err != nil {
		return err
	}
	if st.mode.media == typeSSE {
		b = fmt.Appendf(nil, "event: problem\ndata: %s\n\n", b)
	} else {
		b = fmt.Appendf(nil, "{\"problem\":%s}\n", b)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.write(b)
	return nil
}

// end closes a stream whose source is exhausted. A stream that was to go on for
// ever says that it does not.
func (st *stream) end() error {
	if st.mode.beat || st.stopping() {
		return st.fail(problem("stopping", "the node ended the stream"))
	}
	return nil
}

func (st *stream) stopping() bool { return errors.Is(context.Cause(st.ctx), errStopping) }
