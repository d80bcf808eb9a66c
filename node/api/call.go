package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// call is one request on its way through the server.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	route   *route // set by the defence "route"
	segment string // what stands for {id} in the path
	trusted bool   // came with the token, or through the owner's socket
	params  url.Values
	reader  io.Reader // what the body is read from: r.Body within its limit
	body    []byte
	values  []string // of headers; see setHeader
	code    int      // the status code that was sent; 0 is none yet
}

// agent reads the ID in the path.
func (c *call) agent() (records.AgentID, error) { return records.ParseAgentID(c.segment) }

// header sends the status line and headers.
func (c *call) header(code int) {
	c.code = code
	c.w.WriteHeader(code)
}

// context bounds the work on a request that is no stream.
func (s *server) context(c *call) (context.Context, context.CancelFunc) {
	ctx := &allowance{Context: c.r.Context(), limit: s.limits.Request}
	return ctx, ctx.end
}

// refuse answers a request that a defence stopped. What is left of its body is
// not waited for: the connection closes after the answer.
func (s *server) refuse(c *call, p *Problem) {
	s.metrics.refused.WithLabelValues(p.Name()).Inc()
	s.log.LogAttrs(c.r.Context(), slog.LevelDebug, "api: refused", slog.String("problem", p.Name()),
		slog.String("method", c.r.Method), slog.String("path", c.r.URL.Path), slog.String("host", c.r.Host),
		slog.String("origin", c.r.Header.Get("Origin")), slog.String("remote", c.r.RemoteAddr))
	if c.r.ContentLength != 0 {
		s.readDeadline(c, linger)
		hangUpGently(c.w)
	}
	s.sendProblem(c, p)
}

// hangUpGently makes net/http close the connection after the answer in two steps,
// so that a client that is still sending reads the answer before it is cut off.
// net/http does so by itself only where a MaxBytesReader hit its limit; this one
// hits it on bytes of our own, and the client's stay unread.
func hangUpGently(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	_, _ = http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
}

// fail answers with what went wrong in a handler.
func (s *server) fail(c *call, err error) {
	if c.code != 0 || c.r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return
	}
	p := problemOf(err, c.trusted)
	if p.Status == http.StatusInternalServerError {
		s.log.LogAttrs(c.r.Context(), slog.LevelError, "api: fault", slog.String("method", c.r.Method),
			slog.String("route", c.route.pattern), slog.String("error", err.Error()))
	}
	s.sendProblem(c, p)
}

// finish counts the request, and turns a panic of the node's into an answer.
func (s *server) finish(c *call) {
	if fault := recover(); fault != nil {
		if fault == http.ErrAbortHandler {
			panic(fault)
		}
		s.log.LogAttrs(c.r.Context(), slog.LevelError, "api: panic", slog.Any("panic", fault), slog.String("stack", string(debug.Stack())))
		if c.code != 0 {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
		s.sendProblem(c, problem("internal", "the node's log has the reason"))
	}
	pattern := "none"
	if c.route != nil {
		pattern = c.route.pattern
	}
	if c.route != nil && c.code == http.StatusOK {
		c.route.ok.Inc()
	} else {
		s.metrics.count(pattern, c.code)
	}
	if c.route != nil && !c.route.safe() {
		s.log.LogAttrs(c.r.Context(), slog.LevelInfo, "api: write", slog.String("method", c.r.Method),
			slog.String("path", c.r.URL.Path), slog.Int("code", c.code))
	}
}

// readDeadline bounds the time to read the rest of the request.
func (s *server) readDeadline(c *call, d time.Duration) {
	// A writer without deadlines, as in a test, has no slow client either.
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Now().Add(d))
}
