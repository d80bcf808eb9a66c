package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// buried makes a node that knows n tombstones.
func buried(t testing.TB, n int) *fakeNode {
	t.Helper()
	node := newFakeNode()
	for i := range n {
		node.bury(newAgent(t, byte(i+1)).tombstone(t))
	}
	return node
}

// TestTombstoneLines resume after any cursor, each line with its own.
func TestTombstoneLines(t *testing.T) {
	d := openDoor(t, buried(t, 3), nil)
	for after, want := range map[string]int{"": 3, "0": 3, "1": 2, "3": 0, "99": 0, "18446744073709551615": 0} {
		got := d.send(t, "GET", "/v1/tombstones?after="+after, nil, "Authorization:")
		lines := strings.Split(strings.TrimSuffix(string(got.body), "\n"), "\n")
		if got.StatusCode != 200 || got.media() != typeNDJSON || want > 0 && len(lines) != want || want == 0 && len(got.body) != 0 {
			t.Errorf("after %q: %d %q", after, got.StatusCode, got.body)
		}
		var ev TombstoneEvent
		if want > 0 {
			if err := json.Unmarshal([]byte(lines[want-1]), &ev); err != nil || ev.Cursor != 3 || ev.Tombstone.ID() != ev.ID {
				t.Errorf("%+v %v", ev, err)
			}
		}
	}
	for _, q := range []string{"after=-1", "after=01", "after=1.5", "after=18446744073709551616", "after=x", "follow=yes", "follow=", "agent=x"} {
		if got := d.send(t, "GET", "/v1/tombstones?"+q, nil); got.StatusCode != 400 || got.problem(t).Name() != "parameter" {
			t.Errorf("%s: %d", q, got.StatusCode)
		}
	}
}

// TestFollow gives each new tombstone at once and beats while nothing comes.
func TestFollow(t *testing.T) {
	node := buried(t, 2)
	d := openDoor(t, node, func(c *Config) { c.Limits.Heartbeat = 5 * time.Millisecond })
	l := d.listen(t, "/v1/tombstones?after=1&follow=true")
	if got := l.until(`{"cursor":2,`); !strings.Contains(got, "tombstone") {
		t.Error(got)
	}
	l.until(`{"cursor":2,"heartbeat":true}`)
	node.bury(newAgent(t, 77).tombstone(t))
	l.until(`{"cursor":3,"id"`)
	l.until(`{"cursor":3,"heartbeat":true}`)
	l.close()
	wait(t, "the stream's end at the node", node.ended)
}

