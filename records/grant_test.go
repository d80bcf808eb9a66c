package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// nothingKnown is what a node knows that has heard of nobody.
func nothingKnown(AgentID) Fact { return nil }

// knows is what a node knows that holds these facts.
func knows(facts ...Fact) func(AgentID) Fact {
	held := map[AgentID]Fact{}
	for _, f := range facts {
		held[f.ID()] = Join(held[f.ID()], f)
	}
	return func(id AgentID) Fact { return held[id] }
}

// testGrantDraft hands "/a/b" to agent n for a day.
func testGrantDraft(t testing.TB, n byte, under *Grant) GrantDraft {
	audience, _, _ := testAgent(t, n)
	return GrantDraft{Audience: audience.ID(), Command: "/a/b", End: testTime.Add(24 * time.Hour), Nonce: [16]byte{n}, Under: under}
}

// testGrants is a chain: agent 1 grants to 2, 2 to 3, and so on.
func testGrants(t testing.TB, n int) *Grant {
	t.Helper()
	var g *Grant
	for i := 1; i <= n; i++ {
		issuer := byte(i)
		made, err := testProof(t, issuer, 0).Grant(testGrantDraft(t, issuer+1, g), testSeed, testSigner(t, issuer))
		wantNil(t, err)
		g = made
	}
	return g
}

// testCall is one that testGrants(t, n) covers.
func testCall(t testing.TB, n int) Call {
	root, _, _ := testAgent(t, 1)
	holder, _, _ := testAgent(t, byte(n+1))
	return Call{By: holder.ID(), Subject: root.ID(), Command: "/a/b/c", At: testTime}
}

func TestGrant(t *testing.T) {
	for n := 1; n <= MaxGrants; n++ {
		g := testGrants(t, n)
		again, err := OpenGrant(g.Bytes())
		wantNil(t, err)
		if !bytes.Equal(again.Bytes(), g.Bytes()) || again.ID() != g.ID() || len(again.Chain()) != n {
			t.Fatal("it opens as another")
		}
		wantErr(t, g.Allows(testCall(t, n), nothingKnown), nil)
	}
	five := testGrants(t, MaxGrants)
	_, err := testProof(t, 6, 0).Grant(testGrantDraft(t, 7, five), testSeed, testSigner(t, 6))
	wantErr(t, err, ErrTooLarge)
}

func TestGrantOnlyShrinks(t *testing.T) {
	upper := testGrants(t, 1)
	for _, row := range []struct {
		name  string
		edit  func(*GrantDraft)
		class error
	}{
		{"as it is", func(*GrantDraft) {}, nil},
		{"a path below", func(d *GrantDraft) { d.Command = "/a/b/c" }, nil},
		{"a path above", func(d *GrantDraft) { d.Command = "/a" }, ErrWidened},
		{"a path beside", func(d *GrantDraft) { d.Command = "/a/bc" }, ErrWidened},
		{"no path", func(d *GrantDraft) { d.Command = "/" }, ErrMalformed},
		{"a second earlier", func(d *GrantDraft) { d.End = d.End.Add(-time.Second) }, nil},
		{"a second later", func(d *GrantDraft) { d.End = d.End.Add(time.Second) }, ErrWidened},
		{"after the issuer", func(d *GrantDraft) { d.Under, d.End = nil, testTime.Add(DefaultLife+time.Second) }, ErrMalformed},
		{"another's grant", func(d *GrantDraft) { d.Under = testGrants(t, 2) }, ErrWidened},
		{"a grant of its own", func(d *GrantDraft) { d.Under = nil }, nil},
		{"a policy", func(d *GrantDraft) { d.Policy = Policy{{Op: "==", Selector: ".x", Value: int64(1)}} }, nil},
		{"a false policy", func(d *GrantDraft) { d.Policy = Policy{{Op: "=", Selector: ".x", Value: int64(1)}} }, ErrMalformed},
		{"nobody", func(d *GrantDraft) { d.Audience = AgentID{} }, ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := testGrantDraft(t, 3, upper)
			row.edit(&d)
			_, err := testProof(t, 2, 0).Grant(d, testSeed, testSigner(t, 2))
			wantErr(t, err, row.class)
		})
	}
	_, err := testProof(t, 2, 0).Grant(testGrantDraft(t, 3, upper), testSeed, testSigner(t, 3))
	wantErr(t, err, ErrInvalidSignature)
	_, err = testProof(t, 2, 0).Grant(testGrantDraft(t, 3, upper), nil, testSigner(t, 2))
	wantErr(t, err, ErrMalformed) // no lock: it could not be revoked
}

