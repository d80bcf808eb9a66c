package vc

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/multiformats/go-multibase"

	"github.com/cairn-overlay/cairn/records"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// w3cKey is the key of W3C's test vectors.
func w3cKey(t testing.TB) *records.Ed25519Signer {
	var pair struct{ PublicKeyMultibase, PrivateKeyMultibase string }
	if err := json.Unmarshal(fixture(t, "eddsa-jcs-2022/keyPair.json"), &pair); err != nil {
		t.Fatal(err)
	}
	_, private, err := multibase.Decode(pair.PrivateKeyMultibase)
	if err != nil {
		t.Fatal(err)
	}
	key := must(records.NewEd25519Signer(ed25519.NewKeyFromSeed(private[2:])))(t)
	if key.Public().String() != pair.PublicKeyMultibase {
		t.Fatal("the pair's halves are of two keys")
	}
	return key
}

// TestW3CVectors goes through W3C's example step by step, byte for byte.
func TestW3CVectors(t *testing.T) {
	const dir = "eddsa-jcs-2022/"
	unsigned, options := fixture(t, dir+"unsigned.json"), fixture(t, dir+"proofConfigJCS.json")
	hash := must(hashOf(options, unsigned))(t)
	key := w3cKey(t)
	sig := must(key.Sign(hash))(t)
	for name, got := range map[string]string{
		"canonDocJCS.txt":     string(must(jcs.Transform(unsigned))(t)),
		"proofCanonJCS.txt":   string(must(jcs.Transform(options))(t)),
		"proofHashJCS.txt":    hex.EncodeToString(hash[:32]),
		"docHashJCS.txt":      hex.EncodeToString(hash[32:]),
		"combinedHashJCS.txt": hex.EncodeToString(hash),
		"sigHexJCS.txt":       hex.EncodeToString(sig),
		"sigBTC58JCS.txt":     must(multibase.Encode(multibase.Base58BTC, sig))(t),
	} {
		if want := strings.TrimSpace(string(fixture(t, dir+name))); got != want {
			t.Errorf("%s\n%s, want\n%s", name, got, want)
		}
	}
	method := "did:key:" + key.Public().String() + "#" + key.Public().String()
	signed := must(Sign(unsigned, Options{Created: must(time.Parse(time.RFC3339, "2023-02-24T23:36:38Z"))(t), VerificationMethod: method}, key))(t)
	if want := must(jcs.Transform(fixture(t, dir+"signedJCS.json")))(t); !bytes.Equal(signed, want) {
		t.Errorf("signed\n%s, want\n%s", signed, want)
	}
	if _, err := Verify(fixture(t, dir+"signedJCS.json"), only(key.Public(), method)); err != nil {
		t.Error(err)
	}
}

// TestRFC8785 holds the canonical form to the RFC's own documents.
func TestRFC8785(t *testing.T) {
	files := must(filepath.Glob("testdata/rfc8785/input/*.json"))(t)
	if len(files) < 5 {
		t.Fatalf("%d documents", len(files))
	}
	for _, f := range files {
		name := filepath.Base(f)
		got := must(jcs.Transform(fixture(t, "rfc8785/input/"+name)))(t)
		if want := bytes.TrimSpace(fixture(t, "rfc8785/output/"+name)); !bytes.Equal(got, want) {
			t.Errorf("%s\n%s, want\n%s", name, got, want)
		}
	}
}

// only knows one key by one name.
func only(key records.PublicKey, method string) func(string) (records.PublicKey, error) {
	return func(m string) (records.PublicKey, error) {
		if m != method {
			return records.PublicKey{}, errors.New("unknown method")
		}
		return key, nil
	}
}

