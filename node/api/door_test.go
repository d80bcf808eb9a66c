package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const testToken = "correct-horse-battery-staple"

// patience is how long a test waits for what must come.
const patience = time.Minute

// door is a running API on a real listener.
type door struct {
	node   *fakeNode
	api    *server
	spec   *spec
	server *Server
	addr   string // host:port, or the socket's path
	url    string
	served chan error
}

// openDoor serves the API on TCP as in earnest, except for the defences in off.
// Every answer is held against openapi.json.
func openDoor(t testing.TB, node *fakeNode, change func(*Config), off ...string) *door {
	t.Helper()
	cfg := Config{Controller: node, Token: testToken, Origins: []string{"https://console.example"}}
	if change != nil {
		change(&cfg)
	}
	defences := slices.DeleteFunc(allDefences(), func(d defence) bool { return slices.Contains(off, d.name) })
	s := must(newServer(cfg, defences, false))(t)
	l := must(Listen(ListenConfig{Addr: "127.0.0.1:0"}))(t)
	d := serveDoor(t, node, s, cfg, l)
	d.url = "http://" + d.addr
	return d
}

// openSocket serves the API on a unix socket.
func openSocket(t testing.TB, node *fakeNode, change func(*Config)) *door {
	t.Helper()
	cfg := Config{Controller: node}
	if change != nil {
		change(&cfg)
	}
	s := must(newServer(cfg, allDefences(), true))(t)
	l := must(ListenSocket(filepath.Join(t.TempDir(), "s")))(t)
	return serveDoor(t, node, s, cfg, l)
}

func serveDoor(t testing.TB, node *fakeNode, s *server, cfg Config, l net.Listener) *door {
	d := &door{node: node, api: s, spec: loadSpec(t), server: NewServer(s, cfg), addr: l.Addr().String(), served: make(chan error, 1)}
	go func() { d.served <- d.server.Serve(l) }()
	t.Cleanup(func() { d.close(t) })
	return d
}

// close shuts down; twice is fine.
func (d *door) close(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.server.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	select {
	case err := <-d.served:
		d.served <- err
		if err != nil {
			t.Errorf("serve: %v", err)
		}
	case <-ctx.Done():
		t.Error("serve did not return")
	}
}

// client dials the door with the token.
func (d *door) client(t testing.TB) *Client {
	t.Helper()
	target, token := d.url, testToken
	if target == "" {
		target, token = d.addr, ""
	}
	c := must(Dial(target, token))(t)
	t.Cleanup(func() { _ = c.Close() })
	c.http.Transport = &holding{t, d, c.http.Transport.(*http.Transport)}
	return c
}

// send makes a request with the token; headers come as "Name: value" and replace
// what is there, "Name:" takes it away.
func (d *door) send(t testing.TB, method, path string, body io.Reader, headers ...string) *answer {
	t.Helper()
	req := must(http.NewRequest(method, d.url+path, body))(t)
	req.Header.Set("Authorization", "Bearer "+testToken)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		switch value = strings.TrimSpace(value); {
		case name == "Host":
			req.Host = value
		case value == "":
			req.Header.Del(name)
		default:
			req.Header.Add(name, value)
		}
	}
	tr := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	defer tr.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	resp, err := (&holding{t, d, tr}).RoundTrip(req.WithContext(ctx))
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b := must(io.ReadAll(resp.Body))(t)
	return &answer{resp, b}
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body []byte
}

func (a *answer) media() string { return mediaType(a.Header.Get("Content-Type")) }

// problem reads the body as problem details.
func (a *answer) problem(t testing.TB) *Problem {
	t.Helper()
	var p *Problem
	if err := parseProblem(a.body); !errors.As(err, &p) || a.media() != typeProblem {
		t.Fatalf("%d %s is no problem: %s", a.StatusCode, a.media(), a.body)
	}
	if p.Status != a.StatusCode {
		t.Errorf("problem status %d in an answer %d", p.Status, a.StatusCode)
	}
	return p
}

// raw sends bytes as they are and reads one response, or nil where the
// connection ends without one.
func (d *door) raw(t testing.TB, text string) *answer {
	t.Helper()
	conn := d.dial(t)
	defer conn.Close()
	_, port, _ := net.SplitHostPort(d.addr)
	if _, err := io.WriteString(conn, strings.NewReplacer("ADDR", d.addr, "PORT", port).Replace(text)); err != nil {
		t.Fatal(err)
	}
	return readAnswer(conn)
}

func (d *door) dial(t testing.TB) net.Conn {
	t.Helper()
	network := "tcp"
	if d.url == "" {
		network = "unix"
	}
	conn := must(net.Dial(network, d.addr))(t)
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func readAnswer(conn net.Conn) *answer {
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil
	}
	return &answer{resp, b}
}

// wait fails the test where nothing comes.
func wait[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

// holding is a transport that holds every answer against openapi.json.
type holding struct {
	t    testing.TB
	door *door
	*http.Transport
}

func (h *holding) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := h.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	c := &call{w: nullWriter{http.Header{}}, r: req}
	if checkPath(h.door.api, c) == nil && checkRoute(h.door.api, c) == nil {
		resp.Body = &heldBody{resp.Body, bytes.Buffer{}, func(b []byte) {
			if err := h.door.spec.holds(c.route, resp, b); err != nil {
				h.t.Errorf("%s %s: %v", req.Method, c.route.pattern, err)
			}
		}}
	}
	return resp, nil
}

// heldBody judges what was read of it when it is closed.
type heldBody struct {
	io.ReadCloser
	read  bytes.Buffer
	judge func([]byte)
}

func (b *heldBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	return n, err
}

func (b *heldBody) Close() error {
	if b.judge != nil {
		b.judge(b.read.Bytes())
		b.judge = nil
	}
	return b.ReadCloser.Close()
}

// nullWriter is a response that goes nowhere but for its status code.
type nullWriter struct{ header http.Header }

func (w nullWriter) Header() http.Header         { return w.header }
func (w nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w nullWriter) WriteHeader(code int)        { w.header.Set("Code", http.StatusText(code)) }

// listener reads a stream as it comes.
type listener struct {
	t    testing.TB
	resp *http.Response
	in   *bufio.Reader
	stop context.CancelFunc
}

// listen opens a stream with the token; it must be answered with 200.
func (d *door) listen(t testing.TB, path string, headers ...string) *listener {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	target := d.url
	if target == "" {
		target = "http://cairn"
	}
	req := must(http.NewRequestWithContext(ctx, "GET", target+path, nil))(t)
	req.Header.Set("Authorization", "Bearer "+testToken)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := (&holding{t, d, tr}).RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v %v", path, resp, err)
	}
	return &listener{t, resp, bufio.NewReader(resp.Body), cancel}
}

// until reads to the next line that begins so.
func (l *listener) until(prefix string) string {
	l.t.Helper()
	for {
		s, err := l.in.ReadString('\n')
		if err != nil {
			l.t.Fatalf("%q did not come: %v", prefix, err)
		}
		if strings.HasPrefix(s, prefix) {
			return strings.TrimSuffix(s, "\n")
		}
	}
}

func (l *listener) close() {
	_ = l.resp.Body.Close()
	l.stop()
}