func TestGrantAllows(t *testing.T) {
	g := testGrants(t, 3)
	chain := g.Chain()
	_, _, secret := testAgent(t, 2)
	issuer, _, _ := testAgent(t, 2)
	holder, _, holderSecret := testAgent(t, 4)
	stranger, _, strangerSecret := testAgent(t, 9)
	revoked := func(i int) Fact {
		dead, err := chain[i].Header().RevealDerived(testSeed)
		wantNil(t, err)
		return dead
	}
	for _, row := range []struct {
		name  string
		edit  func(*Call)
		facts []Fact
		class error
	}{
		{"covered", nil, nil, nil},
		{"the path itself", func(c *Call) { c.Command = "/a/b" }, nil, nil},
		{"a path above", func(c *Call) { c.Command = "/a" }, nil, ErrNotGranted},
		{"a path beside", func(c *Call) { c.Command = "/a/bc" }, nil, ErrNotGranted},
		{"no path", func(c *Call) { c.Command = "/a/b/../x" }, nil, ErrNotGranted},
		{"somebody else", func(c *Call) { c.By = stranger.ID() }, nil, ErrNotGranted},
		{"somebody of the chain", func(c *Call) { c.By = issuer.ID() }, nil, ErrNotGranted},
		{"another's authority", func(c *Call) { c.Subject = issuer.ID() }, nil, ErrNotGranted},
		{"the last second", func(c *Call) { c.At = g.End() }, nil, nil},
		{"a second later", func(c *Call) { c.At = g.End().Add(time.Second) }, nil, ErrExpired},
		{"a stranger is dead", nil, []Fact{mustReveal(t, stranger.header, strangerSecret)}, nil},
		{"it is revoked", nil, []Fact{revoked(0)}, ErrRevoked},
		{"the one above is revoked", nil, []Fact{revoked(1)}, ErrRevoked},
		{"the root's is revoked", nil, []Fact{revoked(2)}, ErrRevoked},
		{"an issuer is dead", nil, []Fact{mustReveal(t, issuer.header, secret)}, ErrRevoked},
		{"the holder is dead", nil, []Fact{mustReveal(t, holder.header, holderSecret)}, ErrRevoked},
		{"an issuer has rotated", nil, []Fact{testRotated(t, 2, 1)}, ErrStale},
		{"the holder has rotated", nil, []Fact{testRotated(t, 4, 1)}, nil},
		{"an issuer is in conflict", nil, []Fact{fork(testRotated(t, 2, 1), testRotated(t, 2, 1, 'x'))}, ErrConflict},
	} {
		t.Run(row.name, func(t *testing.T) {
			call := testCall(t, 3)
			if row.edit != nil {
				row.edit(&call)
			}
			wantErr(t, g.Allows(call, knows(row.facts...)), row.class)
		})
	}
}

// TestGrantOfChild: the death of an issuer's ancestor ends its grants.
func TestGrantOfChild(t *testing.T) {
	child := mustSpawn(t, testProof(t, 1, 0), testSigner(t, 1), 2)
	g, err := child.Grant(testGrantDraft(t, 3, nil), testSeed, testSigner(t, 2))
	wantNil(t, err)
	holder, _, _ := testAgent(t, 3)
	call := Call{By: holder.ID(), Subject: child.ID(), Command: "/a/b", At: testTime}
	wantErr(t, g.Allows(call, nothingKnown), nil)
	parent, _, secret := testAgent(t, 1)
	err = g.Allows(call, knows(mustReveal(t, parent.header, secret)))
	wantErr(t, err, ErrRevoked)
	var se *StandingError
	if !errors.As(err, &se) || se.Subject != parent.ID() {
		t.Fatalf("%v", err)
	}
	wantErr(t, g.Allows(call, knows(testRotated(t, 1, 1))), ErrStale)
}

