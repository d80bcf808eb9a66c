package overlay

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

const (
	tcp  = "/ip4/127.0.0.1/tcp/0"
	quic = "/ip4/127.0.0.1/udp/0/quic-v1"
)

// hostKey makes a key that follows from seed and the test's name.
func hostKey(t testing.TB, seed uint64) (crypto.PrivKey, peer.ID) {
	t.Helper()
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(t.Name()), seed))
	key, _, err := crypto.GenerateEd25519Key(bytes.NewReader(sum[:]))
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, id
}

// seedsNear returns n seeds whose hosts lie nearer to an agent's key than all nodes.
func seedsNear(t testing.TB, nodes []*testNode, id records.AgentID, n int) (seeds []uint64) {
	t.Helper()
	target := positionOfKey(id.Key())
	bound := target.To(positionOfPeer(nearest(nodes, id, 1, "")[0]))
	for seed := uint64(1000); len(seeds) < n; seed++ {
		if _, id := hostKey(t, seed); target.To(positionOfPeer(id)).Compare(bound) < 0 {
			seeds = append(seeds, seed)
		}
	}
	return seeds
}

// newHost makes a host on loopback whose identity follows from seed.
func newHost(t testing.TB, seed uint64, addr string) host.Host {
	t.Helper()
	key, _ := hostKey(t, seed)
	h, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrStrings(addr), libp2p.DisableRelay(), libp2p.DisableMetrics(),
		libp2p.ResourceManager(&network.NullResourceManager{}), libp2p.DisableIdentifyAddressDiscovery())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func infoOf(h host.Host) peer.AddrInfo { return peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()} }

// testNode is a node of a test network.
type testNode struct {
	*DHT
	host   host.Host
	values *Memory
}

func (n *testNode) info() peer.AddrInfo { return infoOf(n.host) }

// newNode makes a node that knows nobody. set changes its configuration.
func newNode(t testing.TB, seed uint64, addr string, set ...func(*Config)) *testNode {
	t.Helper()
	n := &testNode{host: newHost(t, seed, addr), values: NewMemory(nil)}
	cfg := Config{Host: n.host, Values: n.values}
	for _, f := range set {
		f(&cfg)
	}
	d, err := Join(cfg)
	if err != nil {
		t.Fatal(err)
	}
	n.DHT = d
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// newNetwork makes n nodes that know each other through the first three.
func newNetwork(t testing.TB, n int, addr string, set ...func(*Config)) []*testNode {
	t.Helper()
	nodes := make([]*testNode, n)
	for i := range nodes {
		nodes[i] = newNode(t, uint64(i), addr, set...)
	}
	start := time.Now()
	defer func() { t.Logf("%d nodes joined in %v", n, time.Since(start).Round(time.Millisecond)) }()
	var seeds []peer.AddrInfo
	for _, s := range nodes[:min(3, n)] {
		seeds = append(seeds, s.info())
	}
	join := func(i int) {
		atLast(t, fmt.Sprintf("node %d joins", i), func() bool {
			_, err := nodes[i].Bootstrap(t.Context(), seeds)
			return err == nil
		})
	}
	// Two hosts that dial each other at the same instant over TCP can both fail.
	for i := range seeds {
		join(i)
	}
	inParallel(n-len(seeds), 4, func(i int) { join(i + len(seeds)) })
	inParallel(n, 4, func(i int) {
		atLast(t, fmt.Sprintf("node %d knows the others", i), func() bool { return nodes[i].Refresh(t.Context()) == nil })
	})
	return nodes
}

func inParallel(n, width int, f func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range width {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// testAgent is an agent with its secrets.
type testAgent struct {
	t      testing.TB
	ident  *records.Identity
	key    records.Signer
	secret records.Secret
}

func newAgent(t testing.TB, n uint32) testAgent {
	t.Helper()
	seed := sha256.Sum256(binary.BigEndian.AppendUint32([]byte("agent"), n))
	key, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	g := records.Genesis{Keys: []records.PublicKey{key.Public()}, Next: [][32]byte{{1}}, Nonce: [16]byte(seed[:16])}
	secret := records.Secret(seed)
	ident, err := records.NewIdentity(g, time.Now().Truncate(24*time.Hour).Add(records.DefaultLife), secret)
	if err != nil {
		t.Fatal(err)
	}
	return testAgent{t, ident, key, secret}
}

func (a testAgent) id() records.AgentID { return a.ident.ID() }

func (a testAgent) record(seq uint64) *records.Record {
	a.t.Helper()
	r, err := records.Sign(a.ident, a.key, records.Draft{Sequence: seq, Issued: time.Now(), Location: records.Location{
		Endpoints: []records.Endpoint{{URL: "https://agent.example/a2a", Protocol: "a2a"}},
	}})
	if err != nil {
		a.t.Fatal(err)
	}
	return r
}

func (a testAgent) tombstone() *records.Tombstone {
	a.t.Helper()
	dead, err := a.ident.Header().Reveal(a.secret)
	if err != nil {
		a.t.Fatal(err)
	}
	return dead
}

// searchAll returns every answer of a search that runs to its end.
func searchAll(t testing.TB, n *testNode, id records.AgentID) ([]Answer, Report) {
	t.Helper()
	var all []Answer
	report, err := n.Search(t.Context(), id, func(a Answer) bool { all = append(all, a); return true })
	if err != nil {
		t.Fatalf("search: %v (%+v)", err, report)
	}
	return all, report
}

// nearest returns the k nodes nearest to an agent's key, without except.
func nearest(nodes []*testNode, id records.AgentID, k int, except peer.ID) []peer.ID {
	target := positionOfKey(id.Key())
	var ids []peer.ID
	for _, n := range nodes {
		if n.self != except {
			ids = append(ids, n.self)
		}
	}
	slices.SortFunc(ids, func(a, b peer.ID) int {
		return target.To(positionOfPeer(a)).Compare(target.To(positionOfPeer(b)))
	})
	return ids[:min(k, len(ids))]
}

func holders(t testing.TB, nodes []*testNode, id records.AgentID) []peer.ID {
	t.Helper()
	var out []peer.ID
	for _, n := range nodes {
		v, err := n.values.Get(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		if v != nil {
			out = append(out, n.self)
		}
	}
	return out
}

// eventually waits until ok, and fails the test after a while.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// atLast tries again for a while. Lookups leave out who is late, and on a starved machine
// anybody can be; and two hosts whose dials met, and both failed, do not dial each other
// again for five seconds. What a test expects of everybody gets another chance.
func atLast(t testing.TB, what string, try func() (ok bool)) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	pause := time.NewTicker(500 * time.Millisecond)
	defer pause.Stop()
	for !try() {
		t.Logf("not at once: %s", what)
		select {
		case <-pause.C:
		case <-deadline.C:
			t.Errorf("not within 30 s: %s", what)
			return
		}
	}
}
