package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// noon is when the records of these tests are issued.
var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// sampleValues makes an agent's record, issued at noon for an hour, and its tombstone.
func sampleValues(t *testing.T) (*records.Record, *records.Tombstone) {
	t.Helper()
	seed := sha256.Sum256([]byte("a test"))
	signer, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	secret := records.Secret(sha256.Sum256([]byte("a secret")))
	ident, err := records.NewIdentity(records.Genesis{
		Keys: []records.PublicKey{signer.Public()}, Next: [][32]byte{sha256.Sum256([]byte("next"))},
	}, noon.Add(365*24*time.Hour), secret)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := records.Sign(ident, signer, records.Draft{Sequence: 7, Issued: noon, Location: records.Location{
		Endpoints:    []records.Endpoint{{URL: "https://agents.example/translate", Protocol: "a2a"}},
		Capabilities: []string{"/translate-en-es"}, Region: "eu-west",
		Card: &records.Card{MediaType: "application/json", Digest: seed},
	}})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := ident.Header().Reveal(secret)
	if err != nil {
		t.Fatal(err)
	}
	return rec, dead
}

// sampleRotations makes an agent's first rotation, and the proof that it made another one as well.
func sampleRotations(t *testing.T) (*records.Chain, *records.Duplicity) {
	t.Helper()
	key := func(name string) records.Signer {
		seed := sha256.Sum256([]byte(name))
		signer, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(seed[:]))
		if err != nil {
			t.Fatal(err)
		}
		return signer
	}
	cold := key("cold")
	ident, err := records.NewIdentity(records.Genesis{
		Keys: []records.PublicKey{key("hot").Public()}, Next: [][32]byte{cold.Public().RotationDigest()},
	}, noon.Add(365*24*time.Hour), records.Secret{1})
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(to string) *records.Chain {
		c, err := records.NewChain(ident).Rotate([]records.PublicKey{key(to).Public()}, [][32]byte{key(to + " next").Public().RotationDigest()}, cold)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one := rotate("one")
	proof, ok := records.Join(one, rotate("other")).(*records.Duplicity)
	if !ok {
		t.Fatal("two rotations of one number prove nothing")
	}
	return one, proof
}

// inFile writes b into a new file.
func inFile(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func certificate(dead *records.Tombstone) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CAIRN REVOCATION CERTIFICATE", Bytes: dead.Bytes()})
}

func TestRecordVerify(t *testing.T) {
	rec, dead := sampleValues(t)
	forged := rec.Bytes()
	forged[len(forged)/2] ^= 1
	at := func(d time.Duration) string { return noon.Add(d).Format(time.RFC3339) }
	rotated, proof := sampleRotations(t)
	for _, tt := range []struct {
		name    string
		bytes   []byte
		at      string
		finding string
		code    exitCode
	}{
		{"good", rec.Bytes(), at(time.Minute), "valid", exitOK},
		{"at the last moment", rec.Bytes(), at(time.Hour), "valid", exitOK},
		{"expired", rec.Bytes(), at(time.Hour + time.Second), "expired", exitExpired},
		{"a little ahead", rec.Bytes(), at(-30 * time.Second), "valid", exitOK},
		{"from the future", rec.Bytes(), at(-31 * time.Second), "not yet valid", exitUnverified},
		{"tombstone", dead.Bytes(), at(0), "revoked", exitRevoked},
		{"certificate", certificate(dead), at(0), "valid", exitOK},
		{"rotations", rotated.Bytes(), at(0), "valid", exitOK},
		{"duplicity", proof.Bytes(), at(0), "conflict", exitConflict},
		{"trailing byte", append(rec.Bytes(), 0), at(0), "malformed", exitUsage},
		{"cut short", rec.Bytes()[:100], at(0), "malformed", exitUsage},
		{"empty", nil, at(0), "malformed", exitUsage},
		{"one bit off", forged, at(0), "", exitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runIn(t, "", nil, "record", "verify", inFile(t, tt.bytes), "--at", tt.at, "-o", "json")
			if tt.name == "one bit off" {
				if code == exitOK {
					t.Errorf("a changed record is good: %s", stdout)
				}
				return
			}
			var v verdict
			if err := json.Unmarshal([]byte(stdout), &v); err != nil {
				t.Fatalf("%v: %q, %q", err, stdout, stderr)
			}
			if code != tt.code || v.Finding != tt.finding {
				t.Errorf("exit code %d, %q, want %d, %q", code, v.Finding, tt.code, tt.finding)
			}
			if again, _, _ := runIn(t, string(tt.bytes), nil, "record", "verify", "-", "--at", tt.at); again != code {
				t.Errorf("from standard input: exit code %d, want %d", again, code)
			}
		})
	}
}