// TestPoliciesAdd: all policies of a chain hold, not only the last.
func TestPoliciesAdd(t *testing.T) {
	d := testGrantDraft(t, 2, nil)
	d.Policy = Policy{{Op: "<", Selector: ".n", Value: int64(10)}}
	upper, err := testProof(t, 1, 0).Grant(d, testSeed, testSigner(t, 1))
	wantNil(t, err)
	d = testGrantDraft(t, 3, upper)
	d.Policy = Policy{{Op: "<", Selector: ".n", Value: int64(100)}, {Op: ">", Selector: ".n", Value: int64(5)}}
	g, err := testProof(t, 2, 0).Grant(d, testSeed, testSigner(t, 2))
	wantNil(t, err)
	for n, class := range map[int]error{4: ErrNotGranted, 7: nil, 11: ErrNotGranted, 101: ErrNotGranted} {
		call := testCall(t, 2)
		call.Args = map[string]any{"n": n}
		wantErr(t, g.Allows(call, nothingKnown), class)
	}
	wantErr(t, g.Allows(testCall(t, 2), nothingKnown), ErrNotGranted)
}

// rawStatement is a grant's or claim's link by hand.
func rawStatement(t testing.TB, kind Kind, end uint32, body []byte, key Signer, proof []byte, domain string) []byte {
	h, err := NewHeader(kind, end, digestOf(string(body)), Secret{5})
	wantNil(t, err)
	return cArray(h.Bytes(), body, cUint(0), cBytes(signed(t, key, cArray(cText(domain), cLink(h.ID())))), proof)
}

// rawGrantBody is the least body by hand, of agent 1 for agent 2.
func rawGrantBody(t testing.TB) fields {
	issuer, _, _ := testAgent(t, 1)
	audience, _, _ := testAgent(t, 2)
	return fields{"aud": cLink(audience.ID()), "cmd": cText("/a/b"), "iss": cLink(issuer.ID()), "rot": cUint(0), "nonce": cBytes(make([]byte, 16))}
}

