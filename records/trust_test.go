package records

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// trustedClaim attests that subject has a capability, by the agent of a number.
func trustedClaim(t testing.TB, issuer byte, subject AgentID, capability string) *Claim {
	t.Helper()
	ident, key, _ := testAgent(t, issuer)
	proof, err := NewProof(NewChain(ident))
	wantNil(t, err)
	c, err := proof.Claim(ClaimDraft{Subject: subject, Capability: capability, End: testTime.Add(time.Hour), Nonce: [16]byte{issuer}}, testSeed, key)
	wantNil(t, err)
	return c
}

func TestTrust(t *testing.T) {
	ident, key, _ := testAgent(t, 9)
	subject := ident.ID()
	of := func(n byte) AgentID { ident, _, _ := testAgent(t, n); return ident.ID() }
	one, two, three := trustedClaim(t, 1, subject, "/a/b"), trustedClaim(t, 2, subject, "/a/b"), trustedClaim(t, 3, subject, "/a/b")
	revoked, err := one.Header().RevealDerived(testSeed)
	wantNil(t, err)
	trust := func(need int, issuers ...TrustedIssuer) Trust { return Trust{issuers, need} }
	any1, any2 := TrustedIssuer{ID: of(1)}, TrustedIssuer{ID: of(2)}
	for _, row := range []struct {
		name   string
		trust  Trust
		claims []*Claim
		path   string
		facts  []Fact
		want   int
		class  error
	}{
		{"one that counts", trust(0, any1), []*Claim{one}, "/a/b", nil, 1, nil},
		{"nobody counts", Trust{}, []*Claim{one}, "/a/b", nil, 0, ErrUnconfirmed},
		{"none came", trust(1, any1), nil, "/a/b", nil, 0, ErrUnconfirmed},
		{"of another issuer", trust(1, any1), []*Claim{two, three}, "/a/b", nil, 0, ErrUnconfirmed},
		{"two of two", trust(2, any1, any2), []*Claim{three, two, one}, "/a/b", nil, 2, nil},
		{"one of them twice", trust(2, any1, any2), []*Claim{one, one}, "/a/b", nil, 1, ErrUnconfirmed},
		{"within its field", trust(1, TrustedIssuer{of(1), []string{"/x", "/a"}}), []*Claim{one}, "/a/b", nil, 1, nil},
		{"beyond its field", trust(1, TrustedIssuer{of(1), []string{"/a/b/c"}}), []*Claim{one}, "/a/b", nil, 0, ErrUnconfirmed},
		{"a path below the claimed one", trust(1, any1), []*Claim{one}, "/a/b/c", nil, 0, ErrUnconfirmed},
		{"about another agent", trust(1, any1), []*Claim{trustedClaim(t, 1, of(4), "/a/b")}, "/a/b", nil, 0, ErrUnconfirmed},
		{"revoked", trust(1, any1), []*Claim{one}, "/a/b", []Fact{revoked}, 0, ErrRevoked},
		{"one revoked, one not", trust(1, any1, any2), []*Claim{one, two}, "/a/b", []Fact{revoked}, 1, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			by, err := row.trust.Vouch(row.claims, subject, row.path, testTime, knows(row.facts...))
			wantErr(t, err, row.class)
			if len(by) != row.want {
				t.Fatalf("by %d", len(by))
			}
		})
	}

	place, err := vectorDraft().Location.WithClaims(one, two, trustedClaim(t, 1, of(4), "/a/b"))
	wantNil(t, err)
	rec := mustSign(t, ident, key, Draft{Sequence: 1, Issued: testTime, Location: place})
	if n := len(rec.Claims()); n != 2 {
		t.Errorf("%d claims about the agent itself, want 2", n)
	}
	if _, err := trust(2, any1, any2).Vouch(rec.Claims(), subject, "/a/b", testTime, knows()); err != nil {
		t.Error(err)
	}
}

func TestTrustPolicy(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	id := ident.ID()
	text := `{"default": {"issuers": []}, "realms": {"acme": {"issuers": [{"id": "ID", "for": ["/a"]}]}}, "callers": {"ID": {"issuers": [{"id": "did:cairn:ID"}], "need": 1}}}`
	p, err := ParseTrustPolicy([]byte(strings.ReplaceAll(text, "ID", id.String())))
	wantNil(t, err)
	if n := len(p.For(AgentID{}, "").Issuers) + len(p.For(AgentID{}, "else").Issuers); n != 0 {
		t.Errorf("%d trusted by default", n)
	}
	if got := p.For(AgentID{}, "acme"); len(got.Issuers) != 1 || got.Issuers[0].For[0] != "/a" {
		t.Errorf("acme: %v", got)
	}
	if got := p.For(id, "acme"); got.Need != 1 || got.Issuers[0].ID != id {
		t.Errorf("a caller goes before its realm: %v", got)
	}
	for _, bad := range []string{
		``, `[]`, `{} {}`, `{"defualt": {}}`, `{"default": {"issuers": [{"id": "x"}]}}`, `{"default": {"issuers": [{}]}}`,
		`{"default": {"need": 2}}`, `{"default": {"need": -1}}`, `{"realms": {"a": {"issuers": [{"id": "` + id.String() + `", "for": ["a"]}]}}}`,
	} {
		_, err := ParseTrustPolicy([]byte(bad))
		wantErr(t, err, ErrMalformed)
	}
	_, err = ParseTrustPolicy(make([]byte, MaxTrustSize+1))
	wantErr(t, err, ErrTooLarge)
}

func FuzzTrustPolicy(f *testing.F) {
	ident, _, _ := testAgent(f, 1)
	f.Add([]byte(`{"default": {"issuers": [{"id": "` + ident.ID().String() + `", "for": ["/a"]}], "need": 1}, "realms": {"a": {}}, "callers": {"` + ident.ID().DID() + `": {}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseTrustPolicy(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		wantNil(t, err)
		if _, err := ParseTrustPolicy(again); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
