package api

import (
	"fmt"
	"net"
	"strings"

	"github.com/cairn-overlay/cairn/internal/porter"
)

// ListenConfig says where the API listens on TCP.
type ListenConfig struct {
	// Addr is host:port; host is an IP address or localhost (always 127.0.0.1).
	// An empty host, or a name, counts as open to others.
	Addr string
	// Expose allows an address that others can reach.
	Expose bool
	// TokenConfigured says that somebody chose the token: one that EnsureToken
	// made by itself does not count.
	TokenConfigured bool
}

// Listen opens the TCP listener, or says ErrExposed where the address is not a
// loopback address and Expose or TokenConfigured is missing.
func Listen(cfg ListenConfig) (net.Listener, error) {
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("api address %.200q: %w: want host:port", cfg.Addr, ErrInvalid)
	}
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1" // whatever the hosts file says
	}
	if !porter.Loopback(host) {
		switch {
		case !cfg.Expose:
			return nil, fmt.Errorf("%w: %s can be reached by others; use 127.0.0.1, or allow it (expose) and configure a token of your own", ErrExposed, cfg.Addr)
		case !cfg.TokenConfigured:
			return nil, fmt.Errorf("%w: %s can be reached by others; configure a token of your own first (one made by itself does not count)", ErrExposed, cfg.Addr)
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return l, nil
}