func TestVerifyRefuses(t *testing.T) {
	signed := string(fixture(t, "eddsa-jcs-2022/signedJCS.json"))
	key := w3cKey(t).Public()
	method := "did:key:" + key.String() + "#" + key.String()
	edit := func(old, by string) string {
		if strings.Count(signed, old) == 0 {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(signed, old, by, 1)
	}
	for _, row := range []struct {
		name, doc string
		class     error
	}{
		{"as it is", signed, nil},
		{"written otherwise", strings.ReplaceAll(signed, "  ", "\t"), nil},
		{"another subject", edit("School", "Skool"), ErrInvalid},
		{"another time", edit("23:36:38", "23:36:39"), ErrInvalid},
		{"another purpose", edit("assertionMethod", "authentication"), ErrInvalid},
		{"a field more", edit(`"id": "urn`, `"x": 1, "id": "urn`), ErrInvalid},
		{"a field more in the proof", edit(`"created"`, `"domain": "x", "created"`), ErrInvalid},
		{"a name twice", edit(`"id": "urn`, `"id": "x", "id": "urn`), ErrMalformed},
		{"another order of contexts", edit(`"https://www.w3.org/ns/credentials/v2",`, `"https://x.example/",`), ErrInvalid},
		{"another suite", edit("eddsa-jcs-2022", "eddsa-rdfc-2022"), ErrMalformed},
		{"another type of proof", edit("DataIntegrityProof", "Ed25519Signature2020"), ErrMalformed},
		{"a value in another base", edit(`"z2HnF`, `"u2HnF`), ErrMalformed},
		{"a short value", edit("3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX", ""), ErrMalformed},
		{"a time that is none", edit("2023-02-24T23:36:38Z", "yesterday"), ErrMalformed},
		{"no proof", string(fixture(t, "eddsa-jcs-2022/unsigned.json")), ErrMalformed},
		{"a list", "[" + signed + "]", ErrMalformed},
		{"no JSON", "{", ErrMalformed},
		{"too long", `{"x":"` + strings.Repeat("a", MaxSize) + `"}`, ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := Verify([]byte(row.doc), only(key, method)); !errors.Is(err, row.class) {
				t.Fatalf("%v, want %v", err, row.class)
			}
		})
	}
}

// claimOf makes agent 1 attest that agent 2 has a capability.
func claimOf(t testing.TB, capability string) (*records.Claim, records.Signer) {
	agent := func(n byte) (*records.Identity, records.Signer) {
		key := must(records.NewEd25519Signer(ed25519.NewKeyFromSeed(append(make([]byte, 31), n))))(t)
		g := records.Genesis{Keys: []records.PublicKey{key.Public()}, Next: [][32]byte{{n}}}
		return must(records.NewIdentity(g, time.Unix(1_900_000_000, 0), records.Secret{n}))(t), key
	}
	issuer, key := agent(1)
	subject, _ := agent(2)
	proof := must(records.NewProof(records.NewChain(issuer)))(t)
	claim := must(proof.Claim(records.ClaimDraft{
		Subject: subject.ID(), Capability: capability, NotBefore: time.Unix(1_800_000_000, 0), End: time.Unix(1_800_086_400, 0),
		Evidence: []records.CodeDigest{{Type: "report", Digest: sha256.Sum256([]byte("report")), URL: "https://lab.example/report?a=1&b=2"}},
	}, nil, key, records.Secret{3}))(t)
	return claim, key
}

// TestIndependentCheck verifies a credential of ours from the specification's text alone: with
// the standard library, a canonical form written here, and base58 by long division.
func TestIndependentCheck(t *testing.T) {
	claim, key := claimOf(t, "/translate-en-es")
	doc := must(FromClaim(claim, time.Unix(1_800_000_000, 0), key))(t)
	if err := independent(doc); err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	for _, edit := range [][2]string{{"/translate-en-es", "/translate-es-en"}, {"assertionMethod", "authentication"}, {"2027", "2028"}} {
		if !bytes.Contains(doc, []byte(edit[0])) {
			t.Fatalf("no %s in\n%s", edit[0], doc)
		}
		if independent(bytes.Replace(doc, []byte(edit[0]), []byte(edit[1]), 1)) == nil {
			t.Errorf("it verifies with %s for %s", edit[1], edit[0])
		}
	}
}

