package overlay

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	kad "github.com/libp2p/go-libp2p-kad-dht"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	record "github.com/libp2p/go-libp2p-record"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	basic "github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

func TestConfig(t *testing.T) {
	h := newHost(t, 0, tcp)
	good := Config{Host: h, Values: NewMemory(nil)}
	for name, set := range map[string]func(*Config){
		"no host":              func(c *Config) { c.Host = nil },
		"network with a slash": func(c *Config) { c.Network = "a/b" },
		"long network":         func(c *Config) { c.Network = "abcdefghijklmnopqrstuvwxyz0123456" },
		"replication":          func(c *Config) { c.Replication = 21 },
		"negative replication": func(c *Config) { c.Replication = -1 },
		"parallel":             func(c *Config) { c.Parallel = -1 },
		"timeout":              func(c *Config) { c.RequestTimeout = -1 },
		"age":                  func(c *Config) { c.RecordAge = -1 },
	} {
		bad := good
		set(&bad)
		if d, err := Join(bad); err == nil || d != nil {
			t.Errorf("%s: joined", name)
		}
	}
	c, err := good.withDefaults()
	if err != nil || c.Replication != 20 || c.RequestTimeout != 2*time.Second || c.protocol() != "/cairn/kad/1.0.0" {
		t.Errorf("%+v, %v", c, err)
	}
	good.Network = "testnet-1-a"
	if c, err := good.withDefaults(); err != nil || c.protocol() != "/cairn/testnet-1-a/kad/1.0.0" {
		t.Errorf("%s, %v", c.protocol(), err)
	}
}

// A stock kad-dht client of the same prefix puts on our nodes and gets from them.
func TestStockClient(t *testing.T) {
	nodes := newNetwork(t, 6, tcp)
	h := newHost(t, 100, tcp)
	stock, err := kad.New(h, kad.Mode(kad.ModeClient), kad.ProtocolPrefix("/cairn"), kad.DisableProviders(),
		kad.Validator(record.NamespacedValidator{records.KeyNamespace: records.Validator{}}))
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()
	if err := h.Connect(t.Context(), nodes[0].info()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stock client knows a server", func() bool { return stock.RoutingTable().Size() > 0 })
	agent := newAgent(t, 1)
	rec := agent.record(1)
	if err := stock.PutValue(t.Context(), agent.id().Key(), rec.Bytes()); err != nil {
		t.Fatal(err)
	}
	if got := holders(t, nodes, agent.id()); len(got) < 4 {
		t.Errorf("%d of 6 hold what the stock client put", len(got))
	}
	if all, _ := searchAll(t, nodes[3], agent.id()); len(all) < 3 {
		t.Errorf("%d answers", len(all))
	}
	dead := agent.tombstone()
	if _, err := nodes[1].Publish(t.Context(), dead, nil); err != nil {
		t.Fatal(err)
	}
	got, err := stock.GetValue(t.Context(), agent.id().Key())
	if v, openErr := records.Open(got); err != nil || openErr != nil || v.ID() != agent.id() {
		t.Errorf("the stock client got %x, %v", got, err)
	}
}

// Nodes of another network do not meet.
func TestNetworksAreApart(t *testing.T) {
	a := newNode(t, 0, tcp, func(c *Config) { c.Network = "a" })
	b := newNode(t, 1, tcp, func(c *Config) { c.Network = "b" })
	if _, err := a.Bootstrap(t.Context(), []peer.AddrInfo{b.info()}); !errors.Is(err, ErrNoPeers) {
		t.Errorf("bootstrap: %v", err)
	}
	if a.TableSize()+b.TableSize() != 0 {
		t.Error("they know each other")
	}
	eventually(t, "the reason is known from identify", func() bool {
		_, err := a.sender.ask(t.Context(), b.self, findNode("key"))
		return errors.Is(err, errUnsupported)
	})
}

// A client publishes and searches, and nobody takes it into a table.
func TestClient(t *testing.T) {
	nodes := newNetwork(t, 4, tcp)
	client := newNode(t, 100, tcp, func(c *Config) { c.Client = true })
	if reached, err := client.Bootstrap(t.Context(), []peer.AddrInfo{nodes[0].info()}); reached != 1 || err != nil {
		t.Fatal(reached, err)
	}
	rec := newAgent(t, 1).record(1)
	atLast(t, "all four take it", func() bool {
		r, err := client.Publish(t.Context(), rec, nil)
		return err == nil && r.Targets == 4 && r.ReadBack == 4
	})
	atLast(t, "all four return it", func() bool {
		all, report := searchAll(t, client, rec.ID())
		return len(all) == 4 && report.Path[0].Answer == AnswerRecord
	})
	for _, n := range nodes {
		if slices.Contains(n.TablePeers(), client.self) {
			t.Error("a client is in a table")
		}
	}
}

// A search ends where its caller has enough.
func TestSearchEndsEarly(t *testing.T) {
	nodes := newNetwork(t, 10, tcp)
	rec := newAgent(t, 1).record(1)
	if _, err := nodes[0].Publish(t.Context(), rec, nil); err != nil {
		t.Fatal(err)
	}
	calls, direct := 0, 0
	report, err := nodes[5].Search(t.Context(), rec.ID(), func(a Answer) bool {
		calls++
		if a.Via == "" {
			direct++
		}
		return false
	})
	if err != nil || calls != 1 || report.Exhausted || len(report.Holders) != direct {
		t.Errorf("%d calls, report %+v, error %v", calls, report, err)
	}
	atLast(t, "all nine say that they have nothing", func() bool {
		absent, err := nodes[5].Search(t.Context(), newAgent(t, 2).id(), nil)
		return err == nil && absent.Exhausted && len(absent.Closest) == 9 && len(absent.Empty) == 9 && len(absent.Holders) == 0
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := nodes[5].Search(ctx, rec.ID(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Connections made for lookups are closed when idle, except protected ones; the
// table, and everything that hangs on it, needs none of them.
func TestIdleConnectionsClose(t *testing.T) {
	idle := func(c *Config) { c.IdleTimeout = 300 * time.Millisecond }
	nodes := newNetwork(t, 12, tcp, idle)
	for _, n := range nodes {
		eventually(t, "no connection is left", func() bool { return len(n.host.Network().Conns()) == 0 })
		if n.TableSize() < 8 {
			t.Errorf("a table of %d", n.TableSize())
		}
	}
	if s := nodes[4].Stats(); s.IdleClosed == 0 || s.OwnConns != 0 {
		t.Errorf("stats %+v", s)
	}
	rec := newAgent(t, 1).record(1)
	atLast(t, "all others take it", func() bool {
		r, err := nodes[4].Publish(t.Context(), rec, nil)
		return err == nil && r.Targets == 11
	})
	late := newNode(t, 100, tcp, idle)
	if _, err := late.Bootstrap(t.Context(), []peer.AddrInfo{nodes[7].info()}); err != nil {
		t.Fatal(err)
	}
	atLast(t, "a newcomer finds it on all", func() bool {
		all, _ := searchAll(t, late, rec.ID())
		return len(all) == 11
	})
}

func TestProtectedConnectionsStay(t *testing.T) {
	stats := new(counters)
	a, b, c := newHost(t, 0, tcp), newHost(t, 1, tcp), newHost(t, 2, tcp)
	manager, err := basic.NewConnManager(100, 200)
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	l := newLinks(managed{a, manager}, time.Minute, stats)
	for _, h := range []peer.AddrInfo{infoOf(b), infoOf(c)} {
		a.Peerstore().AddAddrs(h.ID, h.Addrs, time.Hour)
	}
	if err := a.Connect(t.Context(), infoOf(c)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []peer.ID{b.ID(), c.ID()} {
		if _, err := l.conn(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if l.count() != 1 {
		t.Fatalf("%d own connections: one was there before", l.count())
	}
	manager.Protect(b.ID(), "link")
	l.sweep(time.Now().Add(time.Hour))
	if !l.connected(b.ID()) || !l.connected(c.ID()) {
		t.Fatal("a protected or a foreign connection was closed")
	}
	manager.Unprotect(b.ID(), "link")
	l.sweep(time.Now().Add(30 * time.Second))
	if !l.connected(b.ID()) {
		t.Fatal("closed before its time")
	}
	l.sweep(time.Now().Add(time.Hour))
	if l.connected(b.ID()) || !l.connected(c.ID()) || stats.idleClosed.Load() != 1 {
		t.Fatal("idle and unprotected, but open; or the other way round")
	}
}

// A third of the nodes dies at once: searches and publications go on among the living.
func TestAfterDeaths(t *testing.T) {
	nodes := newNetwork(t, 24, quic, func(c *Config) { c.Replication = 8 })
	agent := newAgent(t, 1)
	if _, err := nodes[0].Publish(t.Context(), agent.record(1), nil); err != nil {
		t.Fatal(err)
	}
	alive := slices.Clone(nodes[:16])
	for _, n := range nodes[16:] {
		if err := errors.Join(n.host.Close(), n.DHT.Close()); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	for i, n := range alive[1:] {
		all, report := searchAll(t, n, agent.id())
		if len(all) == 0 || !report.Exhausted {
			t.Errorf("node %d: %d answers, %+v", i, len(all), report)
		}
	}
	first := time.Since(begin) / 15
	begin = time.Now()
	for _, n := range alive[1:] {
		searchAll(t, n, agent.id())
	}
	t.Logf("%v per search, %v for the second", first, time.Since(begin)/15)
	atLast(t, "eight of the living take it", func() bool {
		r, err := alive[1].Publish(t.Context(), agent.record(2), nil)
		return err == nil && r.Targets == 8 && r.ReadBack == 8
	})
	for _, n := range nodes[16:] {
		if !slices.Contains(alive[2].TablePeers(), n.self) {
			continue
		}
		for range 2 { // one failed dial evicts nobody
			if _, err := alive[2].request(t.Context(), n.self, findNode("key")); err == nil {
				t.Error("a dead peer answered")
			}
			if _, err := alive[2].request(t.Context(), alive[3].self, findNode("key")); err != nil {
				t.Error(err)
			}
		}
		if slices.Contains(alive[2].TablePeers(), n.self) {
			t.Error("a dead peer is in the table after two failed dials")
		}
		break
	}
}

// A node that is cut off keeps its table.
func TestCutOffKeepsTable(t *testing.T) {
	nodes := newNetwork(t, 5, tcp)
	n := nodes[4]
	eventually(t, "the table is filled", func() bool { return n.TableSize() >= 3 })
	for _, other := range nodes[:4] {
		if err := other.host.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		if err := n.Refresh(t.Context()); !errors.Is(err, ErrNoPeers) {
			t.Errorf("refresh: %v", err)
		}
	}
	if n.TableSize() == 0 {
		t.Error("everybody was forgotten")
	}
}

// A5: with the public profile one IP group gets three places.
func TestDiversity(t *testing.T) {
	for name, row := range map[string]struct {
		wan  bool
		most int
	}{"wan": {true, 3}, "local": {false, 12}} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, 0, tcp, func(c *Config) { c.WAN = row.wan })
			var crowd []peer.AddrInfo
			for i := range uint64(12) {
				crowd = append(crowd, infoOf(fakePeer(t, 1+i, func(m *pb.Message) *pb.Message { return named(m) })))
			}
			if reached, err := n.Bootstrap(t.Context(), crowd); reached != 12 || err != nil {
				t.Fatal(reached, err)
			}
			if n.TableSize() > row.most || n.TableSize() == 0 {
				t.Errorf("a table of %d", n.TableSize())
			}
		})
	}
}

func TestAcceptableAddresses(t *testing.T) {
	for addr, want := range map[string][2]bool{
		"/ip4/127.0.0.1/tcp/1":         {true, false},
		"/ip4/10.0.0.1/udp/1/quic-v1":  {true, false},
		"/ip4/1.1.1.1/udp/1/quic-v1":   {true, true},
		"/dns4/example.org/tcp/1":      {true, true},
		"/dnsaddr/example.org":         {false, false},
		"/ip6/2606:4700::1/tcp/1":      {true, true},
		"/ip6/fe80::1/tcp/1":           {true, false},
		"/ip4/192.168.1.1/tcp/1/http":  {true, false},
		"/dns4/localhost/tcp/1":        {true, false},
		"/ip4/169.254.169.254/tcp/80/": {true, false},
	} {
		a, err := multiaddr.NewMultiaddr(addr)
		if err != nil {
			t.Fatal(err)
		}
		if acceptAny(a) != want[0] || acceptPublic(a) != want[1] {
			t.Errorf("%s: any %v, public %v", addr, acceptAny(a), acceptPublic(a))
		}
	}
}

// Close ends what is in progress with ErrClosed, waits, and lets nothing more in.
func TestClose(t *testing.T) {
	n := newNode(t, 0, tcp, func(c *Config) { c.RequestTimeout = time.Hour })
	var asked atomic.Int64
	pit := rawPeer(t, 1, func(s network.Stream) {
		b := make([]byte, 1)
		if _, err := io.ReadFull(s, b); err == nil {
			asked.Add(1)
		}
		_, _ = io.Copy(io.Discard, s)
	})
	n.host.Peerstore().AddAddrs(pit.ID(), pit.Addrs(), time.Hour)
	if ok, err := n.kad.RoutingTable().TryAddPeer(pit.ID(), true, false); !ok || err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	agent := newAgent(t, 1)
	for _, call := range []func() error{
		func() error { _, err := n.Search(context.Background(), agent.id(), nil); return err },
		func() error { _, err := n.Publish(context.Background(), agent.record(1), nil); return err },
		func() error { return n.PutTo(context.Background(), pit.ID(), agent.record(1)) },
		func() error { return n.Refresh(context.Background()) },
	} {
		wg.Go(func() {
			if err := call(); !errors.Is(err, ErrClosed) {
				t.Errorf("call ended in %v", err)
			}
		})
	}
	eventually(t, "the calls are in progress", func() bool { return asked.Load() >= 4 })
	begin := time.Now()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("Close took %v", took)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if _, err := n.Search(t.Context(), agent.id(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("search: %v", err)
	}
	if _, err := n.Bootstrap(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("bootstrap: %v", err)
	}
	if n.Stats().IdleStreams != 0 {
		t.Error("streams are left")
	}
}

// While Close waits, no call of Values is in progress any more, and none follows.
func TestCloseFencesValues(t *testing.T) {
	values := &slowValues{entered: make(chan struct{}), release: make(chan struct{})}
	h := newHost(t, 0, tcp)
	d, err := Join(Config{Host: h, Values: values})
	if err != nil {
		t.Fatal(err)
	}
	client := newNode(t, 1, tcp)
	client.host.Peerstore().AddAddrs(h.ID(), h.Addrs(), time.Hour)
	go func() { _ = client.PutTo(context.Background(), h.ID(), newAgent(t, 1).record(1)) }()
	<-values.entered
	closed := make(chan error, 1)
	go func() { closed <- d.Close() }()
	select {
	case <-closed:
		t.Fatal("Close returned while a value was being stored")
	case <-time.After(50 * time.Millisecond):
	}
	close(values.release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	before := values.calls.Load()
	if err := client.PutTo(t.Context(), h.ID(), newAgent(t, 2).record(1)); err == nil {
		t.Error("served after Close")
	}
	if values.calls.Load() != before {
		t.Error("Values was called after Close")
	}
}

type slowValues struct {
	entered, release chan struct{}
	once             sync.Once
	calls            atomic.Int64
}

func (v *slowValues) Get(context.Context, records.AgentID) (records.Value, error) {
	v.calls.Add(1)
	return nil, nil
}

func (v *slowValues) Put(context.Context, records.Value) error {
	v.calls.Add(1)
	v.once.Do(func() { close(v.entered) })
	<-v.release
	return nil
}

// Requests to one peer run side by side, and a stream that the server gave up is
// replaced without an error.
func TestSender(t *testing.T) {
	var streams atomic.Int64
	hold := make(chan struct{})
	server := fakePeer(t, 1, func(m *pb.Message) *pb.Message {
		if string(m.GetKey()) == "hold" {
			streams.Add(1)
			<-hold
		}
		return named(m)
	})
	n := newNode(t, 0, tcp)
	n.host.Peerstore().AddAddrs(server.ID(), server.Addrs(), time.Hour)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, err := n.sender.ask(t.Context(), server.ID(), findNode("hold")); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "three questions wait", func() bool { return streams.Load() == 3 })
	if _, err := n.sender.ask(t.Context(), server.ID(), findNode("quick")); err != nil {
		t.Error(err)
	}
	close(hold)
	wg.Wait()
	if got := n.sender.pool.count(); got != 4 {
		t.Errorf("%d idle streams", got)
	}
	for _, c := range server.Network().Conns() { // as a server does with idle streams
		for _, s := range c.GetStreams() {
			if s.Protocol() == mainProtocol {
				_ = s.Reset()
			}
		}
	}
	for range 6 {
		if _, err := n.sender.ask(t.Context(), server.ID(), findNode("again")); err != nil {
			t.Error(err)
		}
	}
	if s := n.Stats(); s.Requests < 10 || len(s.Failures) != 0 {
		t.Errorf("stats %+v", s)
	}
	n.sender.sweep(time.Now().Add(time.Hour))
	if got := n.sender.pool.count(); got != 0 {
		t.Errorf("%d idle streams after the sweep", got)
	}
}

func TestRoundTrips(t *testing.T) {
	var r roundTrips
	a, b := modelPeer(1), modelPeer(2)
	if r.limit(a, true) != lookup.FirstLimit || r.limit(a, false) != 3*lookup.FirstLimit {
		t.Error("nothing measured")
	}
	for range 50 {
		r.add(a, 100*time.Millisecond)
	}
	if l := r.limit(a, true); l < 100*time.Millisecond || l > 110*time.Millisecond {
		t.Errorf("limit %v", l)
	}
	if r.limit(b, true) != r.limit(a, true) || r.cost(b, true) != r.cost(a, true) {
		t.Error("the estimate of all does not stand in")
	}
	r.addCold(300 * time.Millisecond)
	if c := r.cost(b, false); c != 300*time.Millisecond {
		t.Errorf("cost of a dial %v", c)
	}
	for i := range uint64(2 * maxEstimates) {
		r.add(modelPeer(i), time.Nanosecond)
	}
	if len(r.peers) > maxEstimates {
		t.Errorf("%d estimates", len(r.peers))
	}
	if l := r.limit(modelPeer(2*maxEstimates-1), true); l != lookup.MinLimit {
		t.Errorf("least limit %v", l)
	}
}

// The verifier says what records.Validator says, for every order.
func TestVerifier(t *testing.T) {
	agent, other := newAgent(t, 1), newAgent(t, 2)
	key := agent.id().Key()
	bad := agent.record(7).Bytes()
	bad[len(bad)-100] ^= 1
	all := [][]byte{agent.record(1).Bytes(), agent.record(2).Bytes(), agent.tombstone().Bytes(), bad, nil, other.record(1).Bytes(), make([]byte, records.MaxValueSize+1)}
	v := &verifier{stats: new(counters)}
	for _, a := range all {
		for _, k := range []string{key, other.id().Key(), "/cairn/x", ""} {
			for range 2 { // remembered or not
				if got, want := v.Validate(k, a), (records.Validator{}).Validate(k, a); (got == nil) != (want == nil) {
					t.Errorf("validate: %v, want %v", got, want)
				}
			}
		}
		for _, b := range all {
			got, gotErr := v.Select(key, [][]byte{a, b})
			want, wantErr := (records.Validator{}).Select(key, [][]byte{a, b})
			if got != want || (gotErr == nil) != (wantErr == nil) {
				t.Errorf("select: %d %v, want %d %v", got, gotErr, want, wantErr)
			}
		}
	}
	for i := range uint32(2 * remembered) {
		if err := v.Validate(newAgent(t, 10+i).id().Key(), newAgent(t, 10+i).tombstone().Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if len(v.known) > remembered {
		t.Errorf("%d remembered", len(v.known))
	}
}

// managed is a host with another connection manager.
type managed struct {
	host.Host
	manager connmgr.ConnManager
}

func (m managed) ConnManager() connmgr.ConnManager { return m.manager }
