package testnet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/attack"
)

// cast starts an attacker that ends with the test.
func cast(t *testing.T, cfg attack.Config) *attack.Peer {
	t.Helper()
	cfg.Network = testnet.DefaultNetwork
	p, err := attack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("attacker: close: %v", err)
		}
	})
	return p
}

// castCrew starts attackers that name each other, nearest to a key where one is
// given, and makes the nodes know them.
func castCrew(t *testing.T, w *testnet.Network, count int, key string, handler func(attack.Crew) attack.Handler) []*attack.Peer {
	t.Helper()
	var crew []*attack.Peer
	members := func() []peer.AddrInfo {
		var out []peer.AddrInfo
		for _, p := range crew {
			out = append(out, p.AddrInfo())
		}
		return out
	}
	var honest []peer.ID
	for _, n := range w.Nodes() {
		honest = append(honest, n.ID())
	}
	var made []*attack.Peer
	for range count {
		var private crypto.PrivKey
		if key != "" {
			var err error
			if private, err = attack.KeyNear(key, honest); err != nil {
				t.Fatal(err)
			}
		}
		made = append(made, cast(t, attack.Config{Key: private, Handler: handler(members)}))
	}
	crew = made
	for _, p := range crew {
		if err := p.Meet(t.Context(), infos(w.Nodes())...); err != nil {
			t.Fatal(err)
		}
	}
	return crew
}

// awaitTable waits until every node has as many peers in its table.
func awaitTable(t *testing.T, w *testnet.Network, want int) {
	t.Helper()
	soon(t, "the attackers are in the tables", func(context.Context) error {
		for _, n := range w.Nodes() {
			if got := n.Status().TablePeers; got < want {
				return fmt.Errorf("%s knows %d peers, want %d", n.Name(), got, want)
			}
		}
		return nil
	})
}

// A1: peers that acknowledge and store nothing, and peers that refuse, are never
// reported as a success.
func TestAttack01LiarsAreReportedAsPartial(t *testing.T) {
	for _, row := range []struct {
		name    string
		handler func(attack.Crew) attack.Handler
		acks    int
	}{
		{"all echo and store nothing", attack.EchoLiar, 5},
		{"all refuse", attack.Refuser, 0},
		{"all are black holes", attack.BlackHole, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := start(t, testnet.Config{Nodes: 1})
			liars := castCrew(t, w, 5, "", row.handler)
			awaitTable(t, w, len(liars))
			a := newAgent(t, w)
			r, err := w.Node(0).Place(t.Context(), a, "https://one.example/a2a")
			checkPartial(t, "publish", r, err, row.acks)
			rr, err := w.Node(0).End(t.Context(), a)
			checkPartial(t, "revoke", rr.Receipt, err, row.acks)
			puts := 0
			for _, p := range liars {
				puts += p.Served(pb.Message_PUT_VALUE)
			}
			if puts == 0 {
				t.Error("nobody fell for it: no attacker was asked to store anything")
			}
			refuse(t, w.Nodes(), a.ID()) // what is known here stands, whoever lies
		})
	}
}

func checkPartial(t *testing.T, what string, r node.Receipt, err error, acks int) {
	t.Helper()
	var partial *overlay.PartialError
	if !errors.As(err, &partial) && !errors.Is(err, overlay.ErrNoPeers) {
		t.Errorf("%s among liars: %v", what, err)
	}
	if r.Acks != acks || r.ReadBack != 0 || r.Confirmed {
		t.Errorf("%s among liars: %d acknowledged, %d gave it back, confirmed %v; want %d, 0, false", what, r.Acks, r.ReadBack, r.Confirmed, acks)
	}
}

