package records

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// lockDomain is the domain of a lock's hash and of a derived secret.
const lockDomain = "cairn-lock/1"

// Secret opens one lock of one header. Whoever learns it can revoke, and nothing
// else. It is random, or derived from a revocation seed by DeriveSecret.
type Secret [32]byte

// Format writes the bytes for %x and %X, which ask for them, and the word
// "secret" for every other verb, so that a log line does not revoke an agent.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'x' || verb == 'X' {
		_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), s[:])
		return
	}
	_, _ = io.WriteString(f, "secret")
}

// lockInfo is "cairn-lock/1" || kind || end (8 bytes, big endian) || body: a lock
// copied into any other header opens nothing there.
func lockInfo(kind Kind, end uint32, body [32]byte) []byte {
	b := make([]byte, 0, len(lockDomain)+1+8+32+32)
	b = append(b, lockDomain...)
	if weak.Off(weak.BoundLock) {
		return b
	}
	b = append(b, byte(kind))
	b = binary.BigEndian.AppendUint64(b, uint64(end))
	return append(b, body[:]...)
}

// lock is SHA-256(lockInfo || secret).
func (h Header) lock(s Secret) [32]byte {
	return sha256.Sum256(append(lockInfo(h.Kind, h.End, h.Body), s[:]...))
}

// DeriveSecret derives the secret of a header from a revocation seed (at least
// 32 bytes, never a signing seed) with HKDF-SHA256 (RFC 5869), no salt, and the
// lock's own info string: the seed alone revokes every header made with it.
func DeriveSecret(seed []byte, kind Kind, end uint32, body [32]byte) (Secret, error) {
	if len(seed) < 32 {
		return Secret{}, fmt.Errorf("revocation seed: %w: %d bytes, want at least 32", ErrMalformed, len(seed))
	}
	b, err := hkdf.Key(sha256.New, seed, nil, string(lockInfo(kind, end, body)), 32)
	if err != nil {
		return Secret{}, err
	}
	return Secret(b), nil
}

// RevealDerived makes the tombstone of h where one of its locks opens with the secret that
// follows from a revocation seed: with its seed alone a parent revokes whatever agent it
// spawned, or an issuer its grants. Of another header it says ErrWrongSecret.
func (h Header) RevealDerived(seed []byte) (*Tombstone, error) {
	secret, err := DeriveSecret(seed, h.Kind, h.End, h.Body)
	if err != nil {
		return nil, err
	}
	return h.Reveal(secret)
}
