package gossip

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

func TestFirstMessageRightAfterConnect(t *testing.T) {
	a, b := join(t, newHost(t), nil), join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	f := fact(t, 1)
	start := time.Now()
	a.publish(t, f)
	b.has(t, f)
	t.Logf("after %s by %q", time.Since(start), b.vias[f.ID()])
}

// TestFirstMessageAlongALine publishes before any mesh exists, at one end of a line
// of nodes: the middle ones must hand on what they learn.
func TestFirstMessageAlongALine(t *testing.T) {
	var nodes []*node
	for range 5 {
		nodes = append(nodes, join(t, newHost(t), nil))
	}
	for i := range nodes[1:] {
		connect(t, nodes[i].host, nodes[i+1].host)
	}
	f := fact(t, 1)
	start := time.Now()
	nodes[0].publish(t, f)
	for _, n := range nodes[1:] {
		n.has(t, f)
		t.Logf("after %s by %q", time.Since(start), n.vias[f.ID()])
	}
}

func TestPublishCountsPeers(t *testing.T) {
	a, b, c := join(t, newHost(t), nil), join(t, newHost(t), nil), join(t, newHost(t), nil)
	f := fact(t, 0)
	if got := a.publish(t, f); got != 0 {
		t.Errorf("alone, handed to %d peers", got)
	}
	connect(t, a.host, b.host)
	connect(t, a.host, c.host)
	connect(t, b.host, c.host)
	b.has(t, f)
	c.has(t, f)
	meet(t, a, b, c)
	f = fact(t, 1)
	if got := a.publish(t, f); got != 2 {
		t.Errorf("handed to %d peers, want 2", got)
	}
	b.has(t, f)
	c.has(t, f)
	if got := a.publish(t, f); got != 0 {
		t.Errorf("the second time handed to %d peers, want 0", got)
	}
}

// TestTwentyNodes: neither a full mesh of connections nor time to build one.
func TestTwentyNodes(t *testing.T) {
	const size = 20
	var nodes []*node
	for range size {
		nodes = append(nodes, join(t, newHost(t), nil))
	}
	for i := range nodes { // a ring with chords, so that few are neighbours
		connect(t, nodes[i].host, nodes[(i+1)%size].host)
		connect(t, nodes[i].host, nodes[(i+7)%size].host)
	}
	spread := func(name string, first int) {
		var times []time.Duration
		for i := range 10 {
			f := fact(t, first+i)
			start := time.Now()
			nodes[rand.IntN(size)].publish(t, f)
			for _, n := range nodes {
				n.has(t, f)
			}
			times = append(times, time.Since(start).Round(100*time.Microsecond))
		}
		t.Logf("%s, all of %d have it after %v", name, size, times)
	}
	spread("at once", 0)
	eventually(t, "build a mesh", func() bool {
		return !slices.ContainsFunc(nodes, func(n *node) bool { return n.meshSize() < 3 })
	})
	spread("with a mesh", 100)
}

// meshSize is how many peers the node's router has in its mesh.
func (n *node) meshSize() (size int) {
	n.sched.mu.Lock()
	defer n.sched.mu.Unlock()
	for _, turn := range n.sched.peers {
		if turn.grafted {
			size++
		}
	}
	return size
}

func TestBurst(t *testing.T) {
	a, b := join(t, newHost(t), nil), join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	meet(t, a, b)
	burst := facts(t, 0, 5_000)
	start := time.Now()
	for _, f := range burst {
		a.publish(t, f)
	}
	sent := time.Since(start)
	b.has(t, burst...)
	t.Logf("published in %s, held after %s, receiver %+v", sent, time.Since(start), b.Stats())
}

func TestLateJoiner(t *testing.T) {
	a := join(t, newHost(t), facts(t, 0, 10_000))
	b := join(t, newHost(t), nil)
	connect(t, b.host, a.host)
	b.has(t, facts(t, 0, 10_000)...)
	b.wait(t, "complete", func() bool {
		return slices.ContainsFunc(b.reports, func(r SyncReport) bool { return r.Complete && r.Peer == a.host.ID() })
	})
}

// TestLearnedFactsSpread heals a partition of two lines at one point: what the
// round there brings must reach the far ends, although gossip does not carry it.
func TestLearnedFactsSpread(t *testing.T) {
	left, right := facts(t, 0, 50), facts(t, 50, 100)
	var nodes []*node
	for i := range 8 {
		held := left
		if i >= 4 {
			held = right
		}
		nodes = append(nodes, join(t, newHost(t), held))
	}
	for i := range nodes[1:] {
		if i != 3 {
			connect(t, nodes[i].host, nodes[i+1].host)
		}
	}
	for _, n := range nodes {
		n.wait(t, "reconcile", func() bool {
			return n.Stats().SyncServed > 0 || slices.ContainsFunc(n.reports, func(r SyncReport) bool { return r.Complete })
		})
	}
	start := time.Now()
	connect(t, nodes[3].host, nodes[4].host)
	for _, n := range nodes {
		n.has(t, left...)
		n.has(t, right...)
	}
	t.Logf("healed after %s", time.Since(start))
}

