package records

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

var testTime = time.Unix(1_800_000_000, 0).UTC()

// testAgent makes an agent with one key and one lock, all of which follow from one byte.
func testAgent(t testing.TB, n byte) (*Identity, Signer, Secret) {
	t.Helper()
	secret := Secret{n, 1}
	ident, err := NewIdentity(testGenesis(t, n), testTime.Add(DefaultLife), secret)
	if err != nil {
		t.Fatal(err)
	}
	return ident, testSigner(t, n), secret
}

// testGenesis makes a genesis with one signing key and one rotation digest.
func testGenesis(t testing.TB, n byte) Genesis {
	t.Helper()
	return Genesis{
		Keys:  []PublicKey{testSigner(t, n).Public()},
		Next:  [][32]byte{testSigner(t, n^0x80).Public().RotationDigest()},
		Nonce: [16]byte{n},
	}
}

func testSigner(t testing.TB, n byte) *Ed25519Signer {
	t.Helper()
	key, err := NewEd25519Signer(ed25519.NewKeyFromSeed(append(make([]byte, 31), n)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// testLocation uses every field of a Location.
func testLocation() Location {
	return Location{
		Endpoints: []Endpoint{
			{URL: "https://agent.example/a2a", Protocol: "a2a"},
			{URL: "/ip4/192.0.2.7/tcp/4001", Protocol: "libp2p", Priority: 10, Weight: 65535},
			{URL: "pkg:npm/%40example/agent@1.0.0", Protocol: "package", Priority: 20},
		},
		Capabilities: []string{"/summarize", "/translate-en-es"},
		Card:         &Card{URL: "https://agent.example/card", MediaType: "application/a2a-agent-card+json", Digest: sha256.Sum256([]byte("card"))},
		Code:         []CodeDigest{{Type: "image", Digest: sha256.Sum256([]byte("image"))}, {Type: "sbom", Digest: sha256.Sum256([]byte("sbom")), URL: "https://agent.example/sbom"}},
		Region:       "eu-west",
		Extensions:   map[string][]byte{"example.org/load": {1, 2}, "z": {}},
	}
}

func mustSign(t testing.TB, ident *Identity, key Signer, d Draft) *Record {
	t.Helper()
	rec, err := Sign(ident, key, d)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func mustReveal(t testing.TB, h Header, s Secret) *Tombstone {
	t.Helper()
	dead, err := h.Reveal(s)
	if err != nil {
		t.Fatal(err)
	}
	return dead
}

// wantErr holds err against the class, nil included.
func wantErr(t *testing.T, err, class error) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Fatalf("error %v, want %v", err, class)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A second CBOR encoder, by hand and ten lines long: it can write what the codec
// refuses, and the values that it writes by the rules must equal the codec's.

func cHead(major byte, n uint64) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 1<<8:
		return []byte{major<<5 | 24, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{major<<5 | 25}, uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32([]byte{major<<5 | 26}, uint32(n))
	}
	return binary.BigEndian.AppendUint64([]byte{major<<5 | 27}, n)
}

func cUint(n uint64) []byte      { return cHead(0, n) }
func cBytes(b []byte) []byte     { return append(cHead(2, uint64(len(b))), b...) }
func cText(s string) []byte      { return append(cHead(3, uint64(len(s))), s...) }
func cArray(of ...[]byte) []byte { return append(cHead(4, uint64(len(of))), slices.Concat(of...)...) }
func cLink(id AgentID) []byte {
	return slices.Concat([]byte{0xd8, 0x2a}, cBytes(append([]byte{0}, id.Bytes()...)))
}

// cNull and cEmptyArray are whole values.
var (
	cNull       = []byte{0xf6}
	cEmptyArray = []byte{0x80}
)

// fields are the encoded values of a map.
type fields map[string][]byte

func (f fields) with(k string, v []byte) fields {
	f = maps.Clone(f)
	f[k] = v
	return f
}

func (f fields) without(k string) fields {
	f = maps.Clone(f)
	delete(f, k)
	return f
}

// keys are in DAG-CBOR order: shorter first, then bytewise.
func (f fields) keys() []string {
	return slices.SortedFunc(maps.Keys(f), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
}

func (f fields) encode() []byte { return f.inOrder(f.keys()...) }

func (f fields) inOrder(keys ...string) []byte {
	b := cHead(5, uint64(len(keys)))
	for _, k := range keys {
		b = slices.Concat(b, cText(k), f[k])
	}
	return b
}

// rawRecord is a record built by hand from the spec; every part is encoded CBOR.
type rawRecord struct {
	signedType, typ, payload, key, sig, proof []byte
}

// rawAgent signs whatever it is told to.
type rawAgent struct {
	ident *Identity
	key   Signer
}

func newRawAgent(t testing.TB, n byte) rawAgent {
	ident, key, _ := testAgent(t, n)
	return rawAgent{ident, key}
}

// payload is the least payload of a valid record.
func (a rawAgent) payload() fields {
	return fields{
		"agent": cLink(a.ident.ID()),
		"rot":   cUint(0),
		"seq":   cUint(7),
		"iat":   cUint(1_800_000_000),
		"exp":   cUint(1_800_003_600),
		"ep":    cArray(fields{"url": cText("https://a.example/"), "proto": cText("a2a")}.encode()),
	}
}

// link is the agent's step of a proof.
func (a rawAgent) link() []byte {
	return cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cEmptyArray, cNull)
}

// record builds and signs; edit changes parts before (sig nil) the signature is made.
func (a rawAgent) record(t testing.TB, payload []byte, edit ...func(*rawRecord)) []byte {
	t.Helper()
	r := rawRecord{signedType: cText(RecordType), typ: cText(RecordType), payload: payload, key: cUint(0), proof: cArray(a.link())}
	for _, f := range edit {
		f(&r)
	}
	if r.sig == nil {
		sig, err := a.key.Sign(cArray(r.signedType, r.payload))
		if err != nil {
			t.Fatal(err)
		}
		r.sig = cBytes(sig)
	}
	return cArray(r.typ, r.payload, r.key, r.sig, r.proof)
}

// TestSecondEncoder builds a record from the spec alone, by hand, and gets the
// bytes that Sign makes.
func TestSecondEncoder(t *testing.T) {
	a := newRawAgent(t, 1)
	l := testLocation()
	rec := mustSign(t, a.ident, a.key, Draft{Sequence: 7, Issued: testTime, Location: l})
	payload := a.payload()
	payload["ep"] = cArray(
		fields{"url": cText(l.Endpoints[0].URL), "proto": cText("a2a")}.encode(),
		fields{"url": cText(l.Endpoints[1].URL), "proto": cText("libp2p"), "prio": cUint(10), "weight": cUint(65535)}.encode(),
		fields{"url": cText(l.Endpoints[2].URL), "proto": cText("package"), "prio": cUint(20)}.encode(),
	)
	payload["cap"] = cArray(cText("/summarize"), cText("/translate-en-es"))
	payload["card"] = fields{"url": cText(l.Card.URL), "type": cText(l.Card.MediaType), "sha256": cBytes(l.Card.Digest[:])}.encode()
	payload["code"] = cArray(
		fields{"type": cText("image"), "sha256": cBytes(l.Code[0].Digest[:])}.encode(),
		fields{"type": cText("sbom"), "sha256": cBytes(l.Code[1].Digest[:]), "url": cText(l.Code[1].URL)}.encode(),
	)
	payload["reg"] = cText("eu-west")
	payload["ext"] = fields{"example.org/load": cBytes([]byte{1, 2}), "z": cBytes(nil)}.encode()
	if got, want := hex.EncodeToString(a.record(t, payload.encode())), hex.EncodeToString(rec.Bytes()); got != want {
		t.Fatalf("by hand\n%s\nby Sign\n%s", got, want)
	}
}
