package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// drainKey finds, in a request's context, the context that ends when the server
// begins to shut down.
type drainKey struct{}

// Server runs one handler with the limits that fit it. It may serve several
// listeners.
type Server struct {
	http  *http.Server
	limit int
	log   *slog.Logger
	over  func()             // counts a connection too many
	drain context.CancelFunc // ends the streams
	cut   context.CancelFunc // ends everything

	mu    sync.Mutex // guards the fields below
	conns map[*countedConn]bool
	down  bool // Shutdown has begun
}

// NewServer prepares a server of a handler that Handler or SocketHandler made;
// nothing runs before Serve. Of cfg only Logger and Limits are used.
func NewServer(h http.Handler, cfg Config) *Server {
	l := cfg.Limits.withDefaults()
	s := &Server{limit: l.Connections, conns: map[*countedConn]bool{}, log: cfg.Logger, over: func() {}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if own, ok := h.(*server); ok {
		s.over = own.metrics.overflow.Inc
	}
	base, cut := context.WithCancel(context.Background())
	drained, drain := context.WithCancel(base)
	s.cut, s.drain = cut, drain
	base = context.WithValue(base, drainKey{}, drained)
	plain := new(http.Protocols)
	plain.SetHTTP1(true)
	s.http = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: l.Header,
		// The body's time is set per route once its header is known, and the time
		// of a stream with each frame.
		WriteTimeout:                 l.Request + l.Write,
		IdleTimeout:                  l.Idle,
		MaxHeaderBytes:               l.HeaderBytes,
		Protocols:                    plain,
		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return base },
		ConnState:                    noteActive,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve answers on l until Shutdown, then returns nil; any other end is an error.
// It closes l.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(&cappedListener{Listener: l, server: s}); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown stops accepting, ends the streams, and waits for the other requests
// until ctx ends; then it cuts what is left and returns the context's error. Who
// has a connection and never said anything on it is not waited for.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain()
	s.closeSilent()
	err := s.http.Shutdown(ctx)
	s.cut()
	if err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}

// closeSilent closes the connections on which no request has begun, now and from
// now on: http.Server would wait five seconds for each.
func (s *Server) closeSilent() {
	s.mu.Lock()
	s.down = true
	var silent []*countedConn
	for c := range s.conns {
		if !c.active.Load() {
			silent = append(silent, c)
		}
	}
	s.mu.Unlock()
	for _, c := range silent {
		_ = c.Close()
	}
}

// enter takes a place for a connection; nil is none left.
func (s *Server) enter(conn net.Conn) *countedConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || len(s.conns) >= s.limit {
		return nil
	}
	c := &countedConn{Conn: conn, server: s}
	s.conns[c] = true
	return c
}

func (s *Server) leave(c *countedConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// noteActive marks a connection on which a request has begun.
func noteActive(conn net.Conn, state http.ConnState) {
	if c, ok := conn.(*countedConn); ok && state == http.StateActive && !c.active.Load() {
		c.active.Store(true)
	}
}

// cappedListener closes connections beyond the limit at once, so that the ones
// that are served stay served.
type cappedListener struct {
	net.Listener
	server *Server
}

func (l *cappedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.server.enter(conn); c != nil {
			return c, nil
		}
		l.server.over()
		l.server.log.Debug("api: too many connections", "limit", l.server.limit)
		_ = conn.Close()
	}
}

// countedConn gives its place back when it closes.
type countedConn struct {
	net.Conn
	server *Server
	active atomic.Bool // a request has begun on it
}

func (c *countedConn) Close() error {
	c.server.leave(c)
	return c.Conn.Close()
}

// CloseWrite lets the server half-close, so that a refused client can still read
// its refusal.
func (c *countedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