func TestRecordInspect(t *testing.T) {
	rec, dead := sampleValues(t)
	rotated, proof := sampleRotations(t)
	for _, tt := range []struct {
		name  string
		bytes []byte
		words []string
	}{
		{"record", rec.Bytes(), []string{"location record", rec.ID().String(), "https://agents.example/translate", "/translate-en-es", "eu-west", "sequence", "signing key", "lock"}},
		{"tombstone", dead.Bytes(), []string{"tombstone", dead.ID().String(), "revoked"}},
		{"certificate", certificate(dead), []string{"revocation certificate", dead.ID().String()}},
		{"rotations", rotated.Bytes(), []string{"1 rotation of the keys of an agent", rotated.ID().String(), "gave way", "lock"}},
		{"duplicity", proof.Bytes(), []string{"a proof of duplicity: two rotations of the keys of an agent", proof.ID().String(), "one", "other", "lock"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := inFile(t, tt.bytes)
			code, text, _ := runIn(t, "", nil, "record", "inspect", file)
			if code != exitOK {
				t.Errorf("exit code %d", code)
			}
			for _, w := range tt.words {
				if !strings.Contains(text, w) {
					t.Errorf("no %q in:\n%s", w, text)
				}
			}
			code, line, _ := runIn(t, "", nil, "record", "inspect", file, "-o", "json")
			var d struct{ Type, ID string }
			if err := json.Unmarshal([]byte(line), &d); err != nil || code != exitOK || d.Type != tt.name || !strings.Contains(text, d.ID) {
				t.Errorf("exit code %d, %v: %s", code, err, line)
			}
		})
	}
}

func TestRecordInspectRaw(t *testing.T) {
	rec, dead := sampleValues(t)
	if code, got, _ := runIn(t, string(rec.Bytes()), nil, "record", "inspect", "-", "-o", "raw"); code != exitOK || got != string(rec.Bytes()) {
		t.Errorf("exit code %d, %d bytes, want the %d canonical ones", code, len(got), rec.Size())
	}
	code, got, stderr := runIn(t, string(certificate(dead)), nil, "record", "inspect", "-", "-o", "raw")
	if code != exitUsage || got != "" {
		t.Errorf("a certificate's secret came out: exit code %d, %d bytes, %s", code, len(got), stderr)
	}
}

func TestCertificateSecretIsNeverShown(t *testing.T) {
	_, dead := sampleValues(t)
	secret := sha256.Sum256([]byte("a secret"))
	for _, f := range []string{"human", "json"} {
		_, got, _ := runIn(t, string(certificate(dead)), nil, "record", "inspect", "-", "-o", f)
		line, err := json.Marshal(secret[:])
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got, strings.Trim(string(line), `"`)[:20]) || strings.Contains(got, "tombstone\":") {
			t.Errorf("-o %s shows the secret: %s", f, got)
		}
	}
}

func TestRecordRefusesWhatIsNone(t *testing.T) {
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})
	for _, tt := range []struct{ name, in, message string }{
		{"json", `{"id":"x"}`, "resolve ID -o raw"},
		{"a key", string(key), "private key"},
		{"oversize", strings.Repeat("x", maxEvidence+1), "too large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runIn(t, tt.in, nil, "record", "inspect", "-")
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, tt.message) {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}