// TestStrangersDoNotStopTheKnown floods the strangers' lane.
func TestStrangersDoNotStopTheKnown(t *testing.T) {
	victim := fact(t, 1_000_000)
	s := newStock(t) // does not reconcile, so what is dropped stays away
	n := join(t, newHost(t), nil, func(c *Config) {
		c.StrangerRate, c.StrangerBurst = 1, 40
		c.Known = func(id records.AgentID) bool { return id == victim.ID() }
	})
	s.meets(t, n)
	for _, f := range facts(t, 0, 1_000) {
		s.publish(t, f.Bytes())
	}
	s.publish(t, victim.Bytes())
	n.has(t, victim)
	eventually(t, "judge all", func() bool { st := n.Stats(); return st.DroppedLane+st.New == 1_001 })
	st := n.Stats()
	if got := n.facts.Len(); got < 11 || got > 30 {
		t.Errorf("%d facts, want the known one and about 15 strangers", got)
	}
	if st.Received != 1_001 || st.DroppedLane < 970 {
		t.Errorf("stats %+v", st)
	}
}

// TestLaneDropIsFetched: what the lane drops comes by reconciliation.
func TestLaneDropIsFetched(t *testing.T) {
	a := join(t, newHost(t), nil)
	b := join(t, newHost(t), nil, func(c *Config) { c.StrangerRate, c.StrangerBurst = 1, 20 })
	connect(t, a.host, b.host)
	meet(t, a, b)
	all := facts(t, 0, 200)
	for _, f := range all {
		a.publish(t, f)
	}
	b.has(t, all...)
	// A fact may be dropped twice, coming along a tree and on the topic.
	eventually(t, "count", func() bool { st := b.Stats(); return st.DroppedLane > 0 && st.DroppedLane <= 2*st.SyncReceived })
}

func TestNetworksDoNotMix(t *testing.T) {
	other := func(c *Config) { c.Network = "other" }
	a, b := join(t, newHost(t), facts(t, 0, 3)), join(t, newHost(t), facts(t, 3, 6), other)
	c := join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	connect(t, a.host, c.host)
	connect(t, b.host, c.host)
	c.has(t, facts(t, 0, 3)...)
	if _, err := a.Sync(t.Context(), b.host.ID()); err == nil {
		t.Error("networks reconcile")
	}
	f := fact(t, 7)
	meet(t, a, c)
	linked(t, a, c)
	if got := a.publish(t, f); got != 1 {
		t.Errorf("handed to %d peers, want 1", got)
	}
	c.has(t, f)
	if a.facts.Len() != 4 || b.facts.Len() != 3 || c.facts.Len() != 4 {
		t.Errorf("facts mixed: %d, %d, %d", a.facts.Len(), b.facts.Len(), c.facts.Len())
	}
}

func TestCloseEndsCallsAndJoinMayFollow(t *testing.T) {
	a, b := join(t, newHost(t), nil), join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	meet(t, a, b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Publish(t.Context(), fact(t, 1)); err != ErrClosed {
		t.Errorf("publish after close: %v", err)
	}
	if _, err := b.Sync(t.Context(), a.host.ID()); err != ErrClosed {
		t.Errorf("sync after close: %v", err)
	}
	b.SyncSoon("after close")
	if got := b.Peers(); got != nil {
		t.Errorf("peers after close: %v", got)
	}
	eventually(t, "be gone", func() bool { return !slices.Contains(a.Peers(), b.host.ID()) })

	f := fact(t, 2)
	a.publish(t, f)
	c := join(t, b.host, nil)
	c.has(t, f)
	meet(t, a, c)
	f = fact(t, 3)
	a.publish(t, f)
	c.has(t, f)
	if b.facts.Len() != 0 {
		t.Error("a closed topic ingested")
	}
}

func TestJoinRefusesBadConfig(t *testing.T) {
	h := newHost(t)
	ok := Config{Host: h, Facts: records.NewFactSet(), Ingest: func(records.Fact, peer.ID, Via) (bool, error) { return true, nil }}
	for _, row := range []struct {
		name  string
		spoil func(*Config)
	}{
		{"no host", func(c *Config) { c.Host = nil }},
		{"no facts", func(c *Config) { c.Facts = nil }},
		{"network with a slash", func(c *Config) { c.Network = "a/b" }},
		{"long network", func(c *Config) { c.Network = string(make([]byte, 64)) }},
		{"negative interval", func(c *Config) { c.SyncEvery = -1 }},
		{"negative cap", func(c *Config) { c.StrangerBurst = -1 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := ok
			row.spoil(&c)
			if _, err := Join(c); err == nil {
				t.Error("no error")
			}
		})
	}
}