// independent is the check: section 3.3 of "Data Integrity EdDSA Cryptosuites v1.0".
func independent(doc []byte) error {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var tree map[string]any
	if err := dec.Decode(&tree); err != nil {
		return err
	}
	proof := tree["proof"].(map[string]any)
	if proof["type"] != "DataIntegrityProof" || proof["cryptosuite"] != "eddsa-jcs-2022" || proof["proofPurpose"] != "assertionMethod" {
		return errors.New("not such a proof")
	}
	method := proof["verificationMethod"].(string)
	did, fragment, _ := strings.Cut(method, "#")
	if did != tree["issuer"] {
		return errors.New("the method is not the issuer's")
	}
	key, sig := unbase58(fragment[1:]), unbase58(proof["proofValue"].(string)[1:])
	if len(key) != 34 || key[0] != 0xed || key[1] != 1 || len(sig) != 64 {
		return errors.New("not an Ed25519 multikey and signature")
	}
	delete(tree, "proof")
	delete(proof, "proofValue")
	if writeCanonical(proof["@context"]) != writeCanonical(tree["@context"]) {
		return errors.New("other contexts")
	}
	options, rest := sha256.Sum256([]byte(writeCanonical(proof))), sha256.Sum256([]byte(writeCanonical(tree)))
	if !ed25519.Verify(key[2:], append(options[:], rest[:]...), sig) {
		return errors.New("the signature does not verify")
	}
	return nil
}

// writeCanonical is RFC 8785 for what has ASCII names and no numbers.
func writeCanonical(v any) string {
	switch v := v.(type) {
	case string:
		s := `"`
		for _, c := range []byte(v) {
			if c == '"' || c == '\\' {
				s += `\`
			}
			s += string(rune(c))
		}
		return s + `"`
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, writeCanonical(x))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		var names, parts []string
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			parts = append(parts, writeCanonical(name)+":"+writeCanonical(v[name]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "not here"
}

func unbase58(s string) []byte {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	n := new(big.Int)
	for _, c := range s {
		n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(strings.IndexRune(digits, c))))
	}
	return n.Bytes()
}

func TestVerifyClaim(t *testing.T) {
	claim, key := claimOf(t, "/translate-en-es")
	other, _ := claimOf(t, "/translate-es-en")
	doc := must(FromClaim(claim, time.Unix(1_800_000_000, 0), key))(t)
	if err := VerifyClaim(doc, claim); err != nil {
		t.Fatal(err)
	}
	if err := VerifyClaim(doc, other); !errors.Is(err, ErrInvalid) {
		t.Fatalf("another claim: %v", err)
	}
	stranger := w3cKey(t)
	if _, err := FromClaim(claim, time.Time{}, stranger); !errors.Is(err, ErrInvalid) {
		t.Fatalf("signed by a stranger: %v", err)
	}
	if proof := must(Verify(doc, only(key.Public(), Method(claim.Issuer().ID(), key.Public()))))(t); !proof.Created.Equal(time.Unix(1_800_000_000, 0)) {
		t.Fatalf("%+v", proof)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(fixture(f, "eddsa-jcs-2022/signedJCS.json"))
	f.Add(fixture(f, "eddsa-jcs-2022/unsigned.json"))
	claim, key := claimOf(f, "/a")
	f.Add(must(FromClaim(claim, time.Unix(1_800_000_000, 0), key))(f))
	w3c := w3cKey(f).Public()
	f.Fuzz(func(t *testing.T, doc []byte) {
		if _, err := Verify(doc, func(string) (records.PublicKey, error) { return w3c, nil }); err == nil {
			tree := must(parse(doc))(t)
			if _, there := tree["proof"]; !there {
				t.Fatal("it verifies without a proof")
			}
		}
	})
}
