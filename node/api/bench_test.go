package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// BenchmarkGetAgent is the API's own share of a resolve that the node answers at
// once: alone, and over kept connections beside a handler that does nothing.
func BenchmarkGetAgent(b *testing.B) {
	a := newAgent(b, 1)
	rec := a.record(b, 1)
	node := &readyNode{newFakeNode(), Resolution{ID: a.id(), Status: records.StatusActive, Source: "cache", Record: rec, RecordBytes: rec.Bytes()}}
	s := must(newServer(Config{Controller: node, Token: testToken}, allDefences(), false))(b)
	path := "/v1/agents/" + a.id().String()
	b.Run("alone", func(b *testing.B) {
		local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
		r := must(http.NewRequestWithContext(context.WithValue(b.Context(), http.LocalAddrContextKey, local), "GET", "http://127.0.0.1"+path, nil))(b)
		w := nullWriter{http.Header{}}
		b.ReportAllocs()
		for b.Loop() {
			clear(w.header)
			s.ServeHTTP(w, r)
		}
		if w.header.Get("Code") != "OK" {
			b.Fatal(w.header)
		}
	})
	b.Run("served", func(b *testing.B) { benchServed(b, s, path) })
	b.Run("empty", func(b *testing.B) {
		benchServed(b, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), path)
	})
}

// readyNode answers Resolve without a lock.
type readyNode struct {
	*fakeNode
	res Resolution
}

func (n *readyNode) Resolve(context.Context, records.AgentID, Policy) (Resolution, error) {
	return n.res, nil
}

// benchServed asks over 16 kept connections per processor.
func benchServed(b *testing.B, h http.Handler, path string) {
	l := must(Listen(ListenConfig{Addr: "127.0.0.1:0"}))(b)
	server := NewServer(h, Config{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	ask := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, l.Addr())
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for pb.Next() {
			_, _ = conn.Write(ask)
			resp, err := http.ReadResponse(in, nil)
			if err != nil || resp.StatusCode != http.StatusOK {
				b.Errorf("%v %v", resp, err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
		}
	})
	if err := server.Shutdown(context.Background()); err != nil {
		b.Error(err)
	}
	if err := <-served; err != nil {
		b.Error(err)
	}
}
