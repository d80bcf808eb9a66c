package records

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
)

// TestLockFormula computes a lock from the spec's words.
func TestLockFormula(t *testing.T) {
	h := mustHeader(t, Secret{7})
	in := []byte("cairn-lock/1")
	in = append(in, 1)
	in = append(in, 0, 0, 0, 0, 0x71, 0x3f, 0xb3, 0x00) // 1 900 000 000
	in = append(in, testBody[:]...)
	secret := Secret{7}
	in = append(in, secret[:]...)
	if len(in) != 85 || h.Locks[0] != sha256.Sum256(in) {
		t.Fatalf("lock %x, by the formula %x", h.Locks[0], sha256.Sum256(in))
	}
}

// TestDeriveSecretFormula does HKDF-SHA256 (RFC 5869) by hand: one block.
func TestDeriveSecretFormula(t *testing.T) {
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i)
	}
	mac := func(key, msg []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(msg)
		return m.Sum(nil)
	}
	info := lockInfo(KindAgent, testEnd, testBody)
	want := mac(mac(make([]byte, 32), seed), append(info, 1))
	got, err := DeriveSecret(seed, KindAgent, testEnd, testBody)
	wantErr(t, err, nil)
	if hex.EncodeToString(got[:]) != hex.EncodeToString(want) {
		t.Fatalf("%x, by hand %x", [32]byte(got), want)
	}
}

// TestDeriveSecretSeparates: one seed, and every field of the header tells secrets apart.
func TestDeriveSecretSeparates(t *testing.T) {
	seed := make([]byte, 32)
	seen := map[Secret]string{}
	for name, f := range map[string]func() (Secret, error){
		"base":          func() (Secret, error) { return DeriveSecret(seed, KindAgent, testEnd, testBody) },
		"other kind":    func() (Secret, error) { return DeriveSecret(seed, KindGrant, testEnd, testBody) },
		"other end":     func() (Secret, error) { return DeriveSecret(seed, KindAgent, testEnd+1, testBody) },
		"other body":    func() (Secret, error) { return DeriveSecret(seed, KindAgent, testEnd, [32]byte{1}) },
		"a longer seed": func() (Secret, error) { return DeriveSecret(append([]byte{1}, seed...), KindAgent, testEnd, testBody) },
		"another seed": func() (Secret, error) {
			return DeriveSecret(append([]byte{1}, seed[1:]...), KindAgent, testEnd, testBody)
		},
		"kind and end":   func() (Secret, error) { return DeriveSecret(seed, KindClaim, 1<<24, testBody) },
		"the lock's own": func() (Secret, error) { return Secret(mustHeader(t, Secret{1}).Locks[0]), nil },
	} {
		s, err := f()
		wantErr(t, err, nil)
		if other, ok := seen[s]; ok {
			t.Errorf("%s and %s give one secret", name, other)
		}
		seen[s] = name
	}
	if _, err := DeriveSecret(seed[:31], KindAgent, testEnd, testBody); err == nil {
		t.Error("a seed of 31 bytes is taken")
	}
}

// TestSecretStaysOutOfLogs: only who asks for hexadecimal gets it.
func TestSecretStaysOutOfLogs(t *testing.T) {
	s := Secret{0xab, 0xcd}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		if got := fmt.Sprintf(verb, s); got != "secret" {
			t.Errorf("%s gives %s", verb, got)
		}
		if got := fmt.Sprintf(verb, &s); got != "secret" {
			t.Errorf("%s of a pointer gives %s", verb, got)
		}
	}
	if got := fmt.Sprintf("%v", struct{ S Secret }{s}); got != "{secret}" {
		t.Errorf("inside a struct: %s", got)
	}
	if got := fmt.Sprintf("%x", s); got != hex.EncodeToString(s[:]) {
		t.Errorf("%%x gives %s", got)
	}
}
