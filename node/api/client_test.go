package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-overlay/cairn/records"
)

// doors runs a test through both doors.
func doors(t *testing.T, test func(t *testing.T, node *fakeNode, c *Client)) {
	t.Run("tcp", func(t *testing.T) {
		node := newFakeNode()
		test(t, node, openDoor(t, node, nil).client(t))
	})
	t.Run("socket", func(t *testing.T) {
		node := newFakeNode()
		test(t, node, openSocket(t, node, nil).client(t))
	})
}

// TestClientResolve mirrors the node: no standing of an agent is an error, and
// what is signed comes back verified.
func TestClientResolve(t *testing.T) {
	doors(t, func(t *testing.T, node *fakeNode, c *Client) {
		a := newAgent(t, 1)
		rec, dead := a.record(t, 3), a.tombstone(t)
		for _, want := range []Resolution{
			{Status: records.StatusActive, Source: "cache", AgeMS: 5, Confirmations: 2, ElapsedMS: 1.5, Record: rec, Path: []Hop{{Peer: "p", Distance: 3, Answer: "record", RTTMS: 2}}},
			{Status: records.StatusStale, Source: "dht", Record: rec},
			{Status: records.StatusExpired, Source: "dht", Reason: "not renewed", Record: rec},
			{Status: records.StatusUnverified, Source: "dht", Reason: "facts are old", Record: rec},
			{Status: records.StatusUnknown, Source: "dht"},
			{Status: records.StatusConflict, Source: "gossip"},
			{Status: records.StatusRevoked, Source: "gossip", Tombstone: dead},
		} {
			want.ID = a.id()
			node.set(func(f *fakeNode) { f.answers[a.id()] = want })
			got, err := c.Resolve(t.Context(), a.id(), Policy{Mode: Quorum, Quorum: 3})
			if err != nil {
				t.Fatalf("%s: %v", want.Status, err)
			}
			want = complete(want)
			if diff := cmp.Diff(shown(t, want), shown(t, got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", want.Status, diff)
			}
			if (got.Record != nil) != (want.Record != nil) || got.Record != nil && !bytes.Equal(got.Record.Bytes(), rec.Bytes()) {
				t.Errorf("%s: record %v", want.Status, got.Record)
			}
			if (got.Tombstone != nil) != (want.Tombstone != nil) {
				t.Errorf("%s: tombstone %v", want.Status, got.Tombstone)
			}
		}
		if p := node.policies[0]; p != (Policy{Mode: Quorum, Quorum: 3}) {
			t.Errorf("%+v", p)
		}
		node.set(func(f *fakeNode) { f.errs["Resolve"] = ErrNotReady })
		if _, err := c.Resolve(t.Context(), a.id(), Policy{}); !errors.Is(err, ErrNotReady) {
			t.Error(err)
		}
	})
}

func shown(t testing.TB, v any) string {
	t.Helper()
	return string(must(json.MarshalIndent(v, "", " "))(t))
}

// TestClientWrites mirrors the other methods.
func TestClientWrites(t *testing.T) {
	doors(t, func(t *testing.T, node *fakeNode, c *Client) {
		ctx, a := t.Context(), newAgent(t, 1)
		if res, err := c.Put(ctx, a.record(t, 2)); err != nil || res.Acks != 19 || res.NotAfter.IsZero() {
			t.Error(res, err)
		}
		if _, err := c.Put(ctx, a.record(t, 2)); !errors.Is(err, records.ErrStale) {
			t.Error(err)
		}
		var p *Problem
		if _, err := c.Put(ctx, a.record(t, 1)); !errors.As(err, &p) || p.Status != 409 || p.Next == "" {
			t.Error(p)
		}
		req := PublishRequest{Agent: "web", Document: []byte("{}"), Lease: 90 * time.Second, AllowPrivate: true}
		if res, err := c.Publish(ctx, req); err != nil || res.Shape == "" || cmp.Diff(node.requests[0], req) != "" {
			t.Error(res, err, node.requests)
		}
		if res, err := c.Withdraw(ctx, a.id()); err != nil || res.NotAfter != testTime {
			t.Error(res, err)
		}
		node.set(func(f *fakeNode) { f.partial = true })
		if res, err := c.Revoke(ctx, a.tombstone(t)); err != nil || !res.Partial || res.GossipPeers != 2 {
			t.Error(res, err)
		}
		if _, err := c.Put(ctx, a.record(t, 9)); !errors.Is(err, records.ErrRevoked) || !errors.As(err, &p) || !bytes.Equal(p.Tombstone, a.tombstone(t).Bytes()) {
			t.Error(err)
		}
		if err := c.Stop(ctx); err != nil {
			t.Error(err)
		}
		wait(t, "the stop", node.stopped)
	})
}

// TestClientReads mirrors how the node stands.
func TestClientReads(t *testing.T) {
	doors(t, func(t *testing.T, node *fakeNode, c *Client) {
		ctx := t.Context()
		node.peers = []Peer{{ID: "p", Addrs: []string{"/ip4/192.0.2.1"}, Direction: "inbound", RTTMS: 1.25, Table: true}}
		if st, err := c.Status(ctx); err != nil || st.Peer != node.state.Peer || st.Counters["gossip.dropped"] != 4 {
			t.Error(st, err)
		}
		if peers, err := c.Peers(ctx); err != nil || cmp.Diff(peers, node.peers) != "" {
			t.Error(peers, err)
		}
		var text bytes.Buffer
		if err := c.Metrics(ctx, &text); err != nil || !strings.Contains(text.String(), "cairn_api_streams 0") {
			t.Error(text.String(), err)
		}
		if err := c.Ready(ctx); err != nil {
			t.Error(err)
		}
		node.set(func(f *fakeNode) { f.state.State, f.state.Reason = "degraded", "no bootstrap peer answers" })
		if err := c.Ready(ctx); !errors.Is(err, ErrNotReady) || !strings.Contains(err.Error(), "degraded: no bootstrap peer answers") {
			t.Error(err)
		}
	})
}

// TestClientStreams mirrors the iterators, and lets go when the reader does.
func TestClientStreams(t *testing.T) {
	doors(t, func(t *testing.T, node *fakeNode, c *Client) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		a, b := newAgent(t, 1), newAgent(t, 2)
		node.bury(a.tombstone(t))
		var cursors []uint64
		for ev, err := range c.Tombstones(ctx, 0, true) {
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				break
			}
			cursors = append(cursors, ev.Cursor)
			switch ev.ID {
			case a.id():
				node.bury(b.tombstone(t))
			case b.id():
				cancel()
			}
		}
		wait(t, "the stream's end", node.ended)
		if !slices.Equal(cursors, []uint64{1, 2}) {
			t.Error(cursors)
		}
		n := 0
		for ev, err := range c.Tombstones(t.Context(), 1, false) {
			if n++; err != nil || ev.ID != b.id() || !bytes.Equal(ev.Tombstone.Bytes(), ev.Bytes) || ev.Source != "local" {
				t.Error(ev, err)
			}
		}
		wait(t, "the stream's end", node.ended)
		for range c.Tombstones(t.Context(), 0, true) {
			n++
			break
		}
		wait(t, "the stream's end", node.ended)
		if n != 2 {
			t.Error(n)
		}
	})
}