// badGrants are almost grants.
func badGrants(t testing.TB) []badRow {
	one, key := testProof(t, 1, 0), testSigner(t, 1)
	two, other := testProof(t, 2, 0), testSigner(t, 2)
	end := uint32(testTime.Add(24 * time.Hour).Unix())
	least := rawGrantBody(t)
	link := func(body fields) []byte {
		return rawStatement(t, KindGrant, end, body.encode(), key, one.Bytes(), GrantType)
	}
	grant := func(own []byte, above ...[]byte) []byte { return cArray(cText(GrantType), own, cArray(above...)) }
	with := func(k string, v []byte) []byte { return grant(link(least.with(k, v))) }
	rule := func(parts ...[]byte) []byte { return with("pol", cArray(cArray(parts...))) }
	good := link(least)
	goodHeader, err := OpenHeader(good[1:77])
	wantNil(t, err)
	// A second link: agent 2 for agent 3, under the good one.
	third, _, _ := testAgent(t, 3)
	under := fields{"aud": cLink(third.ID()), "cmd": cText("/a/b"), "iss": cLink(two.ID()), "rot": cUint(0), "nonce": cBytes(make([]byte, 16)), "prf": cLink(goodHeader.ID())}
	lower := func(body fields, end uint32) []byte {
		return grant(rawStatement(t, KindGrant, end, body.encode(), other, two.Bytes(), GrantType), good)
	}
	var links [][]byte
	for i, l := range testGrants(t, MaxGrants).links {
		links = append(links, l.append(nil))
		_ = i
	}
	id := testGrants(t, MaxGrants).ID()
	six := fields{"aud": cLink(third.ID()), "cmd": cText("/a/b"), "iss": cLink(testProof(t, 6, 0).ID()), "rot": cUint(0), "nonce": cBytes(make([]byte, 16)), "prf": cLink(id)}
	deepRule := cArray(cText("=="), cText(".x"), cUint(1))
	for range MaxRuleDepth {
		deepRule = cArray(cText("not"), deepRule)
	}
	return []badRow{
		{"empty", nil, ErrMalformed},
		{"a byte after", append(grant(good), 0), ErrMalformed},
		{"no list of grants above", cArray(cText(GrantType), good), ErrMalformed},
		{"the type of a claim", cArray(cText(ClaimType), good, cEmptyArray), ErrUnsupported},
		{"signed as a claim", grant(rawStatement(t, KindGrant, end, least.encode(), key, one.Bytes(), ClaimType)), ErrInvalidSignature},
		{"signed by another", grant(rawStatement(t, KindGrant, end, least.encode(), other, one.Bytes(), GrantType)), ErrInvalidSignature},
		{"the header of a claim", grant(rawStatement(t, KindClaim, end, least.encode(), key, one.Bytes(), GrantType)), ErrMalformed},
		{"another body", grant(slices.Concat(good[:1+76], least.with("nonce", cBytes(append(make([]byte, 15), 1))).encode(), good[1+76+len(least.encode()):])), ErrWrongSubject},
		{"another's proof", grant(rawStatement(t, KindGrant, end, least.encode(), key, two.Bytes(), GrantType)), ErrWrongSubject},
		{"rotation 1 with a chain of none", with("rot", cUint(1)), ErrMalformed},
		{"an end after the issuer's", grant(rawStatement(t, KindGrant, one.Own().ident.header.End+1, least.encode(), key, one.Bytes(), GrantType)), ErrMalformed},
		{"no nonce", grant(link(least.without("nonce"))), ErrMalformed},
		{"a nonce of 15 bytes", with("nonce", cBytes(make([]byte, 15))), ErrMalformed},
		{"a field that is not known", with("sub", cUint(1)), ErrMalformed},
		{"fields out of order", grant(rawStatement(t, KindGrant, end, least.inOrder("cmd", "aud", "iss", "rot", "nonce"), key, one.Bytes(), GrantType)), ErrMalformed},
		{"not before 0", with("nbf", cUint(0)), ErrMalformed},
		{"the audience is the zero ID", with("aud", cLink(AgentID{})), ErrMalformed},
		{"a command that is no path", with("cmd", cText("/A")), ErrMalformed},
		{"all commands", with("cmd", cText("/")), ErrMalformed},
		{"a policy of no rules", with("pol", cEmptyArray), ErrMalformed},
		{"an operator that is not known", rule(cText("="), cText(".x"), cUint(1)), ErrMalformed},
		{"a selector without its dot", rule(cText("=="), cText("x"), cUint(1)), ErrMalformed},
		{"a comparison without a value", rule(cText("=="), cText(".x")), ErrMalformed},
		{"a comparison with null", rule(cText("=="), cText(".x"), cNull), ErrMalformed},
		{"less than a text", rule(cText("<"), cText(".x"), cText("1")), ErrMalformed},
		{"like a number", rule(cText("like"), cText(".x"), cUint(1)), ErrMalformed},
		{"the number 2^53", rule(cText("=="), cText(".x"), cUint(1<<53)), ErrMalformed},
		{"an empty or", rule(cText("or"), cEmptyArray), ErrMalformed},
		{"rules in rules, 5 deep", with("pol", cArray(deepRule)), ErrTooLarge},
		{"65 rules", with("pol", cArray(slices.Repeat([][]byte{cArray(cText("=="), cText("."), cUint(1))}, 65)...)), ErrMalformed},
		{"65 rules, some in others", with("pol", cArray(append(slices.Repeat([][]byte{cArray(cText("=="), cText("."), cUint(1))}, 63), cArray(cText("not"), cArray(cText("=="), cText("."), cUint(1))))...)), ErrTooLarge},
		{"under one that is missing", grant(link(least.with("prf", cLink(goodHeader.ID())))), ErrMalformed},
		{"under none, and one follows", lower(under.without("prf"), end), ErrMalformed},
		{"under another", lower(under.with("prf", cLink(id)), end), ErrWrongSubject},
		{"widened: a path above", lower(under.with("cmd", cText("/a")), end), ErrWidened},
		{"widened: a path beside", lower(under.with("cmd", cText("/a/bc")), end), ErrWidened},
		{"widened: a later end", lower(under, end+1), ErrWidened},
		{"widened: by one whom the grant above is not for", grant(rawStatement(t, KindGrant, end, under.with("iss", cLink(third.ID())).encode(), testSigner(t, 3), testProof(t, 3, 0).Bytes(), GrantType), good), ErrWidened},
		{"a cycle: a grant under itself", grant(good, good), ErrMalformed},
		{"6 grants", grant(rawStatement(t, KindGrant, end, six.encode(), testSigner(t, 6), testProof(t, 6, 0).Bytes(), GrantType), links...), ErrTooLarge},
	}
}

