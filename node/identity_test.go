package node

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// family is a parent and its child, and all that may become known of them.
type family struct {
	parent, child records.AgentID
	what          map[string]records.Value
}

// What may become known.
const (
	firstRecord   = "the parent's record"
	rotatedRecord = "its record by the keys of now"
	rotation      = "its rotation"
	secondTurn    = "its second rotation"
	otherRotation = "another rotation of that number"
	parentsEnd    = "its tombstone"
	childsRecord  = "the child's record"
	anewRecord    = "the child's record with the consent of now"
	childsEnd     = "the child's tombstone"
)

// newFamily makes the n-th of many.
func newFamily(t testing.TB, n int) family {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	key := func(what byte) *records.Ed25519Signer {
		seed := binary.BigEndian.AppendUint64(make([]byte, 22), uint64(n)+1)
		s, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(append(seed, 'f', what)))
		check(err)
		return s
	}
	digest := func(what byte) [][32]byte { return [][32]byte{key(what).Public().RotationDigest()} }
	rotate := func(c *records.Chain, hot, next, cold byte) *records.Chain {
		after, err := c.Rotate([]records.PublicKey{key(hot).Public()}, digest(next), key(cold))
		check(err)
		return after
	}
	sign := func(p *records.Proof, k records.Signer, seq uint64) *records.Record {
		rec, err := p.Sign(k, records.Draft{Sequence: seq, Issued: time.Now(), Location: placeAt("https://a.example/")})
		check(err)
		return rec
	}
	secret := records.Secret{1, byte(n), byte(n >> 8)}
	end := time.Now().Add(records.DefaultLife)
	ident, err := records.NewIdentity(records.Genesis{Keys: []records.PublicKey{key('0').Public()}, Next: digest('a')}, end, secret)
	check(err)
	zero := records.NewChain(ident)
	before, err := records.NewProof(zero)
	check(err)
	one := rotate(zero, '1', 'b', 'a')
	after, err := before.Renewed(one)
	check(err)
	seed := append(make([]byte, 31), 7)
	child, err := before.Spawn(records.Genesis{Keys: []records.PublicKey{key('c').Public()}, Next: digest('d')}, end, seed, key('0'))
	check(err)
	anew, err := after.Adopt(child.Own(), key('1'))
	check(err)
	dead, err := ident.Header().Reveal(secret)
	check(err)
	childDead, err := child.Own().Identity().Header().RevealDerived(seed)
	check(err)
	return family{parent: ident.ID(), child: child.ID(), what: map[string]records.Value{
		firstRecord: sign(before, key('0'), 9), rotatedRecord: sign(after, key('1'), 2),
		rotation: one, secondTurn: rotate(one, '2', 'e', 'b'), otherRotation: rotate(zero, 'x', 'y', 'a'),
		parentsEnd: dead, childsRecord: sign(child, key('c'), 1), anewRecord: sign(anew, key('c'), 2), childsEnd: childDead,
	}}
}

// happen lets one of these things reach a node.
func (f family) happen(ctx context.Context, n *Node, what string) error {
	switch v := f.what[what].(type) {
	case records.Fact:
		_, err := n.ingest(v, SourceGossip)
		return err
	case *records.Record:
		err := n.hold(ctx, v, false)
		for _, refused := range []error{records.ErrRevoked, records.ErrConflict, records.ErrStale} {
			if errors.Is(err, refused) {
				return nil
			}
		}
		return err
	}
	return fmt.Errorf("nothing is called %q", what)
}

// stand is all that a node says of both.
func (f family) stand(t testing.TB, n *Node) (all [2]string) {
	t.Helper()
	for i, id := range []records.AgentID{f.parent, f.child} {
		res, err := n.Resolve(t.Context(), id, Policy{Mode: PolicyCacheOnly})
		if err != nil {
			t.Fatal(err)
		}
		all[i] = string(res.Status)
		switch {
		case res.Tombstone != nil && res.Tombstone.ID() != id:
			all[i] += ", with its parent"
		case res.Conflict != nil && res.Conflict.ID() != id:
			all[i] += ", with its parent"
		case res.Record != nil:
			all[i] += fmt.Sprintf(", rotation %d, sequence %d", res.Record.Rotation(), res.Record.Sequence())
		}
		if fact := n.fact(id); fact != nil {
			all[i] += fmt.Sprintf(", %T", fact)
		}
	}
	return all
}