// TestClientPublishAll gets each outcome, and the reason where the rest is missing.
func TestClientPublishAll(t *testing.T) {
	doors(t, func(t *testing.T, node *fakeNode, c *Client) {
		var got []string
		for out, err := range c.PublishAll(t.Context(), PublishRequest{Document: []byte(`["a","bad"]`)}) {
			if err != nil || out.Total != 2 {
				t.Error(out, err)
			}
			got = append(got, out.Title+out.Error)
		}
		if !slices.Equal(got, []string{"a", "badrefused: no endpoint"}) {
			t.Error(got)
		}
		node.set(func(f *fakeNode) { f.errs["PublishAll"] = ErrNotReady })
		n := 0
		for _, err := range c.PublishAll(t.Context(), PublishRequest{Document: []byte(`[]`)}) {
			if n++; !errors.Is(err, ErrNotReady) {
				t.Error(err)
			}
		}
		for _, err := range c.PublishAll(t.Context(), PublishRequest{Document: []byte(`[`)}) {
			if n++; !errors.Is(err, records.ErrMalformed) {
				t.Error(err)
			}
		}
		if n != 2 {
			t.Error(n)
		}
	})
}

// TestClientWatch ends after a revocation, and with the server's farewell where
// the server goes first.
func TestClientWatch(t *testing.T) {
	a := newAgent(t, 1)
	live := Resolution{ID: a.id(), Status: records.StatusActive, Record: a.record(t, 1)}
	dead := Resolution{ID: a.id(), Status: records.StatusRevoked, Tombstone: a.tombstone(t), Record: a.record(t, 1)}
	doors(t, func(t *testing.T, node *fakeNode, c *Client) {
		node.set(func(f *fakeNode) { f.seen = []Resolution{live} })
		var got []records.Status
		for res, err := range c.Watch(t.Context(), a.id()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, res.Status)
			switch res.Status {
			case records.StatusActive:
				node.set(func(f *fakeNode) { f.seen = append(f.seen, dead) })
			case records.StatusRevoked:
				if res.Record != nil || res.Tombstone == nil {
					t.Error(res)
				}
			}
		}
		if !slices.Equal(got, []records.Status{records.StatusActive, records.StatusRevoked}) {
			t.Error(got)
		}
	})
	node := newFakeNode()
	node.seen = []Resolution{live}
	d := openDoor(t, node, nil)
	closed := make(chan struct{})
	var last error
	for _, err := range d.client(t).Watch(t.Context(), a.id()) {
		if last = err; err == nil {
			go func() {
				defer close(closed)
				d.close(t)
			}()
		}
	}
	wait(t, "the shutdown", closed)
	var p *Problem
	if !errors.As(last, &p) || p.Name() != "stopping" {
		t.Error(last)
	}
}

