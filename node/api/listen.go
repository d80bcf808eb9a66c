package api

import (
	"errors"
	"net"
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
func Listen(cfg ListenConfig) (net.Listener, error) { return nil, errors.ErrUnsupported }

// ListenSocket opens the unix socket at path with mode 0600, from its first
// moment on. The socket that a killed daemon left is replaced; where one still
// answers it is ErrRunning; what is no socket stays and is an error. Close
// removes the socket.
func ListenSocket(path string) (net.Listener, error) { return nil, errors.ErrUnsupported }
