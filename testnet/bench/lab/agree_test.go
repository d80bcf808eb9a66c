//go:build soak

package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/stock"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

var (
	agreeMatrix = flag.String("matrix", "", "latency matrix of the cities that the known figures stand on")
	agreeNodes  = flag.Int("nodes", 150, "stock nodes of the lookups")
	agreeSeed   = flag.Uint64("seed", 1, "who is where, and what is looked up")
	agreeMesh   = flag.Int("mesh", 100, "stock nodes of the spread, 100 or 300")
)

// agreement holds a figure beside one that is known.
func agreement(t *testing.T, name string, got, known float64) {
	t.Helper()
	off := got/known - 1
	t.Logf("%-28s %7.0f, known %7.0f, %+.0f %%", name, got, known, 100*off)
	if math.Abs(off) > 0.15 {
		t.Errorf("%s is %+.0f %% off", name, 100*off)
	}
}

func cell(t *testing.T, nodes int) Config {
	t.Helper()
	if *agreeMatrix == "" {
		t.Skip("name the matrix with -args -matrix FILE")
	}
	m, err := wan.LoadMatrix(*agreeMatrix)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Nodes: nodes, Seed: *agreeSeed, Model: m.Model(*agreeSeed), Say: t.Logf}
}

func at(values []float64, q float64) float64 {
	return slices.Sorted(slices.Values(values))[int(q*float64(len(values)-1))]
}

// The stock arm gives what others have measured of stock libraries: 150 nodes on the
// cities, no charge. Beside it, without a verdict, the arm under our limit.
func TestSoakStockLookups(t *testing.T) {
	cfg := cell(t, *agreeNodes)
	synctest.Test(t, func(t *testing.T) {
		for _, kind := range []stockKind{asIs} {
			put, first, full, fresh := lookUp(t, setup{Config: cfg}, kind)
			if kind == under32 || cfg.Nodes != 150 {
				t.Logf("%s: put %.0f/%.0f/%.0f, first %.0f/%.0f/%.0f, full %.0f/%.0f, fresh first %.0f/%.0f/%.0f", kind, at(put, .5), at(put, .9), at(put, .99),
					at(first, .5), at(first, .9), at(first, .99), at(full, .5), at(full, .99), at(fresh, .5), at(fresh, .9), at(fresh, .99))
				continue
			}
			agreement(t, "put p50", at(put, .5), 1474)
			agreement(t, "put p90", at(put, .9), 2398)
			agreement(t, "put p99", at(put, .99), 2905)
			agreement(t, "first value p50", at(first, .5), 58)
			agreement(t, "first value p90", at(first, .9), 276)
			agreement(t, "first value p99", at(first, .99), 461)
			agreement(t, "full walk p50", at(full, .5), 1354)
			agreement(t, "full walk p99", at(full, .99), 2445)
			t.Logf("fresh first %.0f/%.0f/%.0f, known 120/375/524", at(fresh, .5), at(fresh, .9), at(fresh, .99))
		}
	})
}

// lookUp publishes 60 records and looks for them.
func lookUp(t *testing.T, s setup, kind stockKind) (put, first, full, fresh []float64) {
	t.Helper()
	n := newStockNet(s, kind)
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := errors.Join(n.start(t.Context()), pause(t.Context(), warmUp)); err != nil {
		t.Fatal(err)
	}
	var ids []peer.ID
	for _, h := range n.hosts {
		ids = append(ids, h.ID())
	}
	r := &lookupRun{arms: &arms{setup: s, stocks: []*stockNet{n}}, k: 20, ids: ids, ground: newGround(s, upTo(s.Nodes), ids)}
	if err := r.cast(60); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: degree %.0f", kind, degree(n.hosts))
	defer func() { t.Logf("%s: degree %.0f in the end", kind, degree(n.hosts)) }()
	late := n.latecomers(t, 15)
	reads := new(Reads)
	for i, l := range r.roles { // one after the other, as the known figures were taken
		publisher, reader, second := late[i%15], late[(i+5)%15], late[(i+10)%15]
		var err error
		if l.record, err = l.agent.At("https://agent.example/a2a"); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if err := publisher.Put(t.Context(), l.agent.ID().Key(), l.record.Bytes()); err != nil {
			t.Fatal(err)
		}
		put = append(put, ms(time.Since(begin)))
		time.Sleep(time.Second)
		reads.note(askStock(t.Context(), reader, l))
		time.Sleep(time.Second)
		reads.walk(t.Context(), second, l)
		time.Sleep(time.Second)
	}
	clients := new(Reads)
	for c := range 15 {
		if err := n.fresh(t.Context(), clients, outsider-1-c, c, r.roles[4*c:4*c+4]); err != nil {
			t.Fatal(err)
		}
	}
	return put, reads.Took, reads.Full, clients.Took
}

