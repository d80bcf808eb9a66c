package intoto

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const provenance = `{"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "app", "digest": {"sha256": "SUM"}}],
 "predicateType": "https://slsa.dev/provenance/v1", "predicate": {"runDetails": {"builder": {"id": "https://builder.example"}}}}`

func statement(sum [32]byte) []byte {
	return []byte(strings.Replace(provenance, "SUM", fmt.Sprintf("%x", sum), 1))
}

// envelope signs a payload with each key.
func envelope(t testing.TB, kind string, payload []byte, keys ...crypto.Signer) []byte {
	t.Helper()
	type signature struct {
		KeyID string `json:"keyid"`
		Sig   string `json:"sig"`
	}
	e := struct {
		PayloadType string      `json:"payloadType"`
		Payload     string      `json:"payload"`
		Signatures  []signature `json:"signatures"`
	}{PayloadType: kind, Payload: base64.StdEncoding.EncodeToString(payload)}
	// The message of DSSE, written out once more.
	msg := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(payload), payload)
	for _, key := range keys {
		digest, opts := msg, crypto.Hash(0)
		if _, ok := key.(*ecdsa.PrivateKey); ok {
			sum := sha256.Sum256(msg)
			digest, opts = sum[:], crypto.SHA256
		}
		sig, err := key.Sign(rand.Reader, digest, opts)
		if err != nil {
			t.Fatal(err)
		}
		e.Signatures = append(e.Signatures, signature{"", base64.StdEncoding.EncodeToString(sig)})
	}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpen(t *testing.T) {
	_, ed, err1 := ed25519.GenerateKey(rand.Reader)
	ec, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, other, err3 := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("app"))
	said := statement(sum)
	altered := []byte(strings.Replace(string(envelope(t, PayloadType, said, ed)), base64.StdEncoding.EncodeToString(said), base64.StdEncoding.EncodeToString(statement([32]byte{1})), 1))
	for _, row := range []struct {
		name string
		b    []byte
		keys []crypto.PublicKey
		want error
	}{
		{"bare", said, nil, nil},
		{"bare, and a key is asked for", said, []crypto.PublicKey{ed.Public()}, ErrSignature},
		{"signed", envelope(t, PayloadType, said, ed), []crypto.PublicKey{ed.Public()}, nil},
		{"signed with ECDSA", envelope(t, PayloadType, said, ec), []crypto.PublicKey{ec.Public()}, nil},
		{"signed by two, one asked for", envelope(t, PayloadType, said, other, ed), []crypto.PublicKey{ed.Public()}, nil},
		{"signed, nobody asks by whom", envelope(t, PayloadType, said, ed), nil, nil},
		{"signed by another", envelope(t, PayloadType, said, other), []crypto.PublicKey{ed.Public(), ec.Public()}, ErrSignature},
		{"altered", altered, []crypto.PublicKey{ed.Public()}, ErrSignature},
		{"of another payload type", envelope(t, "application/json", said, ed), []crypto.PublicKey{ed.Public()}, ErrMalformed},
		{"without signatures", envelope(t, PayloadType, said), nil, ErrMalformed},
		{"not JSON", []byte("x"), nil, ErrMalformed},
		{"no statement", []byte(`{"_type": "https://in-toto.io/Statement/v2"}`), nil, ErrMalformed},
		{"about nothing", []byte(`{"_type": "https://in-toto.io/Statement/v1", "predicateType": "a"}`), nil, ErrMalformed},
		{"too large", make([]byte, MaxSize+1), nil, ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := Open(row.b, row.keys...)
			if !errors.Is(err, row.want) || err == nil && row.want != nil {
				t.Fatalf("%v, want %v", err, row.want)
			}
			if err == nil && (!s.About(sum) || s.About([32]byte{1}) || s.Builder != "https://builder.example") {
				t.Fatalf("%+v", s)
			}
		})
	}
}

func TestParseKey(t *testing.T) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})); err != nil || !public.Equal(key) {
		t.Error(key, err)
	}
	for _, bad := range []string{"", "x", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der[1:]}))} {
		if _, err := ParseKey([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	said := statement([32]byte{1})
	f.Add(said)
	f.Add(envelope(f, PayloadType, said, key))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Open(b)
		if err == nil && (len(s.Subjects) == 0 || s.PredicateType == "") {
			t.Fatalf("%+v", s)
		}
		if _, err := Open(b, key.Public()); err == nil && s.Signatures == 0 {
			t.Fatal("signed without a signature")
		}
	})
}