// A1, A2, A3: five liars sit nearer to the key than every honest node. Whatever
// publish says, it is true: a success means that honest nodes hold the record.
func TestAttack03LiarsAroundTheKey(t *testing.T) {
	for name, handler := range map[string]func(attack.Crew) attack.Handler{
		"echo liars": attack.EchoLiar, "refusers": attack.Refuser, "black holes": attack.BlackHole,
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, testnet.Config{Nodes: 10, Replication: 5})
			a := newAgent(t, w)
			castCrew(t, w, 5, a.ID().Key(), handler)
			awaitTable(t, w, 14)
			home := w.Node(0)
			r, err := home.Place(t.Context(), a, "https://besieged.example/a2a")
			honest := len(held(t, w, a.ID()))
			t.Logf("publish: %v; %d of %d acknowledged, %d gave it back, %d honest nodes hold it", err, r.Acks, r.Targets, r.ReadBack, honest)
			var partial *overlay.PartialError
			switch {
			case err == nil && honest < 4: // the publisher and three others
				t.Errorf("publish reports success, and %d honest nodes hold the record", honest)
			case err != nil && !errors.As(err, &partial):
				t.Errorf("publish: %v", err)
			}
			endAnyhow(t, home, a)
			refuse(t, w.Nodes(), a.ID()) // the fast path does not pass by them
		})
	}
}

// endAnyhow revokes where liars sit around the key: too few store the tombstone
// there, which is said, and it spreads all the same.
func endAnyhow(t *testing.T, n *testnet.Node, a *testnet.Agent) {
	t.Helper()
	var partial *overlay.PartialError
	if _, err := n.End(t.Context(), a); err != nil && !errors.As(err, &partial) {
		t.Fatalf("revoke on %s: %v", n.Name(), err)
	}
}

// A4: Sybils nearest to the key answer at once with nothing. A record that honest
// nodes hold is found all the same.
func TestAttack04EarlyTermination(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 16, Replication: 5})
	a, home := newAgent(t, w), w.Node(2)
	place(t, home, a, "https://hidden.example/a2a")
	crew := castCrew(t, w, 3, a.ID().Key(), func(attack.Crew) attack.Handler { return attack.EarlyTerminator() })
	asked := 0
	for _, n := range w.Nodes() {
		if err := finds(t.Context(), n, a.ID(), "https://hidden.example/a2a", node.PolicyMostRecent); err != nil {
			t.Error(err)
		}
	}
	for _, p := range crew {
		asked += p.Served(pb.Message_GET_VALUE)
	}
	if asked == 0 {
		t.Error("nobody fell for it: no attacker was asked")
	}
}

// A7: old records that validly signed peers give to whoever asks bring nothing
// back: the newest record wins among honest ones, and a revoked agent stays so,
// also for a node that is brand-new.
func TestAttack07HoldersOfOldRecords(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 10, Replication: 5})
	a, home := newAgent(t, w), w.Node(1)
	old, err := a.At("https://old.example/a2a")
	if err != nil {
		t.Fatal(err)
	}
	place(t, home, a, "https://new.example/a2a")
	values := map[string][]byte{a.ID().Key(): old.Bytes()}
	crew := castCrew(t, w, 3, a.ID().Key(), func(c attack.Crew) attack.Handler { return attack.Replayer(values, c) })
	awaitTable(t, w, 12)
	for _, n := range w.Nodes() {
		if err := finds(t.Context(), n, a.ID(), "https://new.example/a2a", node.PolicyMostRecent); err != nil {
			t.Error(err)
		}
	}
	endAnyhow(t, home, a)
	refuse(t, w.Nodes(), a.ID())
	fresh, err := w.Add()
	if err != nil {
		t.Fatal(err)
	}
	awaitReady(t, fresh, a.ID())
	refuse(t, w.Nodes(), a.ID())
	if !slices.ContainsFunc(crew, func(p *attack.Peer) bool { return p.Served(pb.Message_GET_VALUE) > 0 }) {
		t.Error("nobody fell for it: no attacker was asked")
	}
	for n, v := range held(t, w, a.ID()) {
		if _, ok := v.(*records.Tombstone); !ok {
			t.Errorf("%s gives a record of a dead agent", n.Name())
		}
	}
}
