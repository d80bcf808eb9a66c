package records

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"

	"github.com/multiformats/go-multibase"
)

// multikeyEd25519 is the multicodec varint 0xed01 before an Ed25519 public key.
const multikeyEd25519 = "\xed\x01"

// PublicKey is a verification key in multikey form (multicodec varint, then the
// key). Ed25519 is the one algorithm of this version. It is comparable.
type PublicKey struct{ multikey string }

// Ed25519Key wraps an Ed25519 public key.
func Ed25519Key(k ed25519.PublicKey) (PublicKey, error) {
	return ParsePublicKey(append([]byte(multikeyEd25519), k...))
}

// ParsePublicKey reads multikey bytes; an unknown algorithm is ErrUnsupported.
func ParsePublicKey(b []byte) (PublicKey, error) { return readPublicKey(string(b)) }

// readPublicKey is ParsePublicKey of bytes that do not change.
func readPublicKey(s string) (PublicKey, error) {
	if len(s) < 2 || s[:2] != multikeyEd25519 {
		return PublicKey{}, fmt.Errorf("public key: %w: not an Ed25519 multikey", ErrUnsupported)
	}
	if len(s) != 2+ed25519.PublicKeySize {
		return PublicKey{}, fmt.Errorf("public key: %w: %d bytes", ErrMalformed, len(s))
	}
	if weakEd25519(s[2:]) {
		return PublicKey{}, fmt.Errorf("public key: %w: of small order, or not the canonical encoding of a point", ErrMalformed)
	}
	return PublicKey{s}, nil
}

// weakEd25519 reports whether k (32 bytes) is one of the eight points whose order
// divides 8, or spells a y coordinate as 2^255-19 or more, which is a second
// spelling of a smaller one. Under a key of small order one signature fits many
// messages without any private key, and implementations disagree on which.
func weakEd25519(k string) bool {
	last := k[31] & 0x7f // without the sign of x
	for _, weak := range [...]string{
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
		"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
	} {
		if k[:31] == weak[:31] && last == weak[31] {
			return true
		}
	}
	return k[0] >= 0xed && last == 0x7f && strings.Count(k[1:31], "\xff") == 30
}

// Bytes returns the multikey bytes.
func (k PublicKey) Bytes() []byte { return []byte(k.multikey) }

// String returns the multibase base58btc form "z6Mk...".
func (k PublicKey) String() string {
	s, err := multibase.Encode(multibase.Base58BTC, []byte(k.multikey))
	if err != nil {
		return ""
	}
	return s
}

// Verify reports whether sig is the key's signature of msg.
func (k PublicKey) Verify(msg, sig []byte) bool {
	return len(k.multikey) == 2+ed25519.PublicKeySize && len(sig) == ed25519.SignatureSize &&
		ed25519.Verify(ed25519.PublicKey(k.multikey[2:]), msg, sig)
}

// RotationDigest is SHA-256("cairn-rotation-key/1" || multikey): what a genesis or
// rotation commits to, so that the key stays unknown until it is used.
func (k PublicKey) RotationDigest() [32]byte {
	return sha256.Sum256(append([]byte("cairn-rotation-key/1"), k.multikey...))
}

// Signer signs for one key: an Ed25519 key in memory, a keystore, or a device.
type Signer interface {
	// Public returns the verification key.
	Public() PublicKey
	// Sign returns the signature of msg.
	Sign(msg []byte) ([]byte, error)
}

// Ed25519Signer is a Signer over a private key held in memory.
type Ed25519Signer struct {
	key ed25519.PrivateKey
	pub PublicKey
}

// NewEd25519Signer wraps a copy of a private key of ed25519.PrivateKeySize bytes.
// Its public half must follow from its seed: a signer that is lied to about its
// own public key gives its private one away with two signatures.
func NewEd25519Signer(key ed25519.PrivateKey) (*Ed25519Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("private key: %w: %d bytes", ErrMalformed, len(key))
	}
	pub, err := Ed25519Key(ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))
	if err != nil {
		return nil, err
	}
	own := ed25519.NewKeyFromSeed(key.Seed())
	if !own.Equal(key) {
		return nil, fmt.Errorf("private key: %w: the public half is of another key", ErrMalformed)
	}
	return &Ed25519Signer{key: own, pub: pub}, nil
}

// Format writes the public key, whatever the verb: the private one is not for logs.
func (s Ed25519Signer) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "signer of "+s.pub.String())
}

// Public returns the verification key.
func (s *Ed25519Signer) Public() PublicKey { return s.pub }

// Sign returns the Ed25519 signature of msg (RFC 8032, pure).
func (s *Ed25519Signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }
