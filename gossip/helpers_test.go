package gossip

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// patience of tests: the time after which a condition counts as not met.
const soon = time.Minute

// fact makes the n-th tombstone, with 1 to 3 locks (78 to 146 bytes).
func fact(t testing.TB, n int, locks ...int) records.Fact {
	t.Helper()
	f, err := makeFact(n, locks...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// plainFact is fact without a test.
func plainFact(n int) records.Fact {
	f, err := makeFact(n)
	if err != nil {
		panic(err)
	}
	return f
}

func makeFact(n int, locks ...int) (records.Fact, error) {
	return makeFactEnding(n, 2_000_000_000, locks...)
}

func makeFactEnding(n int, end uint32, locks ...int) (records.Fact, error) {
	var body [32]byte
	binary.BigEndian.PutUint64(body[:], uint64(n))
	secrets := make([]records.Secret, max(1, sum(locks)))
	for i := range secrets {
		binary.BigEndian.PutUint64(secrets[i][:], uint64(n)+1)
		secrets[i][31] = byte(i)
	}
	h, err := records.NewHeader(records.KindAgent, end, body, secrets...)
	if err != nil {
		return nil, err
	}
	return h.Reveal(secrets[0])
}

func sum(ns []int) (total int) {
	for _, n := range ns {
		total += n
	}
	return total
}

// facts makes those from first up to, but not with, end.
func facts(t testing.TB, first, end int) []records.Fact {
	t.Helper()
	fs := make([]records.Fact, 0, end-first)
	for n := first; n < end; n++ {
		fs = append(fs, fact(t, n))
	}
	return fs
}

func setOf(fs ...[]records.Fact) *records.FactSet {
	s := records.NewFactSet()
	for _, list := range fs {
		for _, f := range list {
			s.Add(f)
		}
	}
	return s
}

// newHost makes a libp2p host on loopback.
func newHost(t testing.TB) host.Host {
	t.Helper()
	h, err := libp2p.New(
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.DisableRelay(), libp2p.DisableIdentifyAddressDiscovery(),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func connect(t testing.TB, a, b host.Host) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := a.Connect(ctx, peer.AddrInfo{ID: b.ID(), Addrs: b.Addrs()}); err != nil {
		t.Fatal(err)
	}
}

// node is a host, a set and a topic, the way package node puts them together.
type node struct {
	*Topic
	host  host.Host
	facts *records.FactSet

	mu      sync.Mutex
	vias    map[records.AgentID]Via
	reports []SyncReport
	fail    error // what Ingest returns, if set
	changed *sync.Cond
}

// join makes a node. change may adapt the configuration.
func join(t testing.TB, h host.Host, held []records.Fact, change ...func(*Config)) *node {
	t.Helper()
	n := &node{host: h, facts: setOf(held), vias: make(map[records.AgentID]Via)}
	n.changed = sync.NewCond(&n.mu)
	cfg := Config{
		Host: h, Facts: n.facts, Ingest: n.ingest, Network: "test", OnSync: n.synced,
		SyncEvery: time.Hour, // nothing in these tests may depend on the timer
	}
	for _, c := range change {
		c(&cfg)
	}
	topic, err := Join(cfg)
	if err != nil {
		t.Fatal(err)
	}
	n.Topic = topic
	t.Cleanup(func() { _ = topic.Close() })
	return n
}

func (n *node) ingest(f records.Fact, _ peer.ID, via Via) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer n.changed.Broadcast()
	if n.fail != nil {
		return false, n.fail
	}
	isNew := n.facts.Add(f)
	if isNew {
		n.vias[f.ID()] = via
	}
	return isNew, nil
}

func (n *node) synced(rep SyncReport) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reports = append(n.reports, rep)
	n.changed.Broadcast()
}

// wait waits until cond holds, which is asked under the node's lock whenever a
// fact or a report has come.
func (n *node) wait(t testing.TB, what string, cond func() bool) {
	t.Helper()
	late := time.AfterFunc(soon, n.changed.Broadcast)
	defer late.Stop()
	end := time.Now().Add(soon)
	n.mu.Lock()
	defer n.mu.Unlock()
	for !cond() {
		if time.Now().After(end) {
			t.Fatalf("%s: not so within %s; %d facts, stats %+v", what, soon, n.facts.Len(), n.Stats())
		}
		n.changed.Wait()
	}
}

// has waits until the node holds the facts.
func (n *node) has(t testing.TB, fs ...records.Fact) {
	t.Helper()
	n.wait(t, fmt.Sprintf("hold %d facts", len(fs)), func() bool {
		if n.facts.Len() < len(fs) {
			return false
		}
		for _, f := range fs {
			if n.facts.Lookup(f.ID()) == nil {
				return false
			}
		}
		return true
	})
}

// eventually polls a condition that nobody announces.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not so within %s", what, soon)
		}
	}
}

// publish adds the fact to the node's own set and sends it.
func (n *node) publish(t testing.TB, f records.Fact) int {
	t.Helper()
	n.facts.Add(f)
	peers, err := n.Publish(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return peers
}

// meet waits until each of the nodes has all others on the topic.
func meet(t testing.TB, nodes ...*node) {
	t.Helper()
	eventually(t, "meet on the topic", func() bool {
		for _, n := range nodes {
			if len(n.Peers()) < len(nodes)-1 {
				return false
			}
		}
		return true
	})
}

func random(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