func TestOpenGrantRefuses(t *testing.T) {
	end := uint32(testTime.Add(24 * time.Hour).Unix())
	_, err := OpenGrant(cArray(cText(GrantType), rawStatement(t, KindGrant, end, rawGrantBody(t).encode(), testSigner(t, 1), testProof(t, 1, 0).Bytes(), GrantType), cEmptyArray))
	wantNil(t, err)
	for _, row := range badGrants(t) {
		t.Run(row.name, func(t *testing.T) {
			g, err := OpenGrant(row.b)
			wantErr(t, err, row.class)
			if g != nil {
				t.Fatal("a grant beside an error")
			}
		})
	}
}

func TestPolicy(t *testing.T) {
	args := map[string]any{
		"n": 7, "text": "a file.txt", "list": []any{int64(1), 2, uint64(3)}, "bytes": []byte{1}, "half": 0.5, "whole": 2.0, "minus": -1,
		"deep": map[string]any{"list": []any{map[string]any{"x": "y"}}}, "names": []any{"a", "b"}, "empty": []any{},
	}
	is := func(op, sel string, v any) Rule { return Rule{Op: op, Selector: sel, Value: v} }
	of := func(op string, rules ...Rule) Rule { return Rule{Op: op, Rules: rules} }
	each := func(op, sel string, r Rule) Rule { return Rule{Op: op, Selector: sel, Rules: []Rule{r}} }
	yes, no, lost := is("==", ".n", int64(7)), is("==", ".n", int64(8)), is("==", ".nowhere", int64(7))
	for i, row := range []struct {
		rule Rule
		want verdict
	}{
		{yes, permitted}, {no, refused}, {lost, undecided},
		{is("!=", ".n", int64(8)), permitted}, {is("!=", ".n", int64(7)), refused}, {is("!=", ".nowhere", int64(7)), undecided},
		{is("==", ".n", "7"), refused}, {is("==", ".bytes", []byte{1}), permitted}, {is("==", ".text", []byte("a file.txt")), refused},
		{is("==", ".list", []any{int64(1), int64(2), int64(3)}), permitted}, {is("==", ".list", []any{int64(1)}), refused},
		{is("==", ".whole", int64(2)), permitted}, {is("==", ".half", int64(0)), refused}, {is("<", ".half", int64(1)), undecided},
		{is("<", ".minus", int64(0)), permitted}, {is("<", ".n", int64(7)), refused}, {is("<=", ".n", int64(7)), permitted}, {is(">", ".n", int64(6)), permitted}, {is(">=", ".n", int64(8)), refused},
		{is("<", ".text", int64(1)), undecided}, {is("==", ".list[1]", int64(2)), permitted}, {is("==", ".list[3]", int64(2)), undecided},
		{is("==", ".deep.list[0].x", "y"), permitted}, {is("==", ".n.x", "y"), undecided}, {is("==", ".", int64(1)), refused},
		{is("like", ".text", "a*"), permitted}, {is("like", ".text", "*.txt"), permitted}, {is("like", ".text", "*f*e*"), permitted}, {is("like", ".text", "a file.txt"), permitted},
		{is("like", ".text", "file"), refused}, {is("like", ".text", "*.txt*x"), refused}, {is("like", ".text", `a\*`), refused}, {is("like", ".n", "*"), undecided},
		{of("and", yes, yes), permitted}, {of("and", yes, no), refused}, {of("and", yes, lost), undecided}, {of("and", lost, no), refused},
		{of("or", no, yes), permitted}, {of("or", no, no), refused}, {of("or", no, lost), undecided}, {of("or", lost, yes), permitted},
		{of("not", no), permitted}, {of("not", yes), refused}, {of("not", lost), undecided},
		{each("all", ".names", is("like", ".", "*")), permitted}, {each("all", ".names", is("==", ".", "a")), refused}, {each("all", ".empty", no), permitted}, {each("all", ".n", yes), undecided},
		{each("any", ".names", is("==", ".", "b")), permitted}, {each("any", ".names", is("==", ".", "c")), refused}, {each("any", ".empty", yes), refused}, {each("any", ".names", is("<", ".", int64(1))), undecided},
	} {
		if got := row.rule.judge(args); got != row.want {
			t.Errorf("row %d, %v: %d, want %d", i, row.rule, got, row.want)
		}
		if got := (Policy{row.rule}).Permits(args); got != (row.want == permitted) {
			t.Errorf("row %d, %v: permits is %v", i, row.rule, got)
		}
		wantErr(t, Policy{row.rule}.check(), nil)
		c := cursor{s: string(Policy{row.rule}.append(nil))}
		text, err := json.Marshal(Policy{row.rule})
		wantNil(t, err)
		var read Policy
		wantNil(t, json.Unmarshal(text, &read))
		if !bytes.Equal(read.append(nil), Policy{row.rule}.append(nil)) {
			t.Errorf("row %d: %s reads as %v", i, text, read)
		}
		if again := c.rules(MaxRuleDepth); !c.end() || fmt.Sprint(again) != fmt.Sprint([]Rule{row.rule}) {
			t.Errorf("row %d: %v reads as %v", i, row.rule, again)
		}
	}
	for _, s := range []string{`{}`, `[1]`, `[["=="]]`, `[["=", ".x", 1]]`, `[["==", ".x", 1.5]]`, `[["==", ".x", true]]`, `[["==", ".x", null]]`, `[["==", "x", 1]]`, `[["not", []]]`,
		`[["or", []]]`, `[["==", ".x", -1]]`, `[["==", ".x", {"/": {"bytes": "!"}}]]`, `[["==", 1, 1]]`, `[`, `[["<", ".x", "a"]]`} {
		var p Policy
		if err := json.Unmarshal([]byte(s), &p); err == nil {
			t.Errorf("%s reads as %v", s, p)
		}
	}
	for _, s := range []string{"", "x", "..", ".x.", ".0", ".-a", ".[0]", ".x[", ".x[]", ".x[01]", ".x[-1]", ".x[99999]", ".x y", ".é", ".x[0]y"} {
		if _, err := parseSelector(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("selector %q: %v", s, err)
		}
	}
}

func BenchmarkGrantOfFive(b *testing.B) {
	raw, call := testGrants(b, MaxGrants).Bytes(), testCall(b, MaxGrants)
	b.ReportMetric(float64(len(raw)), "bytes")
	for b.Loop() {
		g, err := OpenGrant(raw)
		if err != nil {
			b.Fatal(err)
		}
		if err := g.Allows(call, nothingKnown); err != nil {
			b.Fatal(err)
		}
	}
}
