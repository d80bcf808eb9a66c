package node

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// loopbackQUIC is where test nodes listen.
func loopbackQUIC() []multiaddr.Multiaddr {
	return []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}
}

// newTestNode starts a node that joins through the others and waits until it is ready.
func newTestNode(t *testing.T, cfg Config, join ...*Node) *Node {
	t.Helper()
	cfg.Listen = loopbackQUIC()
	for _, n := range join {
		cfg.Bootstrap = append(cfg.Bootstrap, n.AddrInfo())
	}
	n, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	awaitReady(t, n)
	for _, other := range join {
		until(t, "those it joined know it", func() bool { return slices.Contains(other.dht.TablePeers(), n.ID()) })
	}
	return n
}

func awaitReady(t *testing.T, n *Node) {
	t.Helper()
	select {
	case <-n.Ready():
	case <-time.After(30 * time.Second):
		state, why := n.State()
		t.Fatalf("not ready: %s, %s", state, why)
	}
}

// until polls a condition; it fails the test when the condition stays false.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

func placeAt(url string) records.Location {
	return records.Location{Endpoints: []records.Endpoint{{URL: url, Protocol: "a2a"}}, Capabilities: []string{"/translate-en-es"}}
}

func mustAgent(t *testing.T, n *Node, name string) keyring.Agent {
	t.Helper()
	a, err := n.Agents().New(name, keyring.NewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustResolve(t *testing.T, n *Node, id records.AgentID, p Policy) Resolution {
	t.Helper()
	res, err := n.Resolve(t.Context(), id, p)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestPublishMoveRevoke(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{}, a)
	c := newTestNode(t, Config{}, a)
	agent := mustAgent(t, a, "mover")
	for i, url := range []string{"https://one.example/a2a", "https://two.example/a2a"} {
		done, err := a.PublishAgent(t.Context(), "mover", placeAt(url), 0)
		if err != nil {
			t.Fatal(err)
		}
		if done.Receipt.Targets != 2 || done.Receipt.Acks != 2 || done.Receipt.ReadBack != 2 || done.Record.Sequence() != uint64(i+1) {
			t.Fatalf("receipt %+v of sequence %d", done.Receipt, done.Record.Sequence())
		}
		for _, n := range []*Node{a, b, c} {
			res := mustResolve(t, n, agent.ID(), Policy{})
			if res.Status != records.StatusActive || res.Record.Location().Endpoints[0].URL != url {
				t.Fatalf("resolved %s %v (%s)", res.Status, res.Record, res.Reason)
			}
		}
	}
	cert, err := a.Agents().Certificate("mover")
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := c.Revoke(t.Context(), cert) // by another node than the publisher
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Acks != 2 || receipt.GossipPeers == 0 {
		t.Fatalf("revoke receipt %+v", receipt)
	}
	for _, n := range []*Node{a, b, c} {
		until(t, "revoked everywhere", func() bool {
			res := mustResolve(t, n, agent.ID(), Policy{Mode: PolicyCacheOnly})
			return res.Status == records.StatusRevoked && res.Tombstone.ID() == agent.ID() && res.Record == nil
		})
	}
	if _, err := a.PublishAgent(t.Context(), "mover", placeAt("https://three.example"), 0); !errors.Is(err, records.ErrRevoked) {
		t.Fatalf("published a dead agent: %v", err)
	}
	until(t, "the lease of a dead agent ends", func() bool { return !a.leases.holds(agent.ID()) })
}

func TestPoliciesAgree(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{}, a)
	newTestNode(t, Config{}, a)
	agent := mustAgent(t, a, "one")
	if _, err := a.PublishAgent(t.Context(), "one", placeAt("https://one.example"), 0); err != nil {
		t.Fatal(err)
	}
	for _, p := range []Policy{{}, {Mode: PolicyFirst}, {Mode: PolicyMostRecent}, {Mode: PolicyQuorum, Quorum: 2}, {Mode: PolicyCacheOnly}} {
		if res := mustResolve(t, b, agent.ID(), p); res.Status != records.StatusActive {
			t.Errorf("policy %q: %s (%s)", p.Mode, res.Status, res.Reason)
		}
	}
	if res := mustResolve(t, b, agent.ID(), Policy{Mode: PolicyQuorum, Quorum: 20}); res.Status != records.StatusUnverified {
		t.Errorf("a quorum of 20 among 3: %s", res.Status)
	}
	if _, err := b.Resolve(t.Context(), agent.ID(), Policy{Mode: PolicyQuorum}); err == nil {
		t.Error("a quorum of 0 passed")
	}
}

func TestUnknownAgent(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{}, a)
	agent := mustAgent(t, a, "silent")
	if res := mustResolve(t, b, agent.ID(), Policy{}); res.Status != records.StatusUnknown {
		t.Fatalf("%s (%s)", res.Status, res.Reason)
	}
}