// latecomers are nodes that joined a network that stood already, a minute ago: nobody's
// refresh has found them, so they have the connections that they opened themselves.
func (n *stockNet) latecomers(t *testing.T, count int) []*stock.Node {
	t.Helper()
	var all []*stock.Node
	for i := range count {
		h, err := n.NewStockHost(n.Nodes + i)
		if err != nil {
			t.Fatal(err)
		}
		node, err := stock.New(stock.Config{Host: h, Network: testnet.DefaultNetwork, Bootstrap: n.bootstrap(seeds)})
		if err != nil {
			t.Fatal(err)
		}
		n.hosts, n.nodes = append(n.hosts, h), append(n.nodes, node) // for close
		if err := node.Join(t.Context()); err != nil {
			t.Fatal(err)
		}
		all = append(all, node)
		defer func() { t.Logf("latecomer %d: %d connections", i, len(h.Network().Peers())) }()
	}
	time.Sleep(warmUp)
	return all
}

// GossipSub with its defaults over about 20 random connections a node, 256 bytes, no
// charge, gives what others have measured of it.
func TestSoakStockSpread(t *testing.T) {
	known := map[int][4]float64{100: {89, 167, 202, 225}, 300: {111, 200, 235, 268}}[*agreeMesh]
	cfg := cell(t, *agreeMesh)
	synctest.Test(t, func(t *testing.T) {
		latency, floor, bytes := randomMesh(t, setup{Config: cfg})
		t.Logf("floor %.0f/%.0f/%.0f, %.0f bytes of UDP payload a message and node", at(floor, .5), at(floor, .99), at(floor, 1), bytes)
		for i, q := range []float64{.5, .95, .99, 1} {
			if known[i] > 0 {
				agreement(t, fmt.Sprintf("spread p%g", 100*q), at(latency, q), known[i])
			}
		}
	})
}

// randomMesh spreads 30 messages.
func randomMesh(t *testing.T, s setup) (latency, floor []float64, bytes float64) {
	t.Helper()
	const messages, dials = 30, 10
	f, err := sim.NewFabric(s.wire())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var hosts []host.Host
	var topics []*pubsub.Topic
	var work sync.WaitGroup
	defer func() {
		cancel()
		work.Wait()
		for _, h := range hosts {
			if err := errors.Join(h.Network().Close(), h.Close()); err != nil {
				t.Error(err)
			}
		}
	}()
	var mu sync.Mutex
	began := make(map[string]time.Time)
	for i := range s.Nodes {
		h, err := f.NewStockHost(i)
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, h)
		ps, err := pubsub.NewGossipSub(ctx, h)
		if err != nil {
			t.Fatal(err)
		}
		topic, err := ps.Join("topic")
		if err != nil {
			t.Fatal(err)
		}
		sub, err := topic.Subscribe()
		if err != nil {
			t.Fatal(err)
		}
		topics = append(topics, topic)
		work.Go(func() {
			for m, err := sub.Next(ctx); err == nil; m, err = sub.Next(ctx) {
				mu.Lock()
				if m.ReceivedFrom != h.ID() {
					latency = append(latency, ms(time.Since(began[string(m.Data)])))
				}
				mu.Unlock()
			}
		})
	}
	draw := s.draw(77)
	for i, h := range hosts {
		for range dials {
			if j := draw.IntN(s.Nodes); j != i {
				if err := h.Connect(ctx, infos(hosts[j : j+1])[0]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	time.Sleep(warmUp)
	payload := func() (sum float64) {
		for i := range s.Nodes {
			traffic := f.Traffic(i)
			sum += float64(traffic.SentBytes) - 28*float64(traffic.SentPackets)
		}
		return sum
	}
	before := payload()
	time.Sleep(idleWindow)
	idle := (payload() - before) / idleWindow.Seconds()
	g := newGround(s, upTo(s.Nodes), make([]peer.ID, s.Nodes))
	before = payload()
	begin := time.Now()
	for range messages {
		b := make([]byte, 256)
		if _, err := rand.Read(b); err != nil {
			t.Fatal(err)
		}
		from := draw.IntN(s.Nodes)
		mu.Lock()
		began[string(b)] = time.Now()
		mu.Unlock()
		if err := topics[from].Publish(ctx, b); err != nil {
			t.Fatal(err)
		}
		for j := range s.Nodes {
			if j != from {
				floor = append(floor, ms(g.news(from, j)))
			}
		}
		time.Sleep(500 * time.Millisecond)
	}
	time.Sleep(tail)
	bytes = (payload() - before - idle*time.Since(begin).Seconds()) / messages / float64(s.Nodes)
	mu.Lock()
	defer mu.Unlock()
	if len(latency) != len(floor) {
		t.Errorf("%d of %d arrived", len(latency), len(floor))
	}
	return slices.Clone(latency), floor, bytes
}