// TestClientDisbelieves a daemon that cannot prove what it says.
func TestClientDisbelieves(t *testing.T) {
	a, b := newAgent(t, 1), newAgent(t, 2)
	rec := must(json.Marshal(b.record(t, 1).Bytes()))(t)
	dead := must(json.Marshal(b.tombstone(t).Bytes()))(t)
	broken := bytes.Replace(dead, []byte("A"), []byte("B"), 3)
	for what, body := range map[string]string{
		"another's answer":      `{"id":"` + b.id().String() + `","status":"unknown"}`,
		"another's record":      `{"id":"` + a.id().String() + `","status":"active","record_cbor":` + string(rec) + `}`,
		"active without record": `{"id":"` + a.id().String() + `","status":"active"}`,
		"a record for show":     `{"id":"` + a.id().String() + `","status":"active","record":{"agent":"x"}}`,
		"another's tombstone":   `{"id":"` + a.id().String() + `","status":"revoked","tombstone":{"tombstone":` + string(dead) + `}}`,
		"a broken tombstone":    `{"id":"` + b.id().String() + `","status":"revoked","tombstone":{"tombstone":` + string(broken) + `}}`,
		"an empty tombstone":    `{"id":"` + a.id().String() + `","status":"revoked","tombstone":{}}`,
		"no JSON":               `<html>`,
		"nothing":               ``,
	} {
		for _, code := range []int{200, 410} {
			media := typeJSON
			if code == 410 {
				media = typeProblem
				body = `{"type":"urn:cairn:problem:revoked","title":"t","status":410,"resolution":` + body + `}`
			}
			c := liar(t, code, media, body)
			if res, err := c.Resolve(t.Context(), a.id(), Policy{}); err == nil {
				t.Errorf("%s (%d) was believed: %+v", what, code, res)
			}
		}
	}
}

