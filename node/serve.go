package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/traces"
)

// drainLimit bounds how long Close waits for requests that are being answered.
const drainLimit = 5 * time.Second

// serveAPI opens the control socket and the TCP listener that the configuration
// asks for, and tells commands where they are.
func (n *Node) serveAPI() error {
	if !n.cfg.Socket && n.cfg.API == "" {
		return nil
	}
	cfg := api.Config{Controller: control{n}, Logger: n.log, Version: n.cfg.Version, Metrics: n.shown()}
	endpoint := api.Endpoint{PID: os.Getpid(), Peer: n.host.ID().String()}
	if n.cfg.API != "" {
		url, err := n.serveTCP(cfg)
		if err != nil {
			return err
		}
		n.apiURL, endpoint.URL = url, url
	}
	if !n.cfg.Socket {
		return nil
	}
	path, err := api.SocketPath(n.cfg.Dir)
	if err != nil {
		return err
	}
	h, err := api.SocketHandler(cfg)
	if err != nil {
		return err
	}
	l, err := api.ListenSocket(path)
	if err != nil {
		return err
	}
	n.serve(l, h, cfg)
	endpoint.Socket = path
	n.onClose(func() error { return api.RemoveEndpoint(n.cfg.Dir, endpoint.PID) })
	return api.WriteEndpoint(n.cfg.Dir, endpoint)
}

// serveTCP opens the HTTP API and returns its URL.
func (n *Node) serveTCP(cfg api.Config) (string, error) {
	cfg.Token, cfg.Hosts, cfg.Origins = n.cfg.APIToken, slices.Clone(n.cfg.APIHosts), n.cfg.APIOrigins
	if cfg.Token == "" {
		if n.cfg.Dir == "" {
			return "", fmt.Errorf("the HTTP API needs a data directory or a configured token")
		}
		token, err := api.EnsureToken(filepath.Join(n.cfg.Dir, "token"))
		if err != nil {
			return "", err
		}
		cfg.Token = token
	}
	l, err := api.Listen(api.ListenConfig{Addr: n.cfg.API, Expose: n.cfg.APIExpose, TokenConfigured: n.cfg.APIToken != ""})
	if err != nil {
		return "", err
	}
	if host, _, err := net.SplitHostPort(n.cfg.API); err == nil && n.cfg.APIExpose && host != "" {
		cfg.Hosts = append(cfg.Hosts, host)
	}
	h, err := api.Handler(cfg)
	if err != nil {
		return "", errors.Join(err, l.Close())
	}
	n.serve(l, h, cfg)
	return "http://" + dialable(l.Addr()), nil
}

// dialable is where a command on this machine reaches a listener: one on every
// address is reached over loopback.
func dialable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// serve answers on l until Close.
func (n *Node) serve(l net.Listener, h http.Handler, cfg api.Config) {
	if n.traces != nil {
		h = traces.Incoming(h)
	}
	srv := api.NewServer(h, cfg)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	n.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
		defer cancel()
		err := srv.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = nil // it has cut off whoever still held a connection
		}
		return errors.Join(err, <-done)
	})
}
