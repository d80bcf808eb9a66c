package records

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"
	"time"
)

// testClaim is what agent 1 attests of agent 2.
func testClaim(t testing.TB, proof *Proof, key Signer) *Claim {
	t.Helper()
	subject, _, _ := testAgent(t, 2)
	c, err := proof.Claim(ClaimDraft{
		Subject: subject.ID(), Capability: "/translate-en-es", NotBefore: testTime.Add(-time.Hour), End: testTime.Add(time.Hour), Nonce: [16]byte{1},
		Evidence: []CodeDigest{{Type: "report", Digest: sha256.Sum256([]byte("report")), URL: "https://lab.example/report"}, {Type: "sbom", Digest: sha256.Sum256([]byte("sbom"))}},
	}, testSeed, key)
	wantNil(t, err)
	return c
}

func TestClaim(t *testing.T) {
	c := testClaim(t, testProof(t, 1, 1), testHot(t, 1, 1))
	again, err := OpenClaim(c.Bytes())
	wantNil(t, err)
	if !bytes.Equal(again.Bytes(), c.Bytes()) || again.ID() != c.ID() || !slices.Equal(again.Evidence(), c.Evidence()) || again.Capability() != "/translate-en-es" {
		t.Fatal("it opens as another")
	}
	revoked, err := c.Header().RevealDerived(testSeed)
	wantNil(t, err)
	issuer, _, secret := testAgent(t, 1)
	subject, _, subjectSecret := testAgent(t, 2)
	for _, row := range []struct {
		name  string
		after time.Duration
		facts []Fact
		class error
	}{
		{"now", 0, nil, nil},
		{"before it begins", -time.Hour - time.Second, nil, ErrNotYetValid},
		{"its last second", time.Hour, nil, nil},
		{"after its end", time.Hour + time.Second, nil, ErrExpired},
		{"revoked", 0, []Fact{revoked}, ErrRevoked},
		{"the issuer is dead", 0, []Fact{mustReveal(t, issuer.header, secret)}, ErrRevoked},
		{"the issuer has rotated since", 0, []Fact{testRotated(t, 1, 2)}, ErrStale},
		{"the issuer had rotated before", 0, []Fact{testRotated(t, 1, 1)}, nil},
		{"the issuer is in conflict", 0, []Fact{testRotated(t, 1, 1, 'x')}, ErrConflict},
		{"the subject is dead", 0, []Fact{mustReveal(t, subject.header, subjectSecret)}, ErrRevoked},
		{"the subject has rotated", 0, []Fact{testRotated(t, 2, 1)}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantErr(t, c.Holds(testTime.Add(row.after), knows(row.facts...)), row.class)
		})
	}
}

// badClaims are almost claims.
func badClaims(t testing.TB) []badRow {
	one, key := testProof(t, 1, 0), testSigner(t, 1)
	subject, _, _ := testAgent(t, 2)
	end := uint32(testTime.Add(time.Hour).Unix())
	least := fields{"cap": cText("/a"), "iss": cLink(one.ID()), "rot": cUint(0), "sub": cLink(subject.ID()), "nonce": cBytes(make([]byte, 16))}
	claim := func(body []byte, kind Kind, end uint32, domain string) []byte {
		return cArray(cText(ClaimType), rawStatement(t, kind, end, body, key, one.Bytes(), domain))
	}
	with := func(k string, v []byte) []byte {
		return claim(least.with(k, v).encode(), KindClaim, end, ClaimType)
	}
	good := claim(least.encode(), KindClaim, end, ClaimType)
	if _, err := OpenClaim(good); err != nil {
		t.Fatal(err)
	}
	digest := cBytes(make([]byte, 32))
	return []badRow{
		{"empty", nil, ErrMalformed},
		{"a byte after", append(bytes.Clone(good), 0), ErrMalformed},
		{"the type of a grant", slices.Concat([]byte{0x82}, cText(GrantType), good[1+len(cText(ClaimType)):]), ErrUnsupported},
		{"signed as a grant", claim(least.encode(), KindClaim, end, GrantType), ErrInvalidSignature},
		{"the header of a grant", claim(least.encode(), KindGrant, end, ClaimType), ErrMalformed},
		{"an end after the issuer's", claim(least.encode(), KindClaim, one.Own().ident.header.End+1, ClaimType), ErrMalformed},
		{"no subject", claim(least.without("sub").encode(), KindClaim, end, ClaimType), ErrMalformed},
		{"the subject is the zero ID", with("sub", cLink(AgentID{})), ErrMalformed},
		{"another issuer", with("iss", cLink(subject.ID())), ErrWrongSubject},
		{"rotation 1 with a chain of none", with("rot", cUint(1)), ErrMalformed},
		{"a capability that is no path", with("cap", cText("a")), ErrMalformed},
		{"not before 0", with("nbf", cUint(0)), ErrMalformed},
		{"no evidence, as an empty list", with("ev", cEmptyArray), ErrMalformed},
		{"17 pieces of evidence", with("ev", cArray(slices.Repeat([][]byte{fields{"type": cText("x"), "sha256": digest}.encode()}, 17)...)), ErrTooLarge},
		{"evidence without a type", with("ev", cArray(fields{"type": cText(""), "sha256": digest}.encode())), ErrMalformed},
		{"a body of more than 4096 bytes", with("ev", cArray(slices.Repeat([][]byte{fields{"type": cText("x"), "sha256": digest, "url": cText("https://a.example/" + string(bytes.Repeat([]byte{'a'}, 400)))}.encode()}, 16)...)), ErrTooLarge},
	}
}

func TestOpenClaimRefuses(t *testing.T) {
	for _, row := range badClaims(t) {
		t.Run(row.name, func(t *testing.T) {
			c, err := OpenClaim(row.b)
			wantErr(t, err, row.class)
			if c != nil {
				t.Fatal("a claim beside an error")
			}
		})
	}
}
