package records

import (
	"crypto/ed25519"
	"testing"
	"time"
)

// testAgent makes an agent whose keys and secrets follow from one byte.
func testAgent(t testing.TB, n byte) (*Identity, Signer, Secret) {
	t.Helper()
	key, err := NewEd25519Signer(ed25519.NewKeyFromSeed(append(make([]byte, 31), n)))
	if err != nil {
		t.Fatal(err)
	}
	rot, err := NewEd25519Signer(ed25519.NewKeyFromSeed(append(make([]byte, 31), n^0x80)))
	if err != nil {
		t.Fatal(err)
	}
	secret := Secret{n, 1}
	g := Genesis{Keys: []PublicKey{key.Public()}, Next: [][32]byte{rot.Public().RotationDigest()}, Nonce: [16]byte{n}}
	ident, err := NewIdentity(g, testTime.Add(DefaultLife), secret)
	if err != nil {
		t.Fatal(err)
	}
	return ident, key, secret
}

var testTime = time.Unix(1_800_000_000, 0).UTC()

func TestRoundTrip(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	rec, err := Sign(ident, key, Draft{Sequence: 1, Issued: testTime, Location: Location{
		Endpoints:    []Endpoint{{URL: "https://agent.example/a2a", Protocol: "a2a"}},
		Capabilities: []string{"/translate-en-es", "/a"},
		Card:         &Card{MediaType: "application/json"},
		Extensions:   map[string][]byte{"example.org/load": {1, 2}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := Open(rec.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	dead, err := ident.Header().Reveal(secret)
	if err != nil {
		t.Fatal(err)
	}
	if dead.Size() != 78 {
		t.Fatalf("size %d", dead.Size())
	}
	again, err := Open(dead.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if again.ID() != v.ID() || Compare(again, v) != 1 {
		t.Fatal("tombstone does not win")
	}
	t.Log(rec.Size(), rec.ID(), rec.ID().CID())
}

func BenchmarkOpenTombstone(b *testing.B) {
	ident, _, secret := testAgent(b, 1)
	dead, err := ident.Header().Reveal(secret)
	if err != nil {
		b.Fatal(err)
	}
	raw := dead.Bytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := OpenTombstone(raw); err != nil {
			b.Fatal(err)
		}
	}
}