// TestWatchTombstones resumes where the last event's ID says.
func TestWatchTombstones(t *testing.T) {
	node := buried(t, 3)
	d := openDoor(t, node, func(c *Config) { c.Limits.Heartbeat = 5 * time.Millisecond })
	for _, row := range []struct{ path, last, first string }{
		{"/v1/watch", "", "id: 1"},
		{"/v1/watch?after=1", "", "id: 2"},
		{"/v1/watch?after=1", "2", "id: 3"},
	} {
		l := d.listen(t, row.path, "Last-Event-ID: "+row.last)
		if got := l.until("id: "); got != row.first {
			t.Errorf("%s %q: %s", row.path, row.last, got)
		}
		if got := l.until("event: "); got != "event: tombstone" {
			t.Error(got)
		}
		l.until("data: {")
		l.until(": heartbeat")
		l.close()
		wait(t, "the stream's end", node.ended)
	}
	for _, path := range []string{"/v1/watch?after=x", "/v1/watch?agent=x", "/v1/watch?agent=", "/v1/watch?agent=" + newAgent(t, 1).id().String() + "&after=1"} {
		if got := d.send(t, "GET", path, nil); got.StatusCode != 400 {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	if got := d.send(t, "GET", "/v1/watch", nil, "Last-Event-ID: x"); got.StatusCode != 400 {
		t.Error(got.StatusCode)
	}
	if got := d.send(t, "GET", "/v1/watch", nil, "Authorization:"); got.StatusCode != 401 {
		t.Error(got.StatusCode)
	}
}

// TestStreamFaults ends a stream with its reason, never as if it were whole.
func TestStreamFaults(t *testing.T) {
	node := buried(t, 1)
	node.errs["Facts"] = errors.New("the disk is full")
	node.errs["PublishAll"] = fmt.Errorf("%w: no peer", ErrNotReady)
	node.errs["Watch"] = records.ErrRevoked
	d := openDoor(t, node, nil)
	if got := d.send(t, "GET", "/v1/tombstones", nil, "Authorization:"); !strings.Contains(string(got.body), `{"problem":{"type":"urn:cairn:problem:internal"`) || strings.Contains(string(got.body), "disk") {
		t.Errorf("%s", got.body)
	}
	if got := d.send(t, "POST", "/v1/publish-all", strings.NewReader("[]"), "Content-Type: application/json"); !strings.Contains(string(got.body), `{"problem":{"type":"urn:cairn:problem:not-ready"`) {
		t.Errorf("%s", got.body)
	}
	if got := d.send(t, "GET", "/v1/watch?agent="+newAgent(t, 1).id().String(), nil); !strings.HasPrefix(string(got.body), "event: problem\ndata: {\"type\":\"urn:cairn:problem:revoked\"") {
		t.Errorf("%s", got.body)
	}
}

// TestStreamSlots: strangers' streams do not take the owner's places.
func TestStreamSlots(t *testing.T) {
	node := newFakeNode()
	d := openDoor(t, node, func(c *Config) { c.Limits.Streams = 1 })
	l := d.listen(t, "/v1/watch") // with the token
	conn := d.dial(t)
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "GET /v1/tombstones?follow=true HTTP/1.1\r\nHost: %s\r\n\r\n", d.addr)
	if status := must(readStatus(conn))(t); status != "HTTP/1.1 200" {
		t.Error(status)
	}
	full := d.send(t, "GET", "/v1/tombstones", nil)
	if full.StatusCode != 503 || full.problem(t).Name() != "busy" || full.Header.Get("Retry-After") == "" {
		t.Error(full.StatusCode)
	}
	l.close()
	wait(t, "the stream's end", node.ended)
	d.untilFree(t)
	wait(t, "the stream's end", node.ended)
}

// untilFree asks for a stream until there is a place for it, and ends it: the place
// of the one before is given back a moment after the node saw its end.
func (d *door) untilFree(t *testing.T) {
	t.Helper()
	tick, over := time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		conn := d.dial(t)
		_, _ = fmt.Fprintf(conn, "GET /v1/watch HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", d.addr, testToken)
		status, err := readStatus(conn)
		_ = conn.Close()
		if err == nil && status == "HTTP/1.1 200" {
			return
		}
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("the place is not free again: %s %v", status, err)
		}
	}
}

func readStatus(conn net.Conn) (string, error) {
	b := make([]byte, len("HTTP/1.1 200"))
	_, err := io.ReadFull(conn, b)
	return string(b), err
}

// TestSlowReader is cut off: it holds neither the node's iterator nor a place.
func TestSlowReader(t *testing.T) {
	node := newFakeNode()
	d := openDoor(t, node, func(c *Config) { c.Limits.Write, c.Limits.Streams = 50*time.Millisecond, 1 })
	conn := d.dial(t)
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	tomb := newAgent(t, 1).tombstone(t)
	events := make([]FactEvent, 1<<17) // tens of megabytes: more than any socket buffers
	for i := range events {
		events[i] = FactEvent{Cursor: uint64(i + 1), ID: tomb.ID(), At: testTime, Source: "local", Fact: tomb}
	}
	node.set(func(f *fakeNode) { f.events = events })
	_, _ = fmt.Fprintf(conn, "GET /v1/tombstones HTTP/1.1\r\nHost: %s\r\n\r\n", d.addr)
	wait(t, "the end of the stream that nobody reads", node.ended)
}

// TestLongStream: each event has its own deadline, and all of them together none.
func TestLongStream(t *testing.T) {
	node := newFakeNode()
	d := openDoor(t, node, func(c *Config) { c.Limits.Write, c.Limits.Heartbeat = 250*time.Millisecond, 50*time.Millisecond })
	l := d.listen(t, "/v1/watch")
	for range 10 {
		l.until(": heartbeat")
	}
	l.close()
	wait(t, "the stream's end", node.ended)
}

