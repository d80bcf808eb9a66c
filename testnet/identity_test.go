package testnet_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

// owned is an agent with all of its keys.
type owned struct {
	proof  *records.Proof
	hot    records.Signer
	cold   records.Signer
	secret records.Secret
	seed   []byte // of those it spawns
}

func freshKey(t *testing.T) records.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := records.NewEd25519Signer(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newOwned makes an agent, whose parent is another one where one is given.
func newOwned(t *testing.T, parent *owned) *owned {
	t.Helper()
	a := &owned{hot: freshKey(t), cold: freshKey(t), seed: make([]byte, 32)}
	_, _ = rand.Read(a.secret[:]) // never fails, by its contract
	_, _ = rand.Read(a.seed)
	g := records.Genesis{Keys: []records.PublicKey{a.hot.Public()}, Next: [][32]byte{a.cold.Public().RotationDigest()}}
	_, _ = rand.Read(g.Nonce[:])
	end := time.Now().Add(records.DefaultLife / 2)
	var err error
	if parent != nil { // not a second after its parent
		a.proof, err = parent.proof.Spawn(g, parent.proof.Own().End(), parent.seed, parent.hot, a.secret)
	} else {
		var ident *records.Identity
		if ident, err = records.NewIdentity(g, end, a.secret); err == nil {
			a.proof, err = records.NewProof(records.NewChain(ident))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// rotated is the agent with new keys, by its cold one.
func (a *owned) rotated(t *testing.T) *owned {
	t.Helper()
	next := &owned{hot: freshKey(t), cold: freshKey(t), secret: a.secret, seed: a.seed}
	chain, err := a.proof.Own().Rotate([]records.PublicKey{next.hot.Public()}, [][32]byte{next.cold.Public().RotationDigest()}, a.cold)
	if err != nil {
		t.Fatal(err)
	}
	if next.proof, err = a.proof.Renewed(chain); err != nil {
		t.Fatal(err)
	}
	return next
}

// at publishes that the agent is at a place.
func (a *owned) at(t *testing.T, n *testnet.Node, url string, seq uint64) error {
	t.Helper()
	rec, err := a.proof.Sign(a.hot, records.Draft{
		Location: records.Location{Endpoints: []records.Endpoint{{URL: url, Protocol: "a2a"}}}, Sequence: seq, Issued: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Publish(t.Context(), rec)
	return err
}

func (a *owned) id() records.AgentID { return a.proof.ID() }

// TestThievesOfKeys: who has the hot key publishes until the owner rotates, and is refused on every
// node from then on, with whatever sequence (A28); who has a cold key, even a used one (A26), brings the
// agent into conflict on every node, and never has it.
func TestThievesOfKeys(t *testing.T) {
	w := start(t, testnet.Config{Nodes: 6, Replication: 3})
	owner := newOwned(t, nil)
	thief := owner // has all that is hot
	if err := owner.at(t, w.Node(1), "https://home.example/a2a", 1); err != nil {
		t.Fatal(err)
	}
	if err := thief.at(t, w.Node(2), "https://thief.example/a2a", 100); err != nil {
		t.Fatal(err)
	}
	after := owner.rotated(t)
	if _, err := w.Node(3).Rotate(t.Context(), after.proof.Own()); err != nil {
		t.Fatal(err)
	}
	if err := after.at(t, w.Node(4), "https://home.example/a2a", 1); err != nil {
		t.Fatal(err)
	}
	for _, n := range w.Nodes() {
		soon(t, n.Name()+" has heard of it", func(ctx context.Context) error {
			return finds(ctx, n, owner.id(), "https://home.example/a2a", node.PolicyMostRecent)
		})
		if err := thief.at(t, n, "https://thief.example/a2a", 1000); !errors.Is(err, records.ErrStale) {
			t.Errorf("%s took what the thief signed: %v", n.Name(), err)
		}
	}
	late := owner.rotated(t) // by the used cold key
	if _, err := w.Node(5).Rotate(t.Context(), late.proof.Own()); !errors.Is(err, records.ErrConflict) {
		t.Errorf("a late fork: %v", err)
	}
	soon(t, "all are told of the conflict", func(ctx context.Context) error {
		return allKnow(ctx, w.Nodes(), owner.id(), records.StatusConflict)
	})
	for _, n := range w.Nodes() {
		if err := late.at(t, n, "https://thief.example/a2a", 1); !errors.Is(err, records.ErrConflict) {
			t.Errorf("%s took what the thief of the cold key signed: %v", n.Name(), err)
		}
		res, err := n.Resolve(t.Context(), owner.id(), node.Policy{})
		if err != nil || res.Conflict == nil || res.Record != nil {
			t.Errorf("%s: %s, %v", n.Name(), res.Status, err)
		}
	}
	dead, err := owner.proof.Own().Identity().Header().Reveal(owner.secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Node(1).Revoke(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	refuse(t, w.Nodes(), owner.id())
}

// TestParentRevoked: with a parent all that descend from it are revoked on every node, down to the
// fifth generation, and the answers name it.
func TestParentRevoked(t *testing.T) { familyDies(t, 6, 2) }

// familyDies lets a parent die whose descendants are five generations of so many.
func familyDies(t *testing.T, nodes, each int) {
	w := start(t, testnet.Config{Nodes: nodes, Replication: 3})
	root := newOwned(t, nil)
	var all []*owned
	above := []*owned{root}
	for generation := range records.MaxAncestors {
		var next []*owned
		for i := range each {
			child := newOwned(t, above[i%len(above)])
			if err := child.at(t, w.Nodes()[(generation+i)%nodes], fmt.Sprintf("https://g%d.example/%d", generation, i), 1); err != nil {
				t.Fatal(err)
			}
			next = append(next, child)
		}
		all, above = append(all, next...), next
	}
	ask := func(status records.Status) func(context.Context) error {
		return func(ctx context.Context) error {
			for i, n := range w.Nodes() {
				for j, a := range all {
					if each > 10 && (i+j)%nodes != 0 {
						continue // each of many by one node
					}
					res, err := n.Resolve(ctx, a.id(), node.Policy{})
					if err != nil || res.Status != status {
						return fmt.Errorf("%s says of %s: %s (%s), %v", n.Name(), a.id(), res.Status, res.Reason, err)
					}
					if status == records.StatusRevoked && (res.Tombstone.ID() != root.id() || res.Lineage == nil) {
						return fmt.Errorf("%s proves the death of %s by that of %s", n.Name(), a.id(), res.Tombstone.ID())
					}
				}
			}
			return nil
		}
	}
	soon(t, "all are found", ask(records.StatusActive))
	dead, err := root.proof.Own().Identity().Header().Reveal(root.secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Node(2).Revoke(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	soon(t, "all are revoked", ask(records.StatusRevoked))
	for i, a := range all[:each] {
		if err := a.at(t, w.Nodes()[i%nodes], "https://again.example/a2a", 2); !isRevoked(err) {
			t.Errorf("a child of the dead was published: %v", err)
		}
	}
}
