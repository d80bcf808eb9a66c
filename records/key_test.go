package records

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestPublicKeyForms(t *testing.T) {
	key := testSigner(t, 1).Public()
	b := key.Bytes()
	if len(b) != 34 || b[0] != 0xed || b[1] != 0x01 || !strings.HasPrefix(key.String(), "z6Mk") {
		t.Fatalf("%x %s", b, key)
	}
	back, err := ParsePublicKey(b)
	wantErr(t, err, nil)
	wrapped, err := Ed25519Key(ed25519.PublicKey(b[2:]))
	wantErr(t, err, nil)
	if back != key || wrapped != key {
		t.Fatal("another key")
	}
	clear(b)
	if back != key {
		t.Fatal("the key shares memory with its bytes")
	}
	if want := sha256.Sum256(append([]byte("cairn-rotation-key/1"), key.Bytes()...)); key.RotationDigest() != want {
		t.Fatal("rotation digest")
	}
}

// weakKeys are the small-order points and the second spellings of Ed25519.
func weakKeys(t testing.TB) map[string][]byte {
	rows := map[string][]byte{}
	for name, y := range map[string]string{
		"y 0, order 4":           "0000000000000000000000000000000000000000000000000000000000000000",
		"y 1, the identity":      "0100000000000000000000000000000000000000000000000000000000000000",
		"y -1, order 2":          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"order 8":                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"order 8, the other y":   "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"0 spelt as p":           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"1 spelt as p+1":         "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"18 spelt as 2^255-1":    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"3 spelt as p+3":         "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"between, spelt as p+10": "f7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b := unhex(t, y)
		rows[name] = slices.Clone(b)
		b[31] |= 0x80
		rows[name+", sign set"] = b
	}
	return rows
}

func TestParsePublicKeyRefuses(t *testing.T) {
	good := testSigner(t, 1).Public().Bytes()
	for _, row := range []struct {
		name  string
		b     []byte
		class error
	}{
		{"nil", nil, ErrUnsupported},
		{"half a multicodec", []byte{0xed}, ErrUnsupported},
		{"bare key", good[2:], ErrUnsupported},
		{"x25519", append([]byte{0xec, 0x01}, good[2:]...), ErrUnsupported},
		{"secp256k1", append([]byte{0xe7, 0x01}, make([]byte, 33)...), ErrUnsupported},
		{"multicodec in three bytes", append([]byte{0xed, 0x81, 0x00}, good[2:]...), ErrUnsupported},
		{"no key", good[:2], ErrMalformed},
		{"31 bytes", good[:33], ErrMalformed},
		{"33 bytes", append(slices.Clone(good), 0), ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := ParsePublicKey(row.b)
			wantErr(t, err, row.class)
		})
	}
	for name, b := range weakKeys(t) {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePublicKey(append([]byte{0xed, 0x01}, b...))
			wantErr(t, err, ErrMalformed)
		})
	}
}

// TestWeakKeyDefence shows what the refusal is for: under a key of small order a
// signature that needs no private key, R the identity and S zero, fits one
// message in eight or more.
func TestWeakKeyDefence(t *testing.T) {
	forged := make([]byte, 64)
	forged[0] = 1
	for _, y := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	} {
		fits := 0
		for i := range 400 {
			if ed25519.Verify(unhex(t, y), fmt.Append(nil, i), forged) {
				fits++
			}
		}
		if fits < 20 {
			t.Errorf("%s: the forged signature fits %d of 400 messages: this test has lost its point", y, fits)
		}
	}
}

// TestVerifyIsStrict: neither half of a signature has a second spelling.
func TestVerifyIsStrict(t *testing.T) {
	key := testSigner(t, 1)
	msg := []byte("message")
	sig, err := key.Sign(msg)
	wantErr(t, err, nil)
	if !key.Public().Verify(msg, sig) {
		t.Fatal("a good signature fails")
	}
	// S + L, the same scalar once more: L is the order of the base point.
	order := unhex(t, "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	plusL := slices.Clone(sig)
	carry := 0
	for i, o := range order {
		carry += int(plusL[32+i]) + int(o)
		plusL[32+i], carry = byte(carry), carry>>8
	}
	for name, row := range map[string]struct{ msg, sig []byte }{
		"another message": {[]byte("messag"), sig},
		"nil":             {msg, nil},
		"63 bytes":        {msg, sig[:63]},
		"65 bytes":        {msg, append(slices.Clone(sig), 0)},
		"S plus L":        {msg, plusL},
		"zero":            {msg, make([]byte, 64)},
	} {
		if key.Public().Verify(row.msg, row.sig) {
			t.Errorf("%s: verifies", name)
		}
	}
	if (PublicKey{}).Verify(msg, sig) {
		t.Error("the empty key verifies")
	}
	if testSigner(t, 2).Public().Verify(msg, sig) {
		t.Error("another key verifies")
	}
}

func TestNewEd25519Signer(t *testing.T) {
	good := ed25519.NewKeyFromSeed(make([]byte, 32))
	lied := slices.Clone(good)
	copy(lied[32:], testSigner(t, 1).Public().Bytes()[2:])
	for name, k := range map[string]ed25519.PrivateKey{"nil": nil, "a seed": good[:32], "65 bytes": append(slices.Clone(good), 0), "another public half": lied} {
		if _, err := NewEd25519Signer(k); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	raw := slices.Clone(good)
	s, err := NewEd25519Signer(raw)
	wantErr(t, err, nil)
	clear(raw)
	sig, err := s.Sign([]byte("m"))
	wantErr(t, err, nil)
	if !s.Public().Verify([]byte("m"), sig) {
		t.Error("the signer shares memory with its key")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, v := range []any{s, *s, struct{ S Signer }{s}} {
			got := fmt.Sprintf(verb, v)
			if !strings.Contains(got, s.Public().String()) || strings.Contains(got, "[") {
				t.Errorf("%s gives %s", verb, got)
			}
		}
	}
}
