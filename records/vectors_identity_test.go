package records

import (
	"strings"
	"testing"
)

// The vectors of docs/spec/007-identity.md.

// badRows are rows of bytes that do not open.
func badRows(rows []badRow) (list []vector) {
	for _, row := range rows {
		list = append(list, bytesVector(row.name, row.b))
	}
	return list
}

func makeRotationVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Facts that carry an agent's rotations (section 2). Agent 1 is that of record.json: its first rotation key has the seed 00..0081, " +
		"the i-th after it 00..00 `w` 01 `c` i; the signing key after the i-th rotation has 00..00 `w` 01 `h` i."}
	f.Valid = []vector{
		bytesVector("1 rotation", testRotated(t, 1, 1).Bytes()),
		bytesVector("2 rotations", testRotated(t, 1, 2).Bytes()),
		bytesVector("16 rotations", testRotated(t, 1, MaxRotations).Bytes()),
		bytesVector("2 rotation keys, 3 signing keys", widest(t, 1).Bytes()),
	}
	f.Invalid = badRows(badChains(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		c, err := OpenChain(b)
		if err != nil {
			return nil, err
		}
		return chainVector(c), nil
	})
}

// chainVector is what a chain comes to.
func chainVector(c *Chain) map[string]any {
	head, item := c.Head(), c.Item()
	var keys []string
	for _, k := range c.Keys() {
		keys = append(keys, k.String())
	}
	return map[string]any{"id": c.ID().String(), "number": c.Number(), "keys": keys, "next": hexList(c.Next()), "head": hexOf(head[:]), "fact_item": hexOf(item[:])}
}

func makeDuplicityVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Proofs of duplicity (section 3)."}
	f.Valid = []vector{
		bytesVector("of the first rotation", fork(testRotated(t, 1, 1), testRotated(t, 1, 1, 'x')).Bytes()),
		bytesVector("of the second", fork(testRotated(t, 1, 3), mustRotate(t, testRotated(t, 1, 1), 1, 2, 'x')).Bytes()),
	}
	f.Invalid = badRows(badDuplicities(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		d, err := OpenDuplicity(b)
		if err != nil {
			return nil, err
		}
		item := d.Item()
		two := [][32]byte{d.two[0].digest, d.two[1].digest}
		return map[string]any{"id": d.ID().String(), "number": d.Number(), "digests": hexList(two), "fact_item": hexOf(item[:])}, nil
	})
}

func makeProofVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Proofs: chains and consents (section 4). Children have the lock that follows from the revocation seed 07..07."}
	hot := testHot(t, 1, 1)
	child := mustSpawn(t, testProof(t, 1, 1), hot, 5)
	deep, key := testProof(t, 1, 0), Signer(testSigner(t, 1))
	for n := byte(11); n < 11+MaxAncestors; n++ {
		deep, key = mustSpawn(t, deep, key, n), testSigner(t, n)
	}
	f.Valid = []vector{
		bytesVector("an agent alone", testProof(t, 1, 0).Bytes()),
		bytesVector("after a rotation", testProof(t, 1, 1).Bytes()),
		bytesVector("a child", child.Bytes()),
		bytesVector("5 ancestors", deep.Bytes()),
	}
	f.Invalid = badRows(badProofs(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		p, err := OpenProof(b)
		if err != nil {
			return nil, err
		}
		chains := []map[string]any{chainVector(p.Own())}
		for _, c := range p.Ancestors() {
			chains = append(chains, chainVector(c))
		}
		return map[string]any{"id": p.ID().String(), "chains": chains}, nil
	})
}

func makeWholeVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Records with rotations and ancestors in their proof (section 5). A reader that does not ask for their standing refuses all of them as unsupported."}
	f.Valid = []vector{
		bytesVector("after a rotation", mustSignWhole(t, testProof(t, 1, 1), testHot(t, 1, 1)).Bytes()),
		bytesVector("a child's", mustSignWhole(t, mustSpawn(t, testProof(t, 1, 1), testHot(t, 1, 1), 5), testSigner(t, 5)).Bytes()),
	}
	f.Invalid = badRows(badWholeRecords(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		r, err := OpenWhole(b)
		if err != nil {
			return nil, err
		}
		mark := r.Mark()
		return map[string]any{"id": r.ID().String(), "rotation": r.Rotation(), "sequence": r.Sequence(), "ancestors": len(r.Proof().Ancestors()), "digest": hexOf(mark.Digest[:])}, nil
	})
}

func makeJoinVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "What several facts of one subject (hexadecimal, a space between, in every order) come to, and whether a proof stands then (sections 3, 4)."}
	_, _, secret := testAgent(t, 1)
	one, two, three := testRotated(t, 1, 1), testRotated(t, 1, 2), testRotated(t, 1, 3)
	forked, late := testRotated(t, 1, 1, 'x'), mustRotate(t, one, 1, 2, 'x')
	dead := mustReveal(t, one.ident.header, secret)
	conflict := fork(one, forked)
	row := func(name string, proof *Chain, facts ...Fact) vector {
		var all []string
		for _, x := range facts {
			all = append(all, hexOf(x.Bytes()))
		}
		p, err := NewProof(proof)
		wantNil(t, err)
		return vector{Name: name, Given: map[string]any{"facts": strings.Join(all, " "), "proof": hexOf(p.Bytes())}}
	}
	f.Valid = []vector{
		row("the rotation of the proof", one, one),
		row("a rotation before it", two, one),
		row("two of its rotations", two, two, one),
	}
	f.Invalid = []vector{
		row("rotated since", one, two),
		row("rotated twice since", one, one, three, two),
		row("A28: rotated since, no rotation in the proof", NewChain(one.ident), one),
		row("a fork", one, forked),
		row("A26: a late fork of the second", three, three, late),
		row("two forks, the proof follows neither", NewChain(one.ident), one, forked),
		row("a proof of the fork and a longer chain", three, three, conflict),
		row("dead", one, dead),
		row("dead, with rotations and forks", one, two, forked, dead, conflict),
	}
	return f, openJoinVector
}

// openJoinVector joins in every order, and asks for the standing.
func openJoinVector(t testing.TB, v vector) (map[string]any, error) {
	var facts []Fact
	for h := range strings.SplitSeq(given(t, v, "facts"), " ") {
		x, err := OpenFact(unhex(t, h))
		wantNil(t, err)
		facts = append(facts, x)
	}
	proof, err := OpenProof(unhex(t, given(t, v, "proof")))
	wantNil(t, err)
	order := make([]int, len(facts))
	for i := range order {
		order[i] = i
	}
	var end Fact
	permute(order, func(order []int) {
		var held Fact
		for _, i := range order {
			held = Join(held, facts[i])
		}
		if end != nil && end.Item() != held.Item() {
			t.Fatalf("%s: the order %v matters", v.Name, order)
		}
		end = held
	})
	item := end.Item()
	return map[string]any{"fact_item": hexOf(item[:])}, proof.Standing(func(AgentID) Fact { return end })
}

// permute calls f with every order.
func permute(of []int, f func([]int)) {
	var at func(n int)
	at = func(n int) {
		if n == len(of) {
			f(of)
			return
		}
		for i := n; i < len(of); i++ {
			of[n], of[i] = of[i], of[n]
			at(n + 1)
			of[n], of[i] = of[i], of[n]
		}
	}
	at(0)
}
