package overlay

import (
	"bufio"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// A newcomer that knows one node learns of all: those that it talked with are members,
// the others hints.
func TestMembersSpread(t *testing.T) {
	nodes := newNetwork(t, 20, tcp)
	late := newNode(t, 100, tcp)
	if _, err := late.Bootstrap(t.Context(), []peer.AddrInfo{nodes[0].info()}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the newcomer knows all", func() bool {
		s := late.Stats()
		return s.Members+s.Hints == 20 && s.MemberAsks > 0
	})
	for _, m := range late.members.nearest(positionOfPeer(late.self), 100) {
		p := m.ID.peer()
		i := slices.IndexFunc(nodes, func(n *testNode) bool { return n.self == p })
		if i < 0 || m.Addr.multiaddr().String() != nodes[i].host.Addrs()[0].String() {
			t.Errorf("%s at %s is nobody, or elsewhere", p, m.Addr.multiaddr())
		}
	}
}

// Who was only named is somewhere between two bounds until it is measured.
func TestNear(t *testing.T) {
	nodes := newNetwork(t, 6, quic)
	late := newNode(t, 100, quic)
	if _, err := late.Bootstrap(t.Context(), []peer.AddrInfo{nodes[0].info()}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the newcomer knows how far all are", func() bool { return len(late.Near(10)) == 6 })
	for _, p := range late.Near(10) {
		if err := late.Measure(t.Context(), p.ID); err != nil {
			t.Errorf("measure: %v", err)
		}
	}
	for i, p := range late.Near(10) {
		if p.RTT <= 0 || p.RTT > time.Second {
			t.Errorf("peer %d is %s far, at least %s", i, p.RTT, p.Least)
		}
	}
	_, stranger := hostKey(t, 5000)
	if err := late.Measure(t.Context(), stranger); err == nil {
		t.Error("a peer that nobody knows was measured")
	}
}

// A client that only asks is no member.
func TestClientIsNoMember(t *testing.T) {
	nodes := newNetwork(t, 4, tcp)
	client := newNode(t, 100, tcp, func(c *Config) { c.Client = true })
	if _, err := client.Bootstrap(t.Context(), []peer.AddrInfo{nodes[0].info()}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the client knows all", func() bool {
		s := client.Stats()
		return s.Members+s.Hints == 4
	})
	for _, n := range nodes {
		if k, _ := keyOfPeer(client.self); len(n.members.nearest(k.position(), 100)) != 3 {
			t.Errorf("%s has the client in its view", n.self)
		}
	}
}

// lieOfMembers serves members that do not exist, nearest to a target first.
func lieOfMembers(t testing.TB, n *testNode, target string, inventions int) {
	t.Helper()
	var page []member
	for seed := uint64(5000); len(page) < inventions; seed++ {
		_, id := hostKey(t, seed)
		p := member{}
		p.ID, _ = keyOfPeer(id)
		p.Addr, _ = doorOf(multiaddr.StringCast("/ip4/127.0.0.1/tcp/1"))
		page = append(page, p)
	}
	to := positionOfKey(target)
	slices.SortFunc(page, func(a, b member) int { return to.To(a.ID.position()).Compare(to.To(b.ID.position())) })
	n.host.SetStreamHandler("/cairn"+membersSuffix, func(s network.Stream) {
		if _, err := readBody(bufio.NewReader(s), maxMemberAsk); err == nil {
			_ = writeFrame(s, memberReply{members: page[:min(len(page), maxPage)]}.encode())
		}
		_ = s.Close()
	})
}

// Inventions around a key keep nobody from publishing and finding, and whoever named
// them is not believed any more.
func TestInventedMembers(t *testing.T) {
	nodes := newNetwork(t, 12, tcp)
	agent := newAgent(t, 1)
	lieOfMembers(t, nodes[0], agent.id().Key(), 1000)
	late := newNode(t, 100, tcp)
	if _, err := late.Bootstrap(t.Context(), []peer.AddrInfo{nodes[0].info()}); err != nil {
		t.Fatal(err)
	}
	lies, err := late.askMembers(t.Context(), nodes[0].self, memberAsk{kind: memberPage, limit: maxPage, target: positionOfPeer(late.self)})
	if err != nil {
		t.Fatal(err)
	}
	late.members.take(nodes[0].self, lies) // unless the walk has met some of them, and believes him no more
	if s := late.Stats(); s.Hints <= 100 && s.Failures["dial"] == 0 {
		t.Fatalf("the newcomer was not lied to: %+v", s)
	}
	start := time.Now()
	r, err := late.Publish(t.Context(), agent.record(1), nil)
	if err != nil || r.Acks < 12 {
		t.Errorf("receipt %+v, error %v", r, err)
	}
	answers, report := searchAll(t, late, agent.id())
	if len(answers) < 12 {
		t.Errorf("%d answers: %+v", len(answers), report)
	}
	if s := late.Stats(); s.Failures["dial"] > 60 || s.Hints > 20 {
		t.Errorf("%d dials failed, %d hints are left", s.Failures["dial"], s.Hints)
	}
	t.Logf("published and found in %v; %+v", time.Since(start), late.Stats())
}

// Who asks too often is not answered for a while, and garbage never.
func TestMembersAreRated(t *testing.T) {
	nodes := newNetwork(t, 3, tcp)
	asker := newHost(t, 100, tcp)
	if err := asker.Connect(t.Context(), nodes[0].info()); err != nil {
		t.Fatal(err)
	}
	ask := func(body []byte) error {
		s, err := openStream(t.Context(), asker.Network().ConnsToPeer(nodes[0].self)[0], "/cairn"+membersSuffix)
		if err != nil {
			t.Fatal(err)
		}
		defer s.raw.Close()
		if err := writeFrame(s.rw, body); err != nil {
			return err
		}
		_, err = readBody(s.r, maxMemberReply)
		return err
	}
	for _, garbage := range [][]byte{{}, {9}, make([]byte, maxMemberAsk+1), append(memberAsk{kind: memberNews}.encode(), 0)} {
		if ask(garbage) == nil {
			t.Errorf("%d bytes of garbage are answered", len(garbage))
		}
	}
	good := 0
	for range 3 * memberBurst {
		if ask(memberAsk{kind: memberNews, limit: 1, since: 1}.encode()) == nil {
			good++
		}
	}
	if good < memberBurst/2 || good > 2*memberBurst {
		t.Errorf("%d of %d questions are answered", good, 3*memberBurst)
	}
}
