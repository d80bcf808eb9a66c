package records

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

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
func ParsePublicKey(b []byte) (PublicKey, error) {
	if len(b) < 2 || string(b[:2]) != multikeyEd25519 {
		return PublicKey{}, fmt.Errorf("public key: %w: not an Ed25519 multikey", ErrUnsupported)
	}
	if len(b) != 2+ed25519.PublicKeySize {
		return PublicKey{}, fmt.Errorf("public key: %w: %d bytes", ErrMalformed, len(b))
	}
	return PublicKey{string(b)}, nil
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

// NewEd25519Signer wraps a private key of ed25519.PrivateKeySize bytes.
func NewEd25519Signer(key ed25519.PrivateKey) (*Ed25519Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("private key: %w: %d bytes", ErrMalformed, len(key))
	}
	pub, err := Ed25519Key(ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))
	if err != nil {
		return nil, err
	}
	return &Ed25519Signer{key: key, pub: pub}, nil
}

// Public returns the verification key.
func (s *Ed25519Signer) Public() PublicKey { return s.pub }

// Sign returns the Ed25519 signature of msg (RFC 8032, pure).
func (s *Ed25519Signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }
