package gossip

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/records"
)

const testProtocol = protocol.ID("/cairn/test/sync/1")

// passive makes a node that starts no rounds by itself: only Sync and peers do.
func passive(c *Config) { c.SyncEvery = 1000 * time.Hour }

func TestSyncReport(t *testing.T) {
	a := join(t, newHost(t), facts(t, 0, 20), func(c *Config) { c.EverReady = func() bool { return true } })
	b := join(t, newHost(t), facts(t, 15, 25))
	b.host.Peerstore().AddAddrs(a.host.ID(), a.host.Addrs(), time.Hour)
	rep, err := b.Sync(t.Context(), a.host.ID()) // connects, which starts rounds as well
	if err != nil || !rep.Complete || rep.Err != nil {
		t.Fatalf("%+v, %v", rep, err)
	}
	if rep.Peer != a.host.ID() || !rep.EverReady || rep.Reason != "asked" || rep.RoundTrips < 1 || rep.BytesIn == 0 || rep.BytesOut == 0 || rep.Took <= 0 {
		t.Errorf("report %+v", rep)
	}
	a.has(t, facts(t, 0, 25)...)
	b.has(t, facts(t, 0, 25)...)
	b.wait(t, "hand the report to OnSync", func() bool { return slices.Contains(b.reports, rep) })
	if rep, err = a.Sync(t.Context(), b.host.ID()); err != nil || rep.EverReady {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestSyncBothWaysAtOnce(t *testing.T) {
	const each = 3_000
	a := join(t, newHost(t), facts(t, 0, each))
	b := join(t, newHost(t), facts(t, each, 2*each))
	connect(t, a.host, b.host)
	var both sync.WaitGroup
	for _, pair := range [][2]*node{{a, b}, {b, a}, {a, b}, {b, a}} {
		both.Go(func() {
			if rep, err := pair[0].Sync(t.Context(), pair[1].host.ID()); err != nil {
				t.Errorf("%v after %s", err, rep.Took)
			}
		})
	}
	both.Wait()
	if a.facts.Len() != 2*each || b.facts.Len() != 2*each {
		t.Errorf("%d and %d facts", a.facts.Len(), b.facts.Len())
	}
}

// TestSyncWhileFactsArrive: a round among moving sets is no agreement on more than
// it saw, and a later one ends in the union.
func TestSyncWhileFactsArrive(t *testing.T) {
	a, b := join(t, newHost(t), facts(t, 0, 100)), join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	var adding sync.WaitGroup
	for i, n := range []*node{a, b} {
		late := facts(t, 10_000*(i+1), 10_000*(i+1)+3_000)
		adding.Go(func() {
			for _, f := range late {
				n.facts.Add(f)
				runtime.Gosched()
			}
		})
	}
	for range 10 {
		if _, err := b.Sync(t.Context(), a.host.ID()); err != nil {
			t.Error(err)
		}
	}
	adding.Wait()
	if _, err := b.Sync(t.Context(), a.host.ID()); err != nil {
		t.Fatal(err)
	}
	rep, err := a.Sync(t.Context(), b.host.ID())
	if err != nil || rep.Received != 0 || rep.Sent != 0 || a.facts.Len() != b.facts.Len() {
		t.Errorf("%+v, %v; %d and %d facts", rep, err, a.facts.Len(), b.facts.Len())
	}
}

func TestSyncIsCompleteOnlyWhenFlushed(t *testing.T) {
	var flushes atomic.Int32
	var fail atomic.Bool
	fail.Store(true)
	a := join(t, newHost(t), facts(t, 0, 100))
	var held atomic.Int64
	b := join(t, newHost(t), nil, func(c *Config) {
		c.Flush = func(context.Context) error {
			flushes.Add(1)
			held.Store(int64(c.Facts.Len()))
			if fail.Load() {
				return errors.New("disk is full")
			}
			return nil
		}
	})
	connect(t, b.host, a.host)
	b.wait(t, "fail", func() bool { return len(b.reports) > 0 })
	b.mu.Lock()
	for _, rep := range b.reports {
		if rep.Complete || rep.Err == nil || errors.Is(rep.Err, ErrJunk) {
			t.Errorf("report %+v", rep)
		}
	}
	b.mu.Unlock()
	fail.Store(false)
	rep, err := b.Sync(t.Context(), a.host.ID())
	if err != nil || !rep.Complete || flushes.Load() < 2 || held.Load() != 100 {
		t.Errorf("%+v, %v; %d flushes, %d facts at the last", rep, err, flushes.Load(), held.Load())
	}
}

func TestSyncWithFailingIngest(t *testing.T) {
	a := join(t, newHost(t), facts(t, 0, 100))
	h := newHost(t)
	b := join(t, h, facts(t, 100, 110), func(c *Config) {
		c.Ingest = func(records.Fact, peer.ID, Via) (bool, error) { return false, errors.New("store is closed") }
	})
	connect(t, b.host, a.host)
	rep, err := b.Sync(t.Context(), a.host.ID())
	if err == nil || rep.Complete || errors.Is(err, ErrJunk) {
		t.Errorf("%+v, %v", rep, err)
	}
	a.has(t, facts(t, 100, 110)...) // the other side is none the worse
	if st := a.Stats(); st.SyncJunk != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestSyncEndsWithItsContext(t *testing.T) {
	a := join(t, newHost(t), nil)
	silent := newHost(t)
	silent.SetStreamHandler(testProtocol, func(s network.Stream) { _, _ = s.Read(make([]byte, 1<<20)) })
	connect(t, a.host, silent)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	rep, err := a.Sync(ctx, silent.ID())
	if !errors.Is(err, context.DeadlineExceeded) || rep.Took > 3*time.Second {
		t.Errorf("%v after %s", err, rep.Took)
	}
}

// TestHonestPeerInSpiteOfHostileOnes: peers that keep a node waiting, each in its
// own way, come first; the one that has the facts comes last.
func TestHonestPeerInSpiteOfHostileOnes(t *testing.T) {
	var hostile sync.WaitGroup
	t.Cleanup(hostile.Wait) // after the hosts are closed
	b := join(t, newHost(t), nil)
	for _, attack := range []script{hostileServers["says nothing"], hostileServers["a list for ever"], hostileServers["facts that do not verify"], hostileServers["wrong symbols for ever of 2^40 items"]} {
		h := newHost(t)
		h.SetStreamHandler(testProtocol, func(s network.Stream) {
			hostile.Add(1)
			defer hostile.Done()
			attack(t, newWire(s))
			_ = s.Reset()
		})
		connect(t, b.host, h)
	}
	start := time.Now()
	a := join(t, newHost(t), facts(t, 0, 1_000))
	connect(t, b.host, a.host)
	b.wait(t, "complete with the honest peer", func() bool {
		return slices.ContainsFunc(b.reports, func(r SyncReport) bool { return r.Complete && r.Peer == a.host.ID() })
	})
	t.Logf("after %s", time.Since(start))
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
	b.has(t, facts(t, 0, 1_000)...)
}

// TestServingInSpiteOfHostileClients: one peer opens as many sessions as it can and
// lets them hang.
func TestServingInSpiteOfHostileClients(t *testing.T) {
	a := join(t, newHost(t), facts(t, 0, 1_000))
	hostile := newHost(t)
	connect(t, hostile, a.host)
	for range 3 * maxServed {
		s, err := hostile.NewStream(t.Context(), a.host.ID(), testProtocol)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = s.Write([]byte{1})
	}
	eventually(t, "turn the hostile client away", func() bool { return a.Stats().SyncRefused >= 3*maxServed-2*maxServedPeer })
	b := join(t, newHost(t), nil)
	connect(t, b.host, a.host)
	b.has(t, facts(t, 0, 1_000)...)
}

func TestServerTurnsAway(t *testing.T) {
	v := newServer()
	for range maxServedPeer {
		if why := v.begin("p"); why != 0 {
			t.Fatal(why)
		}
	}
	if why := v.begin("p"); why != refuseBusy {
		t.Errorf("one too many of a peer: %v", why)
	}
	if why := v.begin("q"); why != 0 {
		t.Errorf("another peer: %v", why)
	}
	v.end("q", 2*peerBytesBurst)
	if why := v.begin("q"); why != 0 {
		t.Errorf("bytes used up, but not more: %v", why)
	}
	v.end("q", 1<<20)
	if why := v.begin("q"); why != refuseRate {
		t.Errorf("more bytes than granted: %v", why)
	}
	for range maxServedPeer {
		v.end("p", 100)
	}
	for i := range peerSessionsBurst + 5 {
		if why := v.begin("r"); why == refuseRate {
			if i < peerSessionsBurst {
				t.Errorf("after %d sessions: %v", i, why)
			}
			break
		} else if why == 0 {
			v.end("r", 100)
		}
		if i == peerSessionsBurst+4 {
			t.Error("sessions without end")
		}
	}
	for i := range maxServed {
		if why := v.begin(peer.ID(fmt.Sprint("many", i))); why != 0 {
			t.Fatal(why)
		}
	}
	if why := v.begin("last"); why != refuseBusy {
		t.Errorf("one too many at once: %v", why)
	}
	if len(v.all) != maxServed {
		t.Errorf("%d places taken", len(v.all))
	}
}

func TestServerForgetsQuotas(t *testing.T) {
	v := newServer()
	for i := range maxQuotas {
		p := peer.ID(fmt.Sprint("p", i))
		if v.quota(p) == nil {
			t.Fatal("no quota")
		}
	}
	if v.quota("one more") == nil || len(v.quotas) != 1 {
		t.Errorf("%d quotas are kept though unused", len(v.quotas))
	}
	clear(v.quotas)
	for i := range maxQuotas {
		v.quota(peer.ID(fmt.Sprint("p", i))).active = 1
	}
	if v.quota("one more") != nil {
		t.Error("more quotas than the limit")
	}
}

func TestHeavyPlacesAreWaitedFor(t *testing.T) {
	v := newServer()
	var release []func()
	for range maxServedHeavy {
		r, ok := v.admit(t.Context())
		if !ok {
			t.Fatal("no place")
		}
		release = append(release, r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := v.admit(ctx); ok {
		t.Error("a place too many")
	}
	time.AfterFunc(10*time.Millisecond, release[0])
	if _, ok := v.admit(t.Context()); !ok {
		t.Error("a place that became free was not given")
	}
}

// TestDropsStartReconciliation: whatever the router says that it dropped.
func TestDropsStartReconciliation(t *testing.T) {
	rpc := &pubsub.RPC{RPC: pb.RPC{Publish: []*pb.Message{{}}}}
	for _, row := range []struct {
		name    string
		drop    func(tr tracer, p peer.ID)
		counter func(Stats) uint64
	}{
		{"outbound queue", func(tr tracer, p peer.ID) { tr.DropRPC(rpc, p) }, func(s Stats) uint64 { return s.DroppedOutbound }},
		{"validation queue", func(tr tracer, p peer.ID) {
			tr.RejectMessage(&pubsub.Message{ReceivedFrom: p}, pubsub.RejectValidationQueueFull)
		}, func(s Stats) uint64 { return s.DroppedValidation }},
		{"validation throttled", func(tr tracer, p peer.ID) {
			tr.RejectMessage(&pubsub.Message{ReceivedFrom: p}, pubsub.RejectValidationThrottled)
		}, func(s Stats) uint64 { return s.DroppedValidation }},
		{"subscription", func(tr tracer, p peer.ID) { tr.UndeliverableMessage(&pubsub.Message{}) }, func(s Stats) uint64 { return s.DroppedSubscription }},
		{"peer throttled", func(tr tracer, p peer.ID) { tr.ThrottlePeer(p) }, func(s Stats) uint64 { return s.DroppedThrottled }},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := join(t, newHost(t), nil, passive), join(t, newHost(t), nil, passive)
			connect(t, a.host, b.host)
			meet(t, a, b)
			eventually(t, "settle", func() bool { return a.reconciler.settled(b.host.ID()) && b.reconciler.settled(a.host.ID()) })
			f := fact(t, 1)
			b.facts.Add(f) // nobody is told
			row.drop(newTracer(a.Topic), b.host.ID())
			a.has(t, f)
			if got := row.counter(a.Stats()); got != 1 {
				t.Errorf("counted %d", got)
			}
		})
	}
	control := &pubsub.RPC{}
	a := join(t, newHost(t), nil)
	newTracer(a.Topic).DropRPC(control, "p")
	if got := a.Stats().DroppedOutbound; got != 0 {
		t.Errorf("a control message counts as %d dropped facts", got)
	}
}

// TestTimerReconciles: what no event tells is found by the timer, where there are no
// pulses.
func TestTimerReconciles(t *testing.T) {
	a := join(t, newHost(t), nil, passive, func(c *Config) { c.NoTrees = true })
	b := join(t, newHost(t), nil, func(c *Config) { c.SyncEvery = 200 * time.Millisecond })
	connect(t, a.host, b.host)
	meet(t, a, b)
	eventually(t, "settle", func() bool { return a.reconciler.settled(b.host.ID()) && b.reconciler.settled(a.host.ID()) })
	f := fact(t, 1)
	a.facts.Add(f)
	b.has(t, f)
	b.wait(t, "name the timer", func() bool {
		return slices.ContainsFunc(b.reports, func(r SyncReport) bool { return r.Complete && r.Reason == "timer" })
	})
}

// TestPulseReconciles: what no event tells is found by the pulses of a link, whoever
// lacks it, and the timer leaves the peer alone.
func TestPulseReconciles(t *testing.T) {
	quick := func(c *Config) { c.SyncEvery = 200 * time.Millisecond }
	a, b := join(t, newHost(t), nil, quick), join(t, newHost(t), nil, quick)
	connect(t, a.host, b.host)
	linked(t, a, b)
	eventually(t, "settle", func() bool { return a.reconciler.settled(b.host.ID()) && b.reconciler.settled(a.host.ID()) })
	for i, n := range []*node{a, b} {
		other := []*node{b, a}[i]
		f := fact(t, i)
		n.facts.Add(f) // nobody is told
		n.hasten()
		other.has(t, f)
	}
	b.hasten()
	a.wait(t, "agree by a pulse", func() bool {
		return slices.ContainsFunc(a.reports, func(r SyncReport) bool { return r.Complete && r.Reason == "pulse" && r.Received == 0 })
	})
	for _, n := range []*node{a, b} {
		n.mu.Lock()
		for _, r := range n.reports {
			if r.Reason == "timer" {
				t.Errorf("a round by the timer: %+v", r)
			}
		}
		n.mu.Unlock()
	}
}

// hasten makes the next pulses of all links due.
func (n *node) hasten() {
	n.trees.mu.Lock()
	defer n.trees.mu.Unlock()
	for _, l := range n.trees.byPeer {
		l.heart.due = time.Now()
	}
}

// BenchmarkSession is a session between two sides that hold n facts, over a pipe: one
// has missed d since they agreed, both have, or they are strangers and both lack d/2.
func BenchmarkSession(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		shared := facts(b, 0, n)
		client, server := side(setOf(shared)), side(setOf(shared))
		if o := talk(client, server); o.clientErr != nil {
			b.Fatal(o.clientErr)
		}
		next := n
		add := func(r *reconciler, d int) {
			for _, f := range facts(b, next, next+d) {
				r.facts.Add(f)
			}
			next += d
		}
		for _, kind := range []string{"behind", "diverged", "strangers"} {
			for _, d := range []int{0, 10, 100, 1_000} {
				b.Run(fmt.Sprintf("n=%d,%s,d=%d", n, kind, d), func(b *testing.B) {
					var bytes, trips int64
					for b.Loop() {
						b.StopTimer()
						if add(server, d-d/2); kind == "behind" {
							add(server, d/2)
						} else {
							add(client, d/2)
						}
						if kind == "strangers" {
							client.memory, server.memory = newAcquaintances(), newAcquaintances()
						}
						b.StartTimer()
						o := talk(client, server)
						if o.clientErr != nil {
							b.Fatal(o.clientErr)
						}
						bytes, trips = bytes+o.bytes(), trips+int64(o.client.waits)
					}
					b.ReportMetric(float64(bytes)/float64(b.N), "wire-B/op")
					b.ReportMetric(float64(trips)/float64(b.N), "trips/op")
				})
			}
		}
	}
}

// BenchmarkLateJoiner is a session with n facts on one side only.
func BenchmarkLateJoiner(b *testing.B) {
	const n = 100_000
	all := facts(b, 0, n)
	for b.Loop() {
		b.StopTimer()
		client, server := side(setOf()), side(setOf(all))
		b.StartTimer()
		if o := talk(client, server); o.clientErr != nil || client.facts.Len() != n {
			b.Fatal(o.clientErr)
		}
	}
}
