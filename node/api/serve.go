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
	limit int64
	log   *slog.Logger
	over  func()             // counts a connection too many
	drain context.CancelFunc // ends the streams
	cut   context.CancelFunc // ends everything
	open  atomic.Int64       // connections
}

// NewServer prepares a server of a handler that Handler or SocketHandler made;
// nothing runs before Serve. Of cfg only Logger and Limits are used.
func NewServer(h http.Handler, cfg Config) *Server {
	l := cfg.Limits.withDefaults()
	s := &Server{limit: int64(l.Connections), log: cfg.Logger, over: func() {}}
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
// until ctx ends; then it cuts what is left and returns the context's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain()
	err := s.http.Shutdown(ctx)
	s.cut()
	if err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}

// cappedListener closes connections beyond the limit at once, so that the ones
// that are served stay served.
type cappedListener struct {
	net.Listener
	server *Server
}

func (l *cappedListener) Accept() (net.Conn, error) {
	s := l.server
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if s.open.Add(1) <= s.limit {
			return &countedConn{Conn: conn, done: func() { s.open.Add(-1) }}, nil
		}
		s.open.Add(-1)
		s.over()
		s.log.Debug("api: too many connections", "limit", s.limit)
		_ = conn.Close()
	}
}

// countedConn gives its place back when it closes.
type countedConn struct {
	net.Conn
	once sync.Once
	done func()
}

func (c *countedConn) Close() error {
	c.once.Do(c.done)
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
