package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
)

// Config is what a handler and its server need. Controller is required, and
// Token too where the handler is not behind a unix socket.
type Config struct {
	// Controller is the node.
	Controller Controller
	// Token opens writes and everything that is not public, at least MinToken bytes.
	Token string
	// Hosts are further names that may stand in a Host header, with or without a
	// port; the loopback names with the listener's own port always may.
	Hosts []string
	// Origins are the web origins, such as "https://console.example", whose pages
	// may read what is open. None by default.
	Origins []string
	// Logger gets refusals (debug), writes (info) and faults (error); none is silence.
	Logger *slog.Logger
	// Version is shown as the version of the API description.
	Version string
	// Limits bound what a client can make the server do; zero fields are defaults.
	Limits Limits
}

// Handler serves the API on a TCP listener: Host and Origin are checked, and
// what is not public needs the token.
func Handler(cfg Config) (http.Handler, error) { return nil, errors.ErrUnsupported }

// SocketHandler serves the API on a unix socket that only its owner can open: no
// token is asked for and any Host is welcome; every other limit holds.
func SocketHandler(cfg Config) (http.Handler, error) { return nil, errors.ErrUnsupported }

// Server runs one handler on a listener with the limits that fit it.
type Server struct{}

// NewServer prepares a server; nothing runs before Serve. Of cfg only Logger and
// Limits are used.
func NewServer(h http.Handler, cfg Config) *Server { return &Server{} }

// Serve answers on l until Shutdown, then returns nil; any other end is an error.
// It closes l.
func (s *Server) Serve(l net.Listener) error { return errors.ErrUnsupported }

// Shutdown stops accepting, ends the streams, and waits for the other requests
// until ctx ends; then it cuts what is left and returns the context's error.
func (s *Server) Shutdown(ctx context.Context) error { return errors.ErrUnsupported }
