package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
)

// The size of an HTTP measurement.
const (
	httpClients = 64
	// httpFresh is how often the record is published anew, so that the node answers
	// from what it holds.
	httpFresh = 20 * time.Second
)

func httpResolve() Metric {
	return Metric{
		Name: "http", About: "1/s; the daemon's GET /v1/agents/{id} per second of CPU time, against an empty handler", Nodes: 1,
		Explained: Explanation{
			Measures: "How many times in a second of CPU time the HTTP API of a node answers `GET /v1/agents/{id}` for an agent that it holds: 64 clients with a kept connection each, that ask again as soon as they have the answer, in the same process, in blocks of half a second (2 s with --full) that take turns with the floor's. The clients' own computing counts in both.",
			Unit:     "1/s, answers per second of CPU time of servers and clients together. `p50` is the median of the ratios of interleaved pairs, `least` and `most` are the ends. `latency_p99` is the 99th percentile of the time to an answer over the floor's, the median of all pairs.",
			Floor:    "An http.Server of the standard library whose handler writes the same header and bytes, asked by the same clients.",
			Goal:     "At least 0.90 of the floor's rate; `latency_p99` at most 1.25.",
		},
		Run: runs(effort{pairs: fewPairs, block: 500 * time.Millisecond}, effort{pairs: manyPairs, block: 2 * time.Second}, runHTTP),
	}
}

func runHTTP(ctx context.Context, e effort, say func(string, ...any)) (r Result, err error) {
	r = Result{Unit: Rate, Goal: map[string]float64{"p50": 0.9, "latency_p99": 1.25}}
	cfg := loneConfig("")
	cfg.API, cfg.APIToken = "127.0.0.1:0", "token-of-a-measurement"
	n, err := node.New(cfg)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	h := &httpPair{ctx: ctx, node: n, block: e.block}
	if err := h.prepare(); err != nil {
		return r, err
	}
	defer h.close()
	say("http: %d pairs of %s with %d clients", e.pairs, h.block, httpClients)
	p, err := measurePairs(ctx, e.pairs, h.askNode, h.askFloor)
	if err != nil && ctx.Err() == nil {
		return r, err
	}
	p.tell(&r)
	if k := min(len(h.oursP99), len(h.floorP99)); k > 0 {
		late := pairs{h.oursP99[:k], h.floorP99[:k]}
		r.Figures = append(r.Figures, Figure{"latency_p99", "1", median(late.ratios())},
			Figure{"latency_p99_ours", "us", median(late.ours)}, Figure{"latency_p99_floor", "us", median(late.floor)})
	}
	return r, nil
}

// httpPair is a node's API and a server that answers the same without a thought.
type httpPair struct {
	ctx       context.Context
	node      *node.Node
	block     time.Duration
	path      string
	record    *records.Record
	published time.Time
	floorAddr string
	server    *http.Server
	oursP99   []float64 // us, of each block
	floorP99  []float64
}

// prepare publishes an agent and starts the floor with the node's answer.
func (h *httpPair) prepare() error {
	recs, err := signedRecords(h.ctx, 1)
	if err != nil {
		return err
	}
	h.record, h.path = recs[0], "/v1/agents/"+recs[0].ID().String()
	if err := publishAlone(h.ctx, h.node, recs[0]); err != nil {
		return err
	}
	h.published = time.Now()
	resp, err := http.Get(h.node.APIURL() + h.path)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the node answers %s: %s", resp.Status, body)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	header := resp.Header.Clone()
	header.Del("Date")
	h.floorAddr = l.Addr().String()
	h.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for key, values := range header {
			w.Header()[key] = values
		}
		_, _ = w.Write(body)
	})}
	go func() { _ = h.server.Serve(l) }()
	return nil
}

func (h *httpPair) close() { _ = h.server.Close() }

func (h *httpPair) askNode() (float64, error) {
	if time.Since(h.published) > httpFresh {
		if err := publishAlone(h.ctx, h.node, h.record); err != nil {
			return 0, err
		}
		h.published = time.Now()
	}
	u, err := url.Parse(h.node.APIURL())
	if err != nil {
		return 0, err
	}
	rate, p99, err := askAll(u.Host, h.path, h.block)
	h.oursP99 = append(h.oursP99, p99)
	return rate, err
}

func (h *httpPair) askFloor() (float64, error) {
	rate, p99, err := askAll(h.floorAddr, h.path, h.block)
	h.floorP99 = append(h.floorP99, p99)
	return rate, err
}

// askAll lets all clients ask for a while; it returns answers per second of CPU
// time and the 99th percentile of how long they took, in microseconds.
func askAll(addr, path string, during time.Duration) (rate, p99 float64, err error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var times []float64
	start, err := cpuTime()
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	for range httpClients {
		wg.Go(func() {
			own, askErr := ask(addr, path, begin.Add(during))
			mu.Lock()
			defer mu.Unlock()
			times, err = append(times, own...), errors.Join(err, askErr)
		})
	}
	wg.Wait()
	end, cpuErr := cpuTime()
	if err = errors.Join(err, cpuErr); err != nil || len(times) == 0 {
		return 0, 0, errors.Join(errors.New("no answers"), err)
	}
	slices.Sort(times)
	return float64(len(times)) / (end - start).Seconds(), quantile(times, 0.99), nil
}

// ask is one client: over one connection, one question after the other, and one at
// least.
func ask(addr, path string, until time.Time) (times []float64, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	question := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, addr)
	in := bufio.NewReader(conn)
	var body bytes.Buffer
	for first := true; first || time.Now().Before(until); first = false {
		begin := time.Now()
		if _, err := conn.Write(question); err != nil {
			return times, err
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return times, err
		}
		body.Reset()
		_, err = body.ReadFrom(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return times, err
		}
		if resp.StatusCode != http.StatusOK || body.Len() == 0 {
			return times, fmt.Errorf("the answer is %s", resp.Status)
		}
		times = append(times, float64(time.Since(begin))/float64(time.Microsecond))
	}
	return times, nil
}
