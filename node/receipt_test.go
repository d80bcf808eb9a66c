package node

import (
	"errors"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/presence"
	"github.com/cairn-overlay/cairn/records"
)

// TestAttest: nodes with the same facts give the same word, and whoever pins one of them goes
// by it alone; a node that cannot know gives none.
func TestAttest(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{}, a)
	agent, other := mustAgent(t, a, "worker"), mustAgent(t, a, "gone")
	for _, name := range []string{"worker", "gone"} {
		if _, err := a.PublishAgent(t.Context(), name, placeAt("https://one.example/a2a"), 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Revoke(t.Context(), mustCertificate(t, a, "gone")); err != nil {
		t.Fatal(err)
	}
	until(t, "both know of it", func() bool { return b.final(other.ID()) != nil })

	var stapled [][]byte
	var keys []records.PublicKey
	var said []records.Attestation
	var rec *records.Record
	for _, n := range []*Node{a, b} {
		res, r, err := n.Attest(t.Context(), agent.ID())
		if err != nil || r == nil {
			t.Fatal(res, err)
		}
		stapled, keys, said, rec = append(stapled, r.Bytes()), append(keys, r.Signer()), append(said, r.Says()), res.Record
		if res, r, err := n.Attest(t.Context(), other.ID()); err != nil || r != nil || res.Status != records.StatusRevoked {
			t.Errorf("of a revoked agent: %v, %v, %v", res.Status, r, err)
		}
	}
	if said[0].Facts != 1 || said[0].Set != said[1].Set || said[0].Set == [32]byte{} {
		t.Errorf("with the same facts they say %x of %d and %x", said[0].Set, said[0].Facts, said[1].Set)
	}
	if by, _, err := (records.Witnesses{Keys: keys, Need: 2}).Confirm(rec, time.Now(), stapled); err != nil || len(by) != 2 {
		t.Errorf("confirmed by %v: %v", by, err)
	}
	if _, _, err := (records.Witnesses{Keys: keys[:1], Need: 2}).Confirm(rec, time.Now(), stapled); !errors.Is(err, records.ErrUnconfirmed) {
		t.Errorf("two of one: %v", err)
	}
}

// TestUnfitToAttest: a node that does not know, or whose clock is off, signs nothing.
func TestUnfitToAttest(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{}, a)
	agent := mustAgent(t, a, "worker")
	if _, err := a.PublishAgent(t.Context(), "worker", placeAt("https://one.example/a2a"), 0); err != nil {
		t.Fatal(err)
	}
	off := newTestNode(t, Config{Now: func() time.Time { return time.Now().Add(2 * time.Minute) }}, a, b)
	until(t, "its clock is known to be off", func() bool { return clockTrouble(off.offset()) != "" })
	if res, r, err := off.Attest(t.Context(), agent.ID()); !errors.Is(err, ErrNotReady) || r != nil {
		t.Errorf("with a clock 2 minutes ahead: %v, %v, %v", res.Status, r, err)
	}
	b.ready.lost()
	if res, r, err := b.Attest(t.Context(), agent.ID()); r != nil || err == nil && res.Status != records.StatusUnverified {
		t.Errorf("with facts that are not complete: %v, %v, %v", res.Status, r, err)
	}
}

// TestOwnAgentsAnswer: a node shows that the agents that it publishes are there, and no others.
func TestOwnAgentsAnswer(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{}, a)
	agent, idle := mustAgent(t, a, "worker"), mustAgent(t, a, "idle")
	if _, err := a.PublishAgent(t.Context(), "worker", placeAt("https://one.example/a2a"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := (presence.Asker{Agent: agent.ID()}).Peer(t.Context(), b.host, a.ID()); err != nil {
		t.Error(err)
	}
	if _, err := (presence.Asker{Agent: idle.ID()}).Peer(t.Context(), b.host, a.ID()); !errors.Is(err, presence.ErrNoAnswer) {
		t.Errorf("of an agent that it does not publish: %v", err)
	}
	if _, err := a.Revoke(t.Context(), mustCertificate(t, a, "worker")); err != nil {
		t.Fatal(err)
	}
	if _, err := (presence.Asker{Agent: agent.ID()}).Peer(t.Context(), b.host, a.ID()); !errors.Is(err, presence.ErrNoAnswer) {
		t.Errorf("of an agent that is revoked: %v", err)
	}
}

func mustCertificate(t *testing.T, n *Node, name string) *records.Tombstone {
	t.Helper()
	dead, err := n.Agents().Certificate(name)
	if err != nil {
		t.Fatal(err)
	}
	return dead
}
