package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestConfig refuses what would leave a door open.
func TestConfig(t *testing.T) {
	node := newFakeNode()
	for what, cfg := range map[string]Config{
		"no controller":       {Token: testToken},
		"no token":            {Controller: node},
		"a short token":       {Controller: node, Token: "secret"},
		"a token with spaces": {Controller: node, Token: "correct horse battery staple"},
		"any host":            {Controller: node, Token: testToken, Hosts: []string{"*"}},
		"hosts by wildcard":   {Controller: node, Token: testToken, Hosts: []string{"*.example.com"}},
		"a URL for a host":    {Controller: node, Token: testToken, Hosts: []string{"https://example.com"}},
		"a path for a host":   {Controller: node, Token: testToken, Hosts: []string{"example.com/x"}},
		"an empty host":       {Controller: node, Token: testToken, Hosts: []string{""}},
		"any origin":          {Controller: node, Token: testToken, Origins: []string{"*"}},
		"origin null":         {Controller: node, Token: testToken, Origins: []string{"null"}},
		"an origin's path":    {Controller: node, Token: testToken, Origins: []string{"https://example.com/"}},
		"a bare origin":       {Controller: node, Token: testToken, Origins: []string{"example.com"}},
	} {
		if h, err := Handler(cfg); err == nil || h != http.Handler((*server)(nil)) && h != nil {
			t.Errorf("%s: %v %v", what, h, err)
		}
	}
	if _, err := SocketHandler(Config{Controller: node}); err != nil {
		t.Error(err)
	}
	if _, err := SocketHandler(Config{}); err == nil {
		t.Error("no controller")
	}
}

// TestConfiguredHosts may stand in the Host header, with their port or with any.
func TestConfiguredHosts(t *testing.T) {
	d := openDoor(t, newFakeNode(), func(c *Config) {
		c.Hosts = []string{"Node.Example", "proxy.example:8443", "192.0.2.7", "[2001:db8::1]"}
	})
	for host, ok := range map[string]bool{
		"node.example": true, "NODE.example:1234": true, "proxy.example:8443": true, "192.0.2.7": true, "192.0.2.7:80": true, "[2001:db8::1]": true, "[2001:db8::1]:5": true,
		"proxy.example": false, "proxy.example:443": false, "x.node.example": false, "node.example.": false, "192.0.2.8": false, "": false, "[2001:db8::2]": false, "node.example@evil.com": false,
	} {
		if got := d.raw(t, get("/healthz", host)); (got != nil && got.StatusCode == 200) != ok {
			t.Errorf("%q: %v", host, got)
		}
	}
}

// TestSocketDoor trusts its owner, welcomes any Host, and keeps every other rule.
func TestSocketDoor(t *testing.T) {
	node := newFakeNode()
	d := openSocket(t, node, func(c *Config) { c.Limits.Document = 100 })
	for text, code := range map[string]int{
		"POST /v1/stop HTTP/1.1\r\nHost: anything\r\n\r\n":                                                                    202,
		"GET /v1/peers HTTP/1.1\r\nHost: evil.com\r\nAuthorization: Bearer nonsense\r\n\r\n":                                  200,
		"GET /v1/peers HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.com\r\n\r\n":                                               403,
		"GET /v1/../healthz HTTP/1.1\r\nHost: x\r\n\r\n":                                                                      400,
		"POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}":                     415,
		"POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 101\r\n\r\n":               413,
		"POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n": 400,
	} {
		if got := d.raw(t, text); got == nil || got.StatusCode != code {
			t.Errorf("%q: %+v, want %d", text, got, code)
		}
	}
}

