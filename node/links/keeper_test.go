package links

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
)

// soon bounds every wait.
const soon = 30 * time.Second

func newHost(t *testing.T) host.Host {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.UnmarshalEd25519PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	manager, err := NewManager(0)
	if err != nil {
		t.Fatal(err)
	}
	h, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrStrings("/ip4/127.0.0.1/udp/0/quic-v1"),
		libp2p.Transport(quic.NewTransport), libp2p.ConnectionManager(manager),
		libp2p.ResourceManager(&network.NullResourceManager{}), libp2p.DisableRelay(), libp2p.DisableMetrics())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = h.Network().Close() // its connections first: see the node's own host
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return h
}

// keeping is a host with a keeper that knows others.
type keeping struct {
	host.Host
	*Keeper
	mu    sync.Mutex
	known []Known
}

func keep(t *testing.T, p Policy, others ...host.Host) *keeping {
	t.Helper()
	k := &keeping{Host: newHost(t)}
	k.meet(others...)
	k.Keeper = New(Config{Host: k.Host, Known: k.all, Policy: p})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); k.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return k
}

func (k *keeping) all() []Known { k.mu.Lock(); defer k.mu.Unlock(); return k.known }

func (k *keeping) meet(others ...host.Host) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range others {
		k.Peerstore().AddAddrs(h.ID(), h.Addrs(), peerstore.PermanentAddrTTL)
		k.known = append(k.known, Known{ID: h.ID()})
	}
}

func hosts(t *testing.T, n int) (all []host.Host) {
	t.Helper()
	for range n {
		all = append(all, newHost(t))
	}
	return all
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	end := time.After(soon)
	for !cond() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-end:
			t.Fatalf("not within %s: %s", soon, what)
		}
	}
}

// A keeper reaches its number of links and no more, and measures them.
func TestKeeperLinks(t *testing.T) {
	t.Parallel()
	k := keep(t, Policy{Near: 3, Random: 2, Cap: 8, Burst: 20, Grace: time.Minute}, hosts(t, 9)...)
	eventually(t, "five links", func() bool { return len(k.Links()) == 5 })
	k.Look()
	eventually(t, "near ones are told apart", func() bool {
		near := 0
		for _, l := range k.Links() {
			if l.Role == Near {
				near++
			}
		}
		return near == 3
	})
	for _, l := range k.Links() {
		if !k.ConnManager().IsProtected(l.Peer, tag) {
			t.Errorf("%s is not protected", l.Peer)
		}
		if rtt := leastRTT(k.Network().ConnsToPeer(l.Peer)); rtt <= 0 || rtt > time.Second {
			t.Errorf("measured %s", rtt)
		}
	}
	if got := len(k.Network().Peers()); got != 5 {
		t.Errorf("%d connections", got)
	}
}

// A link that ends is replaced, and taken up again once its peer is back.
func TestKeeperComesBack(t *testing.T) {
	t.Parallel()
	all := hosts(t, 4)
	k := keep(t, Policy{Random: 2, Cap: 8, Burst: 20}, all...) // without grace no link is too young to be missed
	eventually(t, "two links", func() bool { return len(k.Links()) == 2 })
	first := k.Links()[0].Peer
	if err := k.Network().ClosePeer(first); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is noticed", func() bool { return k.Stats().Lost == 1 })
	eventually(t, "it is back", func() bool {
		for _, l := range k.Links() {
			if l.Peer == first {
				return len(k.Links()) == 2
			}
		}
		return false
	})
	for _, l := range k.Links() {
		if k.Network().Connectedness(l.Peer) != network.Connected {
			t.Errorf("%s is a link and not connected", l.Peer)
		}
	}
}

// Who has no room is not come back to, and is a candidate again after a while. Who was
// a link for long is.
func TestKeeperLeavesTheFullAlone(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, row := range map[string]struct {
		lasted time.Duration
		back   bool
	}{
		"closed while it was young":  {5 * time.Second, false},
		"closed after it had lasted": {time.Hour, true},
	} {
		k := New(Config{Host: newHost(t), Policy: DefaultPolicy()})
		other := newHost(t).ID()
		k.links[other] = &link{ours: true, held: true, up: now.Add(-row.lasted)}
		k.mu.Lock()
		k.lose(other, k.links[other], now)
		k.mu.Unlock()
		later := now.Add(time.Hour)
		k.noteChanges(later)
		_, remembered := k.links[other]
		if back := len(k.comeback(later)) > 0; back != row.back || remembered != row.back {
			t.Errorf("%s: come back to: %v, remembered: %v", name, back, remembered)
		}
	}
}

// Peers that are not there keep nobody from having links.
func TestKeeperPassesTheDead(t *testing.T) {
	t.Parallel()
	all := hosts(t, 6)
	for _, h := range all[:3] {
		if err := h.Network().Close(); err != nil {
			t.Fatal(err)
		}
	}
	k := keep(t, Policy{Random: 3, Cap: 8, Burst: 20, Grace: time.Minute}, all...)
	eventually(t, "three links with the living", func() bool { return len(k.Links()) == 3 })
}

// Connections that others open are closed beyond the bounds; links are not.
func TestKeeperTrims(t *testing.T) {
	t.Parallel()
	links := hosts(t, 2)
	k := keep(t, Policy{Random: 2, Cap: 4, Burst: 6, Grace: time.Millisecond}, links...)
	eventually(t, "two links", func() bool { return len(k.Links()) == 2 })
	for _, h := range hosts(t, 12) {
		if err := h.Connect(t.Context(), peer.AddrInfo{ID: k.ID(), Addrs: k.Addrs()}); err != nil {
			t.Log(err) // it may be closed before it is identified
		}
	}
	eventually(t, "four are left", func() bool { return len(k.Network().Peers()) == 4 })
	for _, h := range links {
		if k.Network().Connectedness(h.ID()) != network.Connected {
			t.Error("a link was closed")
		}
	}
	if got := k.Stats().Trimmed; got < 8 {
		t.Errorf("%d closed, want 10 or so", got)
	}
}
