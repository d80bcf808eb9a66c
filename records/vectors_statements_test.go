package records

import (
	"encoding/json"
	"testing"
)

// The vectors of docs/spec/007-identity.md (obituaries), 008-grants.md and 009-presence.md.

func makeObituaryVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Obituaries (007, section 6)."}
	heir := testRotated(t, 2, 0).ID()
	for _, row := range []struct {
		name string
		n    int
		heir *AgentID
	}{{"never rotated, no successor", 0, nil}, {"after two rotations, a successor", 2, &heir}} {
		o, err := testRotated(t, 1, row.n).Obituary(ReasonSuperseded, testTime, row.heir, testCold(t, 1, row.n))
		wantNil(t, err)
		f.Valid = append(f.Valid, bytesVector(row.name, o.Bytes()))
	}
	f.Invalid = badRows(badObituaries(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		o, err := OpenObituary(b)
		if err != nil {
			return nil, err
		}
		return map[string]any{"id": o.ID().String(), "reason": string(o.Reason()), "time": o.Time().Unix(), "successor": o.Successor()}, nil
	})
}

func makeGrantVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Grants (008, section 2)."}
	d := testGrantDraft(t, 2, nil)
	d.NotBefore, d.Policy = testTime, Policy{
		{Op: "like", Selector: ".path", Value: "/tmp/*"},
		{Op: "or", Rules: []Rule{{Op: "<=", Selector: ".size", Value: int64(4096)}, {Op: "not", Rules: []Rule{{Op: "==", Selector: ".mode", Value: []byte{7}}}}}},
		{Op: "all", Selector: ".to[0].names", Rules: []Rule{{Op: "!=", Selector: ".", Value: []any{int64(1), "x"}}}},
	}
	every, err := testProof(t, 1, 1).Grant(d, testSeed, testHot(t, 1, 1), Secret{1}, Secret{2})
	wantNil(t, err)
	f.Valid = []vector{
		bytesVector("one", testGrants(t, 1).Bytes()),
		bytesVector("every field, after a rotation, three locks", every.Bytes()),
		bytesVector("5 grants", testGrants(t, MaxGrants).Bytes()),
	}
	f.Invalid = badRows(badGrants(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		g, err := OpenGrant(b)
		if err != nil {
			return nil, err
		}
		var chain []string
		for _, l := range g.Chain() {
			chain = append(chain, l.ID().String())
		}
		nbf := int64(0)
		if !g.NotBefore().IsZero() {
			nbf = g.NotBefore().Unix()
		}
		return map[string]any{"chain": chain, "subject": g.Subject().String(), "issuer": g.Issuer().ID().String(), "audience": g.Audience().String(),
			"command": g.Command(), "not_before": nbf, "end": g.End().Unix(), "rules": len(g.Policy())}, nil
	})
}

// makePolicyVectors gives policies in their bytes, and arguments in JSON.
func makePolicyVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Whether the arguments of a call, in JSON, keep a policy (008, section 3); an invalid row is one that does not."}
	row := func(name string, args string, rules ...Rule) vector {
		return vector{Name: name, Given: map[string]any{"policy": hexOf(Policy(rules).append(nil)), "args": args}}
	}
	is := func(op, sel string, v any) Rule { return Rule{Op: op, Selector: sel, Value: v} }
	of := func(op string, rules ...Rule) Rule { return Rule{Op: op, Rules: rules} }
	f.Valid = []vector{
		row("equal", `{"a":1}`, is("==", ".a", int64(1))),
		row("equal texts", `{"a":"x"}`, is("==", ".a", "x")),
		row("not equal", `{"a":"1"}`, is("!=", ".a", int64(1))),
		row("below", `{"a":-1}`, is("<", ".a", int64(0))),
		row("deep", `{"a":{"b":[{"c":5}]}}`, is(">=", ".a.b[0].c", int64(5))),
		row("like", `{"a":"/tmp/x"}`, is("like", ".a", "/tmp/*")),
		row("like an asterisk", `{"a":"a*b"}`, is("like", ".a", `a\*b`)),
		row("or, one half undecided", `{"a":1}`, of("or", is("==", ".nowhere", int64(1)), is("==", ".a", int64(1)))),
		row("not", `{"a":1}`, of("not", is("==", ".a", int64(2)))),
		row("all of none", `{"a":[]}`, Rule{Op: "all", Selector: ".a", Rules: []Rule{is("==", ".", int64(1))}}),
		row("any", `{"a":[1,2]}`, Rule{Op: "any", Selector: ".a", Rules: []Rule{is("==", ".", int64(2))}}),
	}
	f.Invalid = []vector{
		row("another value", `{"a":2}`, is("==", ".a", int64(1))),
		row("another type", `{"a":"1"}`, is("==", ".a", int64(1))),
		row("nothing there", `{}`, is("==", ".a", int64(1))),
		row("nothing there, unequal", `{}`, is("!=", ".a", int64(1))),
		row("nothing there, not", `{}`, of("not", is("==", ".a", int64(1)))),
		row("a text below a number", `{"a":"0"}`, is("<", ".a", int64(1))),
		row("half a number", `{"a":0.5}`, is("<", ".a", int64(1))),
		row("one of two", `{"a":1,"b":2}`, is("==", ".a", int64(1)), is("==", ".b", int64(1))),
		row("like, longer", `{"a":"/tmp2/x"}`, is("like", ".a", "/tmp/*")),
		row("all but one", `{"a":[1,2]}`, Rule{Op: "all", Selector: ".a", Rules: []Rule{is("==", ".", int64(2))}}),
		row("any of none", `{"a":[]}`, Rule{Op: "any", Selector: ".a", Rules: []Rule{is("==", ".", int64(1))}}),
		row("beyond the list", `{"a":[1]}`, is("!=", ".a[1]", int64(1))),
	}
	return f, func(t testing.TB, v vector) (map[string]any, error) {
		c := cursor{s: string(unhex(t, given(t, v, "policy")))}
		p := Policy(c.rules(MaxRuleDepth))
		if !c.end() || p.check() != nil {
			t.Fatalf("%s: not a policy", v.Name)
		}
		var args map[string]any
		wantNil(t, json.Unmarshal([]byte(given(t, v, "args")), &args))
		if !p.Permits(args) {
			return nil, ErrNotGranted
		}
		return nil, nil
	}
}

func makeClaimVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Claims (008, section 4)."}
	subject, _, _ := testAgent(t, 2)
	least, err := testProof(t, 1, 0).Claim(ClaimDraft{Subject: subject.ID(), Capability: "/a", End: testTime}, testSeed, testSigner(t, 1))
	wantNil(t, err)
	child := mustSpawn(t, testProof(t, 1, 1), testHot(t, 1, 1), 5)
	f.Valid = []vector{
		bytesVector("least", least.Bytes()),
		bytesVector("every field, after a rotation", testClaim(t, testProof(t, 1, 1), testHot(t, 1, 1)).Bytes()),
		bytesVector("a child's", testClaim(t, child, testSigner(t, 5)).Bytes()),
	}
	f.Invalid = badRows(badClaims(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		c, err := OpenClaim(b)
		if err != nil {
			return nil, err
		}
		return map[string]any{"id": c.ID().String(), "issuer": c.Issuer().ID().String(), "subject": c.Subject().String(), "capability": c.Capability(),
			"end": c.End().Unix(), "evidence": c.Evidence()}, nil
	})
}

func makeReceiptVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Status receipts (009, section 1)."}
	ident, key, _ := testAgent(t, 1)
	f.Valid = []vector{bytesVector("receipt", testReceipt(t, testSigner(t, 11), mustSign(t, ident, key, vectorDraft()), testTime))}
	f.Invalid = badRows(badReceipts(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		r, err := OpenReceipt(b)
		if err != nil {
			return nil, err
		}
		s := r.Says()
		return map[string]any{"signer": r.Signer().String(), "agent": s.Agent.String(), "record": hexOf(s.Record[:]), "facts": s.Facts, "set": hexOf(s.Set[:]), "at": s.At.Unix()}, nil
	})
}

func makeChallengeVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Challenges (009, section 2)."}
	ident, _, _ := testAgent(t, 1)
	subject, _, _ := testAgent(t, 2)
	for _, row := range []struct {
		name string
		c    Challenge
	}{
		{"for a key", Challenge{Agent: ident.ID(), Nonce: [32]byte{1}}},
		{"for a grant", Challenge{Agent: ident.ID(), Nonce: [32]byte{1}, Command: "/a/b", Subject: subject.ID()}},
	} {
		b, err := row.c.Bytes()
		wantNil(t, err)
		f.Valid = append(f.Valid, bytesVector(row.name, b))
	}
	f.Invalid = badRows(badChallenges(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		c, err := OpenChallenge(b)
		if err != nil {
			return nil, err
		}
		want := map[string]any{"agent": c.Agent.String(), "nonce": hexOf(c.Nonce[:])}
		if c.Command != "" {
			want["command"], want["subject"] = c.Command, c.Subject.String()
		}
		return want, nil
	})
}

func makePossessionVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Proofs of possession (009, section 2). The binding is that of a libp2p connection whose ends have the peer IDs `verifier` and `answerer`, in ASCII."}
	proof, over := testProof(t, 4, 1), PeerBinding([]byte("verifier"), []byte("answerer"))
	for _, row := range []struct {
		name  string
		grant *Grant
	}{{"of a key", nil}, {"with a grant", testGrants(t, 3)}} {
		p, err := proof.Answer(Challenge{Agent: proof.ID(), Nonce: [32]byte{1}}, over, testHot(t, 4, 1), row.grant)
		wantNil(t, err)
		f.Valid = append(f.Valid, bytesVector(row.name, p.Bytes()))
	}
	f.Invalid = badRows(badPossessions(t))
	return f, onBytes(func(b []byte) (map[string]any, error) {
		p, err := OpenPossession(b)
		if err != nil {
			return nil, err
		}
		want := map[string]any{"agent": p.Proof().ID().String(), "nonce": hexOf(p.nonce[:]), "binding": hexOf(p.binding[:])}
		if p.Grant() != nil {
			want["grant"] = p.Grant().ID().String()
		}
		return want, nil
	})
}