func TestAloneSaysSo(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	mustAgent(t, a, "hermit")
	done, err := a.PublishAgent(t.Context(), "hermit", placeAt("https://one.example"), 0)
	if !errors.Is(err, overlay.ErrNoPeers) {
		t.Fatalf("publishing alone: %v", err)
	}
	if done.Record == nil || !a.leases.holds(done.Record.ID()) {
		t.Fatal("what was partial is not kept")
	}
	if res := mustResolve(t, a, done.Record.ID(), Policy{}); res.Status != records.StatusActive {
		t.Fatalf("own agent: %s (%s)", res.Status, res.Reason)
	}
	b := newTestNode(t, Config{}, a) // peers come: the record goes out by itself
	until(t, "the kept record goes out", func() bool {
		return mustResolve(t, b, done.Record.ID(), Policy{Mode: PolicyCacheOnly}).Status == records.StatusActive
	})
}

func TestUnreachableBootstrapIsNotReady(t *testing.T) {
	gone := newTestNode(t, Config{})
	info := gone.AddrInfo()
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	n, err := New(Config{Dir: dir, Listen: loopbackQUIC(), Bootstrap: []peer.AddrInfo{info}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	agent := mustAgent(t, n, "early")
	if _, err := n.PublishAgent(t.Context(), "early", placeAt("https://one.example"), 0); err == nil {
		t.Fatal("published without a peer")
	}
	if res := mustResolve(t, n, agent.ID(), Policy{}); res.Status != records.StatusUnverified || res.Reason == "" {
		t.Fatalf("before ready: %s (%s)", res.Status, res.Reason)
	}
	cert, err := n.Agents().Certificate("early")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Revoke(t.Context(), cert); !errors.Is(err, overlay.ErrNoPeers) {
		t.Fatalf("revoke alone: %v", err)
	}
	if res := mustResolve(t, n, agent.ID(), Policy{}); res.Status != records.StatusRevoked {
		t.Fatalf("what can be proved is not answered before ready: %s", res.Status)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	a := newTestNode(t, Config{})
	b, err := New(Config{Dir: dir, Listen: loopbackQUIC(), Bootstrap: []peer.AddrInfo{a.AddrInfo()}})
	if err != nil {
		t.Fatal(err)
	}
	awaitReady(t, b)
	keep, kill := mustAgent(t, b, "keep"), mustAgent(t, b, "kill")
	for _, name := range []string{"keep", "kill"} {
		if _, err := b.PublishAgent(t.Context(), name, placeAt("https://one.example"), 0); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := b.Agents().Certificate("kill")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Revoke(t.Context(), cert); err != nil {
		t.Fatal(err)
	}
	id, memory := b.ID(), b.topic.Memory()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = newTestNode(t, Config{Dir: dir}, a)
	if b.ID() != id {
		t.Error("the node's key changed")
	}
	if instance := memory[:1+8]; !bytes.HasPrefix(b.topic.Memory(), instance) {
		t.Error("to its peers the node's facts are others")
	}
	if !b.leases.holds(keep.ID()) || b.leases.holds(kill.ID()) {
		t.Error("leases changed over the restart")
	}
	if res := mustResolve(t, b, kill.ID(), Policy{Mode: PolicyCacheOnly}); res.Status != records.StatusRevoked {
		t.Errorf("the tombstone is gone: %s", res.Status)
	}
	done, err := b.PublishAgent(t.Context(), "keep", placeAt("https://two.example"), 0)
	if err != nil || done.Record.Sequence() != 2 {
		t.Errorf("sequence after a restart: %+v, %v", done.Record, err)
	}
}

func TestLeaseIsRenewedUntilWithdrawn(t *testing.T) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	a := newTestNode(t, Config{Dir: t.TempDir(), Now: now})
	b := newTestNode(t, Config{Now: now}, a)
	agent := mustAgent(t, a, "renewed")
	if _, err := a.PublishAgent(t.Context(), "renewed", placeAt("https://one.example"), time.Hour); err != nil {
		t.Fatal(err)
	}
	ahead.Add(int64(50 * time.Minute))
	until(t, "the lease is renewed and pushed", func() bool {
		l, ok := a.leases.get(agent.ID())
		c, hit := b.cache.get(agent.ID())
		return ok && l.Sequence == 2 && !l.Pending && hit && c.rec.Sequence() == 2
	})
	end, err := a.Withdraw(t.Context(), agent.ID())
	if err != nil {
		t.Fatal(err)
	}
	ahead.Add(int64(2 * time.Hour))
	if now().Before(end) {
		t.Fatalf("the last lease ends at %s", end)
	}
	if res := mustResolve(t, b, agent.ID(), Policy{}); res.Status != records.StatusExpired {
		t.Fatalf("after the last lease: %s (%s)", res.Status, res.Reason)
	}
	if _, err := a.Withdraw(t.Context(), agent.ID()); !errors.Is(err, ErrNotFound) {
		t.Fatalf("withdrawn twice: %v", err)
	}
}

func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	newTestNode(t, Config{Dir: dir})
	if _, err := New(Config{Dir: dir, Listen: loopbackQUIC()}); !errors.Is(err, store.ErrInUse) {
		t.Fatalf("second node in one directory: %v", err)
	}
}

func TestCorruptStoreIsKeptAsideAndRebuilt(t *testing.T) {
	a, dir := newTestNode(t, Config{Dir: t.TempDir()}), t.TempDir()
	b, err := New(Config{Dir: dir, Listen: loopbackQUIC(), Bootstrap: []peer.AddrInfo{a.AddrInfo()}})
	if err != nil {
		t.Fatal(err)
	}
	awaitReady(t, b)
	agent := mustAgent(t, a, "gone")
	cert, err := a.Agents().Certificate("gone")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Revoke(t.Context(), cert); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	breakStore(t, filepath.Join(dir, "store"))
	for range 2 { // the second time its store is whole, and it still knows nobody
		lonely, err := New(Config{Dir: dir, Listen: loopbackQUIC()})
		if err != nil {
			t.Fatal(err)
		}
		if state, why := lonely.State(); state != StateStarting || !strings.Contains(why, "--bootstrap") {
			t.Errorf("without its facts and its peers it is %s: %s", state, why)
		}
		if err := lonely.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b = newTestNode(t, Config{Dir: dir}, a)
	if res := mustResolve(t, b, agent.ID(), Policy{Mode: PolicyCacheOnly}); res.Status != records.StatusRevoked {
		t.Errorf("facts did not come back from peers: %s", res.Status)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "store.corrupt-*"))
	if err != nil || len(kept) != 1 {
		t.Errorf("the corrupt store is not kept aside: %v, %v", kept, err)
	}
}

// TestLostLeasesAreTakenUp loses a store: what was published from there is kept alive
// again, what was withdrawn or revoked is not.
func TestLostLeasesAreTakenUp(t *testing.T) {
	a, dir := newTestNode(t, Config{Dir: t.TempDir()}), t.TempDir()
	b, err := New(Config{Dir: dir, Listen: loopbackQUIC(), Bootstrap: []peer.AddrInfo{a.AddrInfo()}})
	if err != nil {
		t.Fatal(err)
	}
	awaitReady(t, b)
	until(t, "the peer is in the table", func() bool { return b.dht.TableSize() == 1 })
	for _, name := range []string{"kept", "withdrawn", "revoked"} {
		mustAgent(t, b, name)
		if _, err := b.PublishAgent(t.Context(), name, placeAt("https://one.example"), 90*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	withdrawn, err := b.Agents().Get("withdrawn")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Withdraw(t.Context(), withdrawn.ID()); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	cert, err := b.Agents().Certificate("revoked")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Revoke(t.Context(), cert); !errors.Is(err, overlay.ErrNoPeers) {
		t.Fatal(err)
	}
	breakStore(t, filepath.Join(dir, "store"))
	b = newTestNode(t, Config{Dir: dir}, a)
	until(t, "the lease is taken up", func() bool { return b.leases.count() == 1 })
	until(t, "the dead one is not looked for again", func() bool { return len(b.lostLeases()) == 0 })
	kept, err := b.Agents().Get("kept")
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := b.leases.get(kept.ID()); !ok || l.Name != "kept" || l.Lease != 90*time.Minute || l.Sequence != 1 {
		t.Errorf("lease %+v, %v", l, ok)
	}
	until(t, "the peer is in the table", func() bool { return b.dht.TableSize() == 1 })
	done, err := b.PublishAgent(t.Context(), "kept", placeAt("https://two.example"), 0)
	if err != nil || done.Record.Sequence() != 2 {
		t.Errorf("the next publish: %+v, %v", done, err)
	}
}

// breakStore overwrites the files that say what the store consists of.
func breakStore(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), "MANIFEST") {
			return os.WriteFile(path, []byte("this is no manifest of any store"), 0o600)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFactsCanBeFollowed(t *testing.T) {
	n := newTestNode(t, Config{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var want []records.AgentID
	next := func() {
		name := "f" + string(rune('a'+len(want)))
		want = append(want, mustAgent(t, n, name).ID())
		cert, err := n.Agents().Certificate(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Revoke(t.Context(), cert); !errors.Is(err, overlay.ErrNoPeers) {
			t.Fatal(err)
		}
	}
	next()
	var cursor uint64
	for f, err := range n.Facts(ctx, 0, true) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Fact.ID() != want[len(want)-1] || f.Cursor <= cursor || f.Source != sourceLocal {
			t.Fatalf("fact %+v", f)
		}
		if cursor = f.Cursor; len(want) == 5 {
			break
		}
		next()
	}
	var all []records.AgentID
	for f, err := range n.Facts(ctx, 0, false) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Fact.ID())
	}
	if len(all) != 5 || all[0] != want[0] || all[4] != want[4] {
		t.Fatalf("facts %v, want %v", all, want)
	}
	for _, err := range n.Facts(ctx, cursor+100, true) { // of another node
		if !errors.Is(err, ErrUsage) {
			t.Fatalf("a cursor that is not of here: %v", err)
		}
	}
}

func TestWatchSeesMovesAndTheEnd(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{}, a)
	agent := mustAgent(t, a, "watched")
	publish := func(url string) {
		if _, err := a.PublishAgent(t.Context(), "watched", placeAt(url), 0); err != nil {
			t.Fatal(err)
		}
	}
	publish("https://one.example")
	var seen []string
	for res, err := range b.Watch(t.Context(), agent.ID()) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, string(res.Status))
		switch len(seen) {
		case 1:
			publish("https://two.example")
		case 2:
			cert, err := a.Agents().Certificate("watched")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Revoke(t.Context(), cert); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := strings.Join(seen, " "); got != "active active revoked" {
		t.Fatalf("saw %s", got)
	}
}