// liar is a client of a server that says one thing.
func liar(t testing.TB, code int, media, body string) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	c := must(Dial(s.URL, testToken))(t)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestClientStrangers meets servers that are none of ours.
func TestClientStrangers(t *testing.T) {
	for _, row := range []struct {
		code        int
		media, body string
	}{
		{200, "text/html", "<html>hello"},
		{404, "text/plain", "404 page not found"},
		{500, "", ""},
		{302, "text/html", ""},
		{500, typeProblem, "not JSON"},
	} {
		c := liar(t, row.code, row.media, row.body)
		var p *Problem
		if _, err := c.Status(t.Context()); err == nil || errors.As(err, &p) {
			t.Errorf("%+v: %v", row, err)
		}
		for _, err := range c.Tombstones(t.Context(), 0, true) {
			if err == nil {
				t.Errorf("%+v: an event", row)
			}
		}
	}
	long := liar(t, 200, typeNDJSON, strings.Repeat("x", maxLine+1))
	for _, err := range long.Tombstones(t.Context(), 0, false) {
		if !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
	}
	huge := liar(t, 200, typeJSON, strings.Repeat(" ", maxAnswer+1))
	if _, err := huge.Peers(t.Context()); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

// TestClientKeepsToken: no redirect gets the token, and no proxy.
func TestClientKeepsToken(t *testing.T) {
	got := make(chan string, 1)
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Authorization") }))
	defer thief.Close()
	t.Setenv("HTTP_PROXY", thief.URL)
	s := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer s.Close()
	c := must(Dial(s.URL, testToken))(t)
	defer c.Close()
	if _, err := c.Status(t.Context()); err == nil {
		t.Error("the redirect was followed")
	}
	select {
	case token := <-got:
		t.Errorf("the thief got %q", token)
	default:
	}
}

// TestBrokenStream is an error, not an end.
func TestBrokenStream(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", typeNDJSON)
		_, _ = io.WriteString(w, "{\"cursor\":7,\"heartbeat\":true}\n\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	c := must(Dial(s.URL, ""))(t)
	defer c.Close()
	n := 0
	for _, err := range c.Tombstones(t.Context(), 0, true) {
		if n++; !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Error(n)
	}
}

// TestNotRunning says how to start what is not there.
func TestNotRunning(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "da ta")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := DialDir(dir)
	if !errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), "start it with: cairn daemon --dir '"+dir+"'") {
		t.Error(err)
	}
	path := must(SocketPath(dir))(t)
	if err := WriteEndpoint(dir, Endpoint{Socket: path, PID: 1}); err != nil {
		t.Fatal(err)
	}
	l := must(net.Listen("unix", path))(t)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close() // a killed daemon leaves its socket
	for range 2 {
		c := must(DialDir(dir))(t)
		if _, err := c.Status(t.Context()); !errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), "cairn daemon --dir") {
			t.Error(err)
		}
		for _, err := range c.Watch(t.Context(), newAgent(t, 1).id()) {
			if !errors.Is(err, ErrNotRunning) {
				t.Error(err)
			}
		}
		_ = os.Remove(path)
	}
	free := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	_ = free.Close()
	c := must(Dial("http://"+free.Addr().String(), testToken))(t)
	if err := c.Stop(t.Context()); !errors.Is(err, ErrNotRunning) || !strings.HasSuffix(err.Error(), "cairn daemon") {
		t.Error(err)
	}
}

// TestClientContext respects the caller's.
func TestClientContext(t *testing.T) {
	node := newFakeNode()
	node.blocked = true
	c := openDoor(t, node, nil).client(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Resolve(ctx, newAgent(t, 1).id(), Policy{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestDial takes sockets and plain URLs.
func TestDial(t *testing.T) {
	for _, target := range []string{"/run/cairn.sock", "unix:cairn.sock", "http://127.0.0.1:1", "http://localhost:1/", "https://node.example"} {
		if c, err := Dial(target, ""); err != nil || c.Close() != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	for _, target := range []string{"", "cairn.sock", "ftp://x", "http://", "http://u:p@x", "http://x/path", "http://x?q=1", "127.0.0.1:1", "http://[::1"} {
		if _, err := Dial(target, ""); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", target, err)
		}
	}
	for _, token := range []string{"short", "with a space in it, long", "with a line break\r\nX: y", strings.Repeat("x", 300)} {
		if _, err := Dial("http://127.0.0.1:1", token); !errors.Is(err, ErrToken) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

// TestUnauthorized is told from everything else.
func TestUnauthorized(t *testing.T) {
	d := openDoor(t, newFakeNode(), nil)
	for _, token := range []string{"", "not-the-token-of-this-node"} {
		c := must(Dial(d.url, token))(t)
		defer c.Close()
		if err := c.Stop(t.Context()); !errors.Is(err, ErrToken) {
			t.Errorf("%q: %v", token, err)
		}
	}
}
