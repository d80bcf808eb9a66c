package node

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/multiformats/go-multiaddr"
)

// frontDoor listens at a port that is known before the node is, and passes connections on
// to the node once there is one.
func frontDoor(t *testing.T) (seed multiaddr.Multiaddr, lead func(*Node)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	to := ""
	var doors sync.WaitGroup
	doors.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			at := to
			mu.Unlock()
			doors.Go(func() {
				defer in.Close()
				out, err := net.Dial("tcp", at)
				if err != nil {
					return
				}
				defer out.Close()
				doors.Go(func() { _, _ = io.Copy(out, in); out.Close() })
				_, _ = io.Copy(in, out)
			})
		}
	})
	t.Cleanup(func() { l.Close(); doors.Wait() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return multiaddr.StringCast("/dns4/localhost/tcp/" + port), func(n *Node) {
		mu.Lock()
		defer mu.Unlock()
		for _, a := range n.host.Addrs() {
			if tcp, err := a.ValueForProtocol(multiaddr.P_TCP); err == nil {
				to = "127.0.0.1:" + tcp
			}
		}
	}
}

func seeded(t *testing.T, seeds ...multiaddr.Multiaddr) *Node {
	t.Helper()
	n, err := New(Config{Listen: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/tcp/0")}, Seeds: seeds})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n
}

// All nodes of a network are given the same names. The node that the first one leads to
// begins, and the others wait for it.
func TestSeeds(t *testing.T) {
	one, leadOne := frontDoor(t)
	two, leadTwo := frontDoor(t)
	b := seeded(t, one, two)
	leadTwo(b)
	until(t, "the second node says that it waits", func() bool {
		state, why := b.State()
		return state == StateStarting && strings.HasPrefix(why, "no bootstrap")
	})
	a := seeded(t, one, two)
	leadOne(a)
	awaitReady(t, a)
	awaitReady(t, b)
	until(t, "they have met", func() bool { return slices.Contains(a.host.Network().Peers(), b.ID()) })
}

// Who is not the first and finds nobody is not ready, however often it asks.
func TestSeedsThatNobodyAnswers(t *testing.T) {
	one, _ := frontDoor(t)
	own, lead := frontDoor(t)
	n := seeded(t, one, own)
	lead(n)
	var asked int
	until(t, "it has asked itself", func() bool {
		for i, found := range n.askSeeds(t.Context()) {
			if i == 1 && len(found) == 1 && found[0].ID == n.ID() {
				asked++
			}
		}
		return asked >= 3
	})
	if state, _ := n.State(); state == StateReady {
		t.Error("ready, and knows nobody")
	}
}

func TestSeedAddresses(t *testing.T) {
	for text, ok := range map[string]bool{
		"/dns4/cairn.example/tcp/7474": true, "/dns6/cairn.example/tcp/7474": true, "/dns/cairn.example/tcp/1": true, "/ip4/192.0.2.1/tcp/7474": true, "/ip6/2001:db8::1/tcp/7474": true,
		"/dns4/cairn.example": false, "/dns4/cairn.example/udp/7474/quic-v1": false, "/dns4/cairn.example/tcp/7474/ws": false, "/dnsaddr/cairn.example/tcp/1": false,
		"/dns4/cairn.example/tcp/7474/p2p/12D3KooWNe56QYqjX4Ngf94baBrsjs9Dw4DDLybS1HNaGwVUcHbv": false,
	} {
		err := Config{Seeds: []multiaddr.Multiaddr{multiaddr.StringCast(text)}}.Check()
		if ok != (err == nil) || !ok && !errors.Is(err, ErrUsage) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A node in a container tells peers where it is reached from outside.
func TestAnnounce(t *testing.T) {
	outside := []multiaddr.Multiaddr{multiaddr.StringCast("/dns4/cairn.example/tcp/7474")}
	n, err := New(Config{Listen: loopbackQUIC(), Announce: outside})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if got := n.AddrInfo().Addrs; len(got) != 1 || !got[0].Equal(outside[0]) {
		t.Errorf("announces %v, want %v", got, outside)
	}
}