// TestConnectionCap closes what is too many at once, and serves those that are in.
func TestConnectionCap(t *testing.T) {
	d := openDoor(t, newFakeNode(), func(c *Config) { c.Limits.Connections = 2 })
	first, second := d.dial(t), d.dial(t)
	defer second.Close()
	ask := func(conn io.ReadWriter) error {
		_, _ = fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", d.addr)
		b := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(conn, b); err != nil || string(b) != "HTTP/1.1 200" {
			return fmt.Errorf("%q: %w", b, err)
		}
		return nil
	}
	for _, conn := range []io.ReadWriter{first, second} {
		if err := ask(conn); err != nil {
			t.Fatal(err)
		}
	}
	third := d.dial(t)
	if err := ask(third); err == nil {
		t.Error("a third connection was served")
	}
	_ = third.Close()
	_ = first.Close()
	for { // its place is free as soon as the server has seen the end
		conn := d.dial(t)
		err := ask(conn)
		_ = conn.Close()
		if err == nil {
			break
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

// TestSilentConnections do not hold up a shutdown, before it or during it.
func TestSilentConnections(t *testing.T) {
	d := openDoor(t, newFakeNode(), nil)
	var silent []net.Conn
	for range 3 {
		silent = append(silent, d.dial(t))
	}
	d.send(t, "GET", "/healthz", nil) // the server has accepted those before
	begun := time.Now()
	d.close(t)
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("shutdown took %s", took)
	}
	for _, conn := range silent {
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		_ = conn.Close()
	}
}

// TestKeepAlive: a connection serves request after request, also after bodies.
func TestKeepAlive(t *testing.T) {
	d := openDoor(t, newFakeNode(), func(c *Config) { c.Limits.Body = 50 * time.Millisecond })
	conn := d.dial(t)
	defer conn.Close()
	for i := range 5 {
		if i == 3 {
			<-time.After(100 * time.Millisecond) // a body's deadline must not outlive it
		}
		_, _ = fmt.Fprintf(conn, "POST /v1/publish HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", d.addr, testToken)
		if got := readAnswer(conn); got == nil || got.StatusCode != 200 || got.Close {
			t.Fatalf("request %d: %+v", i, got)
		}
	}
}

// TestLogs: writes are logged, the token never is.
func TestLogs(t *testing.T) {
	var log lockedBuffer
	d := openDoor(t, newFakeNode(), func(c *Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	d.send(t, "POST", "/v1/stop", nil)
	d.send(t, "POST", "/v1/stop", nil, "Authorization:", "Authorization: Bearer some-wrong-token-or-other")
	d.send(t, "GET", "/v1/status", nil)
	d.send(t, "GET", "/v1/status", nil, "Origin: https://evil.example\u202e")
	d.close(t)
	text := log.String()
	if !strings.Contains(text, `msg="api: write" method=POST path=/v1/stop code=202`) || !strings.Contains(text, "problem=unauthorized") {
		t.Error(text)
	}
	if strings.Contains(text, testToken) || strings.Contains(text, "some-wrong-token") || strings.Contains(text, "\u202e") {
		t.Error("the log says too much:", text)
	}
	if strings.Contains(text, "path=/v1/status code") {
		t.Error("reads are logged:", text)
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestMetrics shows requests and refusals, and what it was given to show; no label holds what a
// client sent.
func TestMetrics(t *testing.T) {
	own := prometheus.NewGauge(prometheus.GaugeOpts{Name: "cairn_node_peers", Help: "Connected peers."})
	own.Set(3)
	d := openDoor(t, newFakeNode(), func(c *Config) { c.Metrics = []prometheus.Collector{own} })
	d.send(t, "GET", "/v1/status", nil)
	d.send(t, "GET", "/evil%22%7D", nil)
	d.send(t, "GET", "/v1/agents/"+newAgent(t, 1).id().String(), nil)
	d.send(t, "DELETE", "/v1/status", nil)
	d.send(t, "GET", "/v1/status", nil, "Host: evil.com")
	got := d.send(t, "GET", "/metrics", nil, "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", "Accept-Encoding: gzip")
	text := string(got.body)
	if got.StatusCode != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
		t.Fatal(got.StatusCode, got.Header)
	}
	for _, want := range []string{
		"cairn_node_peers 3\n", "# HELP cairn_node_peers Connected peers.",
		`cairn_api_requests_total{code="200",route="/v1/status"} 1`, `cairn_api_requests_total{code="404",route="/v1/agents/{id}"} 1`,
		`cairn_api_refused_total{problem="host"} 1`, `cairn_api_refused_total{problem="method"} 1`, "cairn_api_streams 0\n", "cairn_api_connections_refused_total 0\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", strings.TrimSpace(want))
		}
	}
	if strings.Contains(text, "evil") || strings.Contains(text, "bafy") {
		t.Error("a client's string is in it")
	}
	for l := range strings.Lines(text) {
		if !strings.HasPrefix(l, "# ") && !strings.HasPrefix(l, "cairn_") {
			t.Errorf("not ours: %s", l)
		}
	}
}

// TestReady says what a node waits for.
func TestReady(t *testing.T) {
	node := newFakeNode()
	node.state.State = "starting"
	d := openDoor(t, node, nil)
	got := d.send(t, "GET", "/readyz", nil, "Authorization:")
	if p := got.problem(t); got.StatusCode != 503 || p.Detail != "starting: no reason given" || got.Header.Get("Retry-After") == "" {
		t.Errorf("%d %+v", got.StatusCode, p)
	}
	if got := d.send(t, "GET", "/healthz", nil, "Authorization:"); got.StatusCode != 200 {
		t.Error(got.StatusCode)
	}
}

// TestNoFiles: nothing that a client sends names a file; the API's folder is its own.
func TestNoFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	d := openDoor(t, newFakeNode(), nil)
	for _, path := range []string{"/v1/publish?agent=x", "/v1/publish-all"} {
		d.send(t, "POST", path, strings.NewReader(`["/etc/passwd"]`), "Content-Type: application/json")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}