// TestShutdownEndsStreams with a reason, and lets other requests finish.
func TestShutdownEndsStreams(t *testing.T) {
	node := newFakeNode()
	d := openDoor(t, node, func(c *Config) { c.Limits.Request = 300 * time.Millisecond })
	lines, events := d.listen(t, "/v1/tombstones?follow=true"), d.listen(t, "/v1/watch")
	working := make(chan int, 1)
	node.set(func(f *fakeNode) { f.blocked = true })
	go func() {
		working <- d.send(t, "GET", "/v1/agents/"+newAgent(t, 1).id().String(), nil).StatusCode
	}()
	for node.count("Resolve") == 0 {
		<-time.After(time.Millisecond)
	}
	d.close(t)
	if got := lines.until(`{"problem"`); !strings.Contains(got, "urn:cairn:problem:stopping") {
		t.Error(got)
	}
	events.until("event: problem")
	if got := wait(t, "the answer", working); got != 504 {
		t.Error(got)
	}
	for range 2 {
		wait(t, "the stream's end", node.ended)
	}
	lines.close()
	events.close()
}

// TestShutdownCuts what does not end by itself.
func TestShutdownCuts(t *testing.T) {
	node := newFakeNode()
	node.blocked = true
	s := must(newServer(Config{Controller: node, Token: testToken}, allDefences(), false))(t)
	server := NewServer(s, Config{})
	l := must(Listen(ListenConfig{Addr: "localhost:0"}))(t)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	conn := must(net.Dial("tcp", l.Addr().String()))(t)
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "GET /v1/agents/%s HTTP/1.1\r\nHost: %s\r\n\r\n", newAgent(t, 1).id(), l.Addr())
	for node.count("Resolve") == 0 {
		<-time.After(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := wait(t, "the end of Serve", served); err != nil {
		t.Error(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(conn); errors.Is(err, context.DeadlineExceeded) {
		t.Error("the connection is still open")
	}
}

// TestEndlessStreamThatEnds says so.
func TestEndlessStreamThatEnds(t *testing.T) {
	node := newFakeNode()
	node.short = true
	d := openDoor(t, node, nil)
	got := d.send(t, "GET", "/v1/tombstones?follow=true", nil)
	if !strings.Contains(string(got.body), "urn:cairn:problem:stopping") {
		t.Errorf("%s", got.body)
	}
}

// TestPublishAll yields refusals among the outcomes.
func TestPublishAll(t *testing.T) {
	d := openDoor(t, newFakeNode(), nil)
	got := d.send(t, "POST", "/v1/publish-all?lease=1h", strings.NewReader(`["a","bad","<c>"]`), "Content-Type: application/json")
	want := []string{`"title":"a","result"`, `"title":"bad","error":"refused: no endpoint"}`, `"title":"\u003cc\u003e"`}
	lines := strings.Split(strings.TrimSpace(string(got.body)), "\n")
	if len(lines) != 3 {
		t.Fatalf("%s", got.body)
	}
	for i := range want {
		if !strings.Contains(lines[i], want[i]) {
			t.Errorf("%s", lines[i])
		}
	}
	if got := d.send(t, "POST", "/v1/publish-all?agent=x", strings.NewReader("[]"), "Content-Type: application/json"); got.StatusCode != 400 {
		t.Error(got.StatusCode)
	}
}

// TestPanicInStream breaks the stream, and gives its place back.
func TestPanicInStream(t *testing.T) {
	node := newFakeNode()
	node.panics = true
	d := openDoor(t, node, func(c *Config) { c.Limits.Streams = 1 })
	c := d.client(t)
	for range 3 {
		n := 0
		for _, err := range c.Tombstones(t.Context(), 0, true) {
			var p *Problem
			if n++; err == nil || errors.As(err, &p) {
				t.Error(err)
			}
		}
		if n != 1 {
			t.Error(n)
		}
	}
}
