package gossip

import (
	"context"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip/tree"
	"github.com/cairn-overlay/cairn/records"
)

// linked waits until each node has a proven link to all others.
func linked(t testing.TB, nodes ...*node) {
	t.Helper()
	eventually(t, "link", func() bool {
		for _, n := range nodes {
			for _, p := range nodes {
				if p != n && !n.trees.linked(p.host.ID()) {
					return false
				}
			}
		}
		return true
	})
}

// chain joins nodes of which each is connected to the next one only.
func chain(t testing.TB, length int, change ...func(*Config)) []*node {
	t.Helper()
	var nodes []*node
	for i := range length {
		nodes = append(nodes, join(t, newHost(t), nil, change...))
		if i > 0 {
			a, b := nodes[i-1], nodes[i]
			connect(t, b.host, a.host)
			linked(t, a, b)
			eventually(t, "settle", func() bool { return a.reconciler.settled(b.host.ID()) && b.reconciler.settled(a.host.ID()) })
		}
	}
	return nodes
}

// A fact goes along a chain of nodes over the trees, and the router sends nothing.
func TestTreesCarryFacts(t *testing.T) {
	nodes := chain(t, 4)
	for i, f := range facts(t, 0, 20) {
		from := nodes[i%len(nodes)]
		if got := from.publish(t, f); got != len(from.host.Network().Peers()) {
			t.Errorf("handed to %d peers", got)
		}
		for _, n := range nodes {
			n.has(t, f)
		}
	}
	for i, n := range nodes {
		s := n.Stats()
		if s.TreePushed == 0 || s.Routed > 0 || s.SyncReceived > 0 {
			t.Errorf("node %d: %d facts pushed, %d routed, %d came by reconciliation", i, s.TreePushed, s.Routed, s.SyncReceived)
		}
		for f, via := range n.vias {
			if via != ViaGossip {
				t.Errorf("node %d had %s by %s", i, f, via)
			}
		}
	}
}

// A node without trees and a stock peer, each beside a chain with trees: facts pass
// from any of them to any other.
func TestTreesAndTopicAreOne(t *testing.T) {
	nodes := chain(t, 3)
	plain := join(t, newHost(t), nil, func(c *Config) { c.NoTrees = true })
	connect(t, plain.host, nodes[0].host)
	meet(t, plain)
	eventually(t, "meet the plain node", func() bool { return len(plain.Peers()) == 1 && len(nodes[0].Peers()) == 2 })
	s := newStock(t)
	connect(t, s.host, nodes[2].host)
	eventually(t, "meet the stock peer", func() bool { return len(s.topic.ListPeers()) == 1 && len(nodes[2].trees.present()) == 2 })

	all := append(nodes, plain)
	f := fact(t, 1)
	s.publish(t, f.Bytes())
	for _, n := range all {
		n.has(t, f)
	}
	for i, from := range all {
		f := fact(t, 10+i)
		from.publish(t, f)
		for _, n := range all {
			n.has(t, f)
		}
		s.hears(t, f)
	}
}

// A peer that speaks the protocol, and is connected only by the way, gets facts from
// its own links; if it has no trees, the router serves it.
func TestRouterSparesPeersWithTrees(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*Config) // of the peer
		routed uint64
	}{
		{"with trees", func(*Config) {}, 0},
		{"without trees", func(c *Config) { c.NoTrees = true }, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := join(t, newHost(t), nil)
			chosen := func(c *Config) { c.Linked = func() []peer.ID { return []peer.ID{a.host.ID()} } }
			n, p := join(t, newHost(t), nil, chosen), join(t, newHost(t), nil, chosen, row.change)
			connect(t, n.host, a.host)
			connect(t, n.host, p.host)
			linked(t, a, n)
			eventually(t, "meet on the topic", func() bool { return len(n.Peers()) == 2 })
			n.publish(t, fact(t, 1))
			if got := n.Stats().Routed; got != row.routed {
				t.Errorf("routed %d times, want %d", got, row.routed)
			}
		})
	}
}

// A newcomer that has chosen nobody is linked all the same.
func TestNewcomersAreLinked(t *testing.T) {
	n := join(t, newHost(t), nil, func(c *Config) { c.Linked = func() []peer.ID { return nil } })
	a := join(t, newHost(t), nil)
	connect(t, n.host, a.host)
	linked(t, n, a)
}

// hears waits until the stock peer has a fact.
func (s *stock) hears(t testing.TB, f records.Fact) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for {
		m, err := s.sub.Next(ctx)
		if err != nil {
			t.Fatalf("the stock peer never had it: %v", err)
		}
		if string(m.GetData()) == string(f.Bytes()) {
			return
		}
	}
}

