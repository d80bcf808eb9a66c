package records

import (
	"bytes"
	"testing"
)

// The forms are fuzzed without their signatures, which no mutation would pass.

// sameBytes fails where what was read does not write the bytes that it was read from.
func sameBytes(t *testing.T, b, again []byte) {
	t.Helper()
	if !bytes.Equal(b, again) {
		t.Fatalf("%x\nis written as\n%x", b, again)
	}
}

func FuzzReadChain(f *testing.F) {
	f.Add(testRotated(f, 1, 2).Bytes())
	f.Add(widest(f, 1).Bytes())
	for _, row := range badChains(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readChain(b)
		if err != nil {
			_ = className(t, err)
			return
		}
		sameBytes(t, b, c.Bytes())
		if c.Size() != len(b) {
			t.Fatalf("Size says %d of %d bytes", c.Size(), len(b))
		}
		for _, r := range c.events {
			sealed := Rotation{number: r.number, prev: r.prev, revealed: r.revealed, keys: r.keys, next: r.next}
			sealed.seal()
			if sealed.digest != r.digest || sealed.payload != r.payload {
				t.Fatal("the payload is not what its fields come to")
			}
		}
	})
}

func FuzzReadDuplicity(f *testing.F) {
	f.Add(fork(testRotated(f, 1, 3), mustRotate(f, testRotated(f, 1, 1), 1, 2, 'x')).Bytes())
	for _, row := range badDuplicities(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := readDuplicity(b)
		if err != nil {
			_ = className(t, err)
			return
		}
		sameBytes(t, b, d.Bytes())
		if d.Size() != len(b) {
			t.Fatalf("Size says %d of %d bytes", d.Size(), len(b))
		}
	})
}

func FuzzReadProof(f *testing.F) {
	f.Add(mustSpawn(f, testProof(f, 1, 1), testHot(f, 1, 1), 5).Bytes())
	for _, row := range badProofs(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readProof(string(b), 0)
		if err != nil {
			_ = className(t, err)
			return
		}
		sameBytes(t, b, p.Bytes())
		if err := p.Standing(func(AgentID) Fact { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzOpenNews(f *testing.F) {
	one := testRotated(f, 1, 1)
	f.Add(one.Bytes())
	f.Add(testRotated(f, 1, 3).Bytes())
	f.Add(fork(one, testRotated(f, 1, 1, 'x')).Bytes())
	f.Add(mustReveal(f, mustHeader(f, testSecrets[:1]...), testSecrets[0]).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		fresh, err := OpenFact(b)
		if err == nil {
			sameBytes(t, b, fresh.Bytes())
		} else {
			_ = className(t, err)
		}
		now, err := OpenNews(b, func(id AgentID) Fact {
			if id == one.ID() {
				return one
			}
			return nil
		})
		if fresh != nil && (err != nil || fresh.ID() == one.ID() && Join(one, fresh).Item() != Join(one, now).Item()) {
			t.Fatalf("%v, %v where %v was to be joined", now, err, fresh)
		}
	})
}

func FuzzReadGrant(f *testing.F) {
	f.Add(testGrants(f, 1).Bytes())
	f.Add(testGrants(f, 2).Bytes())
	for _, row := range badGrants(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := readGrant(b)
		if err != nil {
			_ = className(t, err)
			return
		}
		sameBytes(t, b, g.Bytes())
		for _, l := range g.links {
			sameBytes(t, []byte(l.statement.body), l.body.append(nil))
			l.body.policy.Permits(map[string]any{"x": []any{1, "a"}})
		}
	})
}

func FuzzReadClaim(f *testing.F) {
	f.Add(testClaim(f, testProof(f, 1, 1), testHot(f, 1, 1)).Bytes())
	for _, row := range badClaims(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readClaim(b)
		if err != nil {
			_ = className(t, err)
			return
		}
		sameBytes(t, b, c.Bytes())
		sameBytes(t, []byte(c.body), c.said.append(nil))
	})
}

// FuzzReadBodies reads what stands under a hash, where the fuzzer would not get to.
func FuzzReadBodies(f *testing.F) {
	f.Add([]byte(testGrants(f, 2).links[0].statement.body))
	f.Add([]byte(testClaim(f, testProof(f, 1, 1), testHot(f, 1, 1)).body))
	for name, row := range map[string]Rule{
		"or":  {Op: "or", Rules: []Rule{{Op: "<=", Selector: ".size[0].x", Value: int64(4096)}, {Op: "not", Rules: []Rule{{Op: "==", Selector: ".", Value: []byte{7}}}}}},
		"all": {Op: "all", Selector: ".x", Rules: []Rule{{Op: "like", Selector: ".", Value: "a*"}}},
	} {
		_ = name
		f.Add(grantBody{audience: AgentID{[32]byte{1}}, command: "/a", policy: Policy{row}}.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := readGrantBody(string(b)); err == nil {
			sameBytes(t, b, g.append(nil))
			g.policy.Permits(map[string]any{"x": []any{1, "a"}, "size": []any{map[string]any{"x": 1}}})
			sameBytes(t, b, func() []byte { c := g; c.policy = g.policy.clone(); return c.append(nil) }())
		}
		if c, err := readClaimBody(string(b)); err == nil {
			sameBytes(t, b, c.append(nil))
		}
	})
}

func FuzzReadSmall(f *testing.F) {
	ident, key, _ := testAgent(f, 1)
	f.Add(testReceipt(f, key, mustSign(f, ident, key, vectorDraft()), testTime))
	for _, rows := range [][]badRow{badReceipts(f), badChallenges(f), badObituaries(f), badPossessions(f)} {
		for _, row := range rows {
			f.Add(row.b)
		}
	}
	p, err := testProof(f, 4, 1).Answer(Challenge{Agent: testProof(f, 4, 1).ID(), Nonce: [32]byte{1}}, Binding{}, testHot(f, 4, 1), testGrants(f, 3))
	wantNil(f, err)
	f.Add(p.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, _, err := readReceipt(b); err == nil {
			sameBytes(t, b, r.Bytes())
			payload, err := receiptPayload(r.said)
			wantNil(t, err)
			sameBytes(t, b[1+len(cText(ReceiptType)):][:len(payload)], payload)
		} else {
			_ = className(t, err)
		}
		if c, err := OpenChallenge(b); err == nil {
			again, err := c.Bytes()
			wantNil(t, err)
			sameBytes(t, b, again)
		}
		if o, err := readObituary(b); err == nil {
			sameBytes(t, b, o.Bytes())
		}
		if p, err := readPossession(b); err == nil {
			sameBytes(t, b, p.Bytes())
		}
	})
}
