package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/internal/porter"
)

const (
	// livePath begins the paths that need the key.
	livePath = "/live/"
	// maxBody bounds what the page sends, in bytes.
	maxBody = 16 << 10
	// actionLimit bounds what the page asks for.
	actionLimit = time.Minute
	// headerLimit bounds the time to send a request's header, and that for its body;
	// idleLimit the time between two requests.
	headerLimit = 5 * time.Second
	idleLimit   = time.Minute
	// drainLimit bounds how long Close waits for answers that are under way.
	drainLimit = 3 * time.Second
)

// ErrAddr: the page is not served where others can reach it.
var ErrAddr = errors.New("the page is for this machine alone")

// Config says what is shown, and where. View is required.
type Config struct {
	// Addr is where to listen: a loopback address, or localhost, and a port; port 0 is a
	// free one. Anything else is ErrAddr.
	Addr string
	// View is what there is to see; one that is [Breakable] gets buttons for it.
	View View
	// Board hears of facts; nil: none are shown.
	Board *Board
	// Logger gets what is refused (debug) and what is done (info); nil discards.
	Logger *slog.Logger
}

// Server serves the page until Close.
type Server struct {
	view   View
	breaks Breakable // nil where nothing may be broken
	board  *Board
	log    *slog.Logger
	token  string
	key    porter.Key
	checks []check
	mux    *http.ServeMux
	hub    *hub
	url    string
	http   *http.Server
	cancel context.CancelFunc
	work   sync.WaitGroup
	served chan error
}

// Open listens and serves. On error nothing is left running.
func Open(cfg Config) (*Server, error) {
	l, err := listen(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s, err := newServer(cfg, allChecks())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("web: %w", err), l.Close())
	}
	s.start(l)
	return s, nil
}

// CheckAddr returns why the page would not listen at an address, whether or not that is taken.
func CheckAddr(addr string) error {
	_, err := own(addr)
	return err
}

// own is a loopback address in its plain form.
func own(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("address %.100q: want 127.0.0.1:PORT", addr)
	}
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1" // whatever the hosts file says
	}
	if !porter.Loopback(host) {
		return "", fmt.Errorf("address %.100q: %w: listen on 127.0.0.1, and reach it from elsewhere through ssh -L", addr, ErrAddr)
	}
	return net.JoinHostPort(host, port), nil
}

// listen opens a loopback address.
func listen(addr string) (net.Listener, error) {
	at, err := own(addr)
	if err != nil {
		return nil, err
	}
	return net.Listen("tcp", at)
}

// newServer prepares a server; nothing runs yet.
func newServer(cfg Config, checks []check) (*Server, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	s := &Server{view: cfg.View, board: cfg.Board, log: cfg.Logger, checks: checks, served: make(chan error, 1)}
	s.token = base64.RawURLEncoding.EncodeToString(secret)
	s.key = porter.KeyOf(s.token)
	s.breaks, _ = cfg.View.(Breakable)
	if s.board == nil {
		s.board = new(Board)
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	about := s.view.About()
	about.Breaks = s.breaks != nil
	s.hub = newHub(about, s.view, s.board)
	s.mux = s.routes()
	return s, nil
}

// start serves on l, which is the server's from then on.
func (s *Server) start(l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.url = "http://" + l.Addr().String()
	s.http = &http.Server{
		Handler: s, ReadHeaderTimeout: headerLimit, IdleTimeout: idleLimit, MaxHeaderBytes: maxBody,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.work.Go(func() { s.hub.run(ctx) })
	go func() { s.served <- s.http.Serve(l) }()
}

// URL is where the page is, with the key in the part that browsers keep to themselves.
// Whoever has it may do everything that the page can.
func (s *Server) URL() string { return s.url + "/#" + s.token }

// Close ends all streams, waits for answers that are under way, and stops listening.
func (s *Server) Close() error {
	s.cancel()
	s.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// ServeHTTP lets a request through the checks to its route.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	safety(w.Header())
	for _, c := range s.checks {
		if status, reason := c.pass(s, r); status != 0 {
			s.log.Debug("page: refused", "check", c.name, "method", r.Method, "path", r.URL.Path, "host", r.Host, "origin", r.Header.Get("Origin"))
			refuse(w, status, reason)
			return
		}
	}
	s.mux.ServeHTTP(w, r)
}