// dial opens a stream of the tree protocol and says what is given.
func dial(t testing.TB, from host.Host, to *node, frames []byte) network.Stream {
	t.Helper()
	s, err := from.NewStream(t.Context(), to.host.ID(), to.trees.protocol)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(frames); err != nil {
		t.Fatal(err)
	}
	return s
}

// Who sends what does not verify, or breaks the form, loses his link and gets no
// other one for a while; nothing of it is taken or passed on.
func TestTreesShunJunk(t *testing.T) {
	forged := fact(t, 1, 3).Bytes()
	forged[len(forged)-1] ^= 3
	for name, frames := range map[string][]byte{
		"forged fact":    appendPush(nil, 1, forged),
		"empty push":     appendFrame(nil, treePush),
		"half a name":    appendFrame(nil, treeName, []byte("half")),
		"unknown role":   appendFrame(nil, treeWords, []byte{0, 0, 0, 1, 0x80, 0, 0, 0}),
		"short ping":     appendFrame(nil, treePing, []byte("ping")),
		"endless frame":  {0xff, 0xff, 0xff},
		"nothing in it":  {0},
		"no known frame": append(appendFrame(nil, 99, []byte("later")), 0),
	} {
		t.Run(name, func(t *testing.T) {
			n, h := join(t, newHost(t), nil), newHost(t)
			connect(t, h, n.host)
			dial(t, h, n, frames)
			eventually(t, "end the link", func() bool { return n.Stats().TreeJunk == 1 })
			again := dial(t, h, n, appendPush(nil, 1, fact(t, 2).Bytes()))
			if _, err := again.Read(make([]byte, 1)); err == nil {
				t.Error("a second link was taken at once")
			}
			if n.facts.Len() != 0 {
				t.Errorf("%d facts were taken", n.facts.Len())
			}
		})
	}
}

// A fact that was only named is fetched from who named it.
func TestTreesFetchWhatIsNamed(t *testing.T) {
	n, h := join(t, newHost(t), nil), newHost(t)
	connect(t, h, n.host)
	f := fact(t, 1)
	name := nameOf(f.Bytes())
	s := dial(t, h, n, appendFrame(nil, treeName, name[:]))
	served := make(chan error, 1)
	go func() { served <- serveFetch(s, name, f.Bytes()) }()
	n.has(t, f)
	if err := <-served; err != nil {
		t.Error(err)
	}
	if got := n.Stats().TreeFetched; got != 1 {
		t.Errorf("%d facts fetched", got)
	}
}

// An old fact is not passed on again, whoever sends it: a replay ends at the first
// node.
func TestTreesDoNotReplay(t *testing.T) {
	f := fact(t, 1)
	a, b := join(t, newHost(t), []records.Fact{f}), join(t, newHost(t), []records.Fact{f})
	connect(t, a.host, b.host)
	linked(t, a, b)
	h := newHost(t)
	connect(t, h, a.host)
	dial(t, h, a, appendPush(nil, tree.Tag(1), f.Bytes()))
	eventually(t, "count the replay", func() bool { return a.Stats().Duplicate == 1 })
	if got := a.Stats().TreePushed; got != 0 {
		t.Errorf("pushed %d times", got)
	}
}

// A fact that came by a put goes on along its tree when it comes along, once; and by
// itself where it does not.
func TestOfferedFacts(t *testing.T) {
	nodes := chain(t, 3)
	f, g := fact(t, 1), fact(t, 2)
	nodes[1].facts.Add(f)
	nodes[1].Offer(f, 500*time.Millisecond)
	nodes[0].publish(t, f)
	nodes[2].has(t, f)
	if got := nodes[1].Stats().TreePushed; got != 1 || !nodes[1].trees.passed(f.Bytes()) {
		t.Errorf("pushed %d times by one who had it from elsewhere", got)
	}
	nodes[0].facts.Add(g)
	nodes[0].Offer(g, 0)
	nodes[2].has(t, g)
}

// Once the trees reach a node it is told how long the way of each fact was.
func TestWayIsTold(t *testing.T) {
	told := make(chan time.Duration, 10)
	nodes := chain(t, 2, func(c *Config) { c.OnWay = func(d time.Duration) { told <- d } })
	for _, n := range nodes {
		n.trees.mu.Lock()
		n.trees.relay.Tick(0) // one of them has to be a root, and neither is to wait for luck
		n.trees.mu.Unlock()
	}
	from := -1
	eventually(t, "hear of a root", func() bool {
		for i, n := range nodes {
			there := nodes[1-i].trees
			there.mu.Lock()
			if there.relay.Path(n.trees.tag, tree.None) < tree.Unreachable {
				from = i
			}
			there.mu.Unlock()
		}
		return from >= 0
	})
	nodes[from].publish(t, fact(t, 1))
	select {
	case way := <-told:
		if way <= 0 || way > time.Minute {
			t.Errorf("the way took %s", way)
		}
	case <-time.After(time.Minute):
		t.Error("nothing was told")
	}
}