// TestEveryOrder: six things of each kind may happen in any order, and a node says the same in
// the end, of an agent and of one that descends from it.
func TestEveryOrder(t *testing.T) {
	n := newTestNode(t, Config{})
	families := 0
	for _, row := range []struct {
		events        []string
		parent, child string
		sample        int // one in so many orders is played; all in the first one
	}{
		{[]string{firstRecord, rotation, rotatedRecord, childsRecord, anewRecord, childsEnd},
			"active, rotation 1, sequence 2, *records.Chain", "revoked, *records.Tombstone", 1},
		{[]string{firstRecord, rotation, rotatedRecord, secondTurn, childsRecord, anewRecord},
			"unknown, *records.Chain", "unknown", 5},
		{[]string{firstRecord, rotatedRecord, otherRotation, secondTurn, childsRecord, anewRecord},
			"conflict, *records.Duplicity", "conflict, with its parent", 5},
		{[]string{firstRecord, rotation, otherRotation, parentsEnd, childsRecord, anewRecord},
			"revoked, *records.Tombstone", "revoked, with its parent", 5},
	} {
		for i, order := range orders(row.events) {
			if i%row.sample != 0 {
				continue
			}
			f := newFamily(t, families)
			families++
			for _, what := range order {
				if err := f.happen(t.Context(), n, what); err != nil {
					t.Fatalf("%q: %s: %v", order, what, err)
				}
			}
			if got := f.stand(t, n); got != [2]string{row.parent, row.child} {
				t.Fatalf("%q ends with\n%q, want\n%q", order, got, []string{row.parent, row.child})
			}
		}
	}
}

// orders are all orders of some things.
func orders(of []string) (all [][]string) {
	if len(of) == 0 {
		return [][]string{nil}
	}
	for i, first := range of {
		rest := append(append([]string(nil), of[:i]...), of[i+1:]...)
		for _, order := range orders(rest) {
			all = append(all, append([]string{first}, order...))
		}
	}
	return all
}

// TestA31ParentDies: whichever comes first, a child's record or its parent's death, the child is
// revoked with its parent, and the answer proves it.
func TestA31ParentDies(t *testing.T) {
	n := newTestNode(t, Config{})
	for i, order := range [][]string{{childsRecord, parentsEnd}, {parentsEnd, childsRecord}} {
		f := newFamily(t, i)
		for _, what := range order {
			if what == parentsEnd && order[0] == childsRecord {
				if got := f.stand(t, n)[1]; got != "active, rotation 0, sequence 1" {
					t.Fatalf("before: %s", got)
				}
			}
			if err := f.happen(t.Context(), n, what); err != nil {
				t.Fatal(err)
			}
		}
		rec := f.what[childsRecord].(*records.Record)
		if err := n.standing(rec); !errors.Is(err, records.ErrRevoked) {
			t.Errorf("%q: the record stands: %v", order, err)
		}
		res, err := n.Resolve(t.Context(), f.child, Policy{Mode: PolicyCacheOnly})
		if err != nil || res.Record != nil {
			t.Errorf("%q: %s, %v", order, res.Status, err)
		}
		if res.Status != records.StatusRevoked || res.Tombstone.ID() != f.parent || res.Lineage == nil {
			t.Errorf("%q: %s, %v", order, res.Status, res.Tombstone)
		}
	}
}

// TestA28RotationComesWithARecord: a node that never heard of a rotation learns it from a record of
// the new keys, and refuses those of the old ones from then on, whatever their sequence.
func TestA28RotationComesWithARecord(t *testing.T) {
	n := newTestNode(t, Config{})
	f := newFamily(t, 0)
	if err := f.happen(t.Context(), n, rotatedRecord); err != nil {
		t.Fatal(err)
	}
	if c, ok := n.fact(f.parent).(*records.Chain); !ok || c.Number() != 1 {
		t.Errorf("what is known is %v", n.fact(f.parent))
	}
	if err := n.hold(t.Context(), f.what[firstRecord].(*records.Record), false); !errors.Is(err, records.ErrStale) {
		t.Errorf("a record of the keys before: %v", err)
	}
	if err := n.hold(t.Context(), f.what[childsRecord].(*records.Record), false); !errors.Is(err, records.ErrStale) {
		t.Errorf("a child with the consent of the keys before: %v", err)
	}
	for got, err := range n.store.Facts(0) {
		if err != nil || got.Fact.ID() != f.parent {
			t.Errorf("%v, %v", got, err)
		}
		return
	}
	t.Error("it is not on the disk")
}
