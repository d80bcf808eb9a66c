package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Dial returns a client of the unix socket at a path ("/x/cairn.sock" or
// "unix:x/cairn.sock"), or of an http or https URL with a token; without a token
// only what is open can be asked. It does not connect yet.
func Dial(target, token string) (*Client, error) {
	if token != "" {
		if err := checkToken(token); err != nil {
			return nil, err
		}
	}
	path, isSocket := strings.CutPrefix(target, "unix:")
	if isSocket || strings.HasPrefix(target, "/") {
		return socketClient(path), nil
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("api target %.200q: %w: want the path of a socket, or a URL such as http://127.0.0.1:8472", target, ErrInvalid)
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("api target %.200q: %w: want scheme, host and port alone", target, ErrInvalid)
	}
	c := newClient(&net.Dialer{Timeout: 5 * time.Second}, u.Scheme+"://"+u.Host, target)
	c.token = token
	return c, nil
}

// DialDir returns a client of the daemon that runs on the data directory dir: of
// its socket. Where no daemon has run it is ErrNotRunning.
func DialDir(dir string) (*Client, error) {
	e, err := ReadEndpoint(dir)
	if err != nil {
		return nil, err
	}
	if e.Socket == "" {
		return nil, fmt.Errorf("%s in %s: %w: no socket", EndpointFile, dir, ErrInvalid)
	}
	c := socketClient(e.Socket)
	c.dir = dir
	return c, nil
}

func socketClient(path string) *Client {
	return newClient(socketDialer{path}, "http://cairn", path)
}

// dialer is what a client connects with.
type dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// socketDialer goes to one socket, whatever the URL says.
type socketDialer struct{ path string }

func (d socketDialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", d.path)
}

func newClient(d dialer, base, target string) *Client {
	return &Client{base: base, target: target, http: &http.Client{
		Transport: &http.Transport{
			DialContext:            d.DialContext,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        30 * time.Second,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}
