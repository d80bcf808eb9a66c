package records

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

const (
	// DefaultWork is what tools grind into the IDs that they make: 2^16 tries, a
	// twentieth of a second. Whoever floods a network with the facts of free identities
	// has to pay as much for each of them before his go first.
	DefaultWork = 16
	// MaxWork bounds what Grind is asked for; 40 bits take days.
	MaxWork = 40

	// grindRound is how many tries Grind makes between two calls of tried.
	grindRound = 1 << 14
)

// Grind is NewIdentity with the first nonce, counted up from that of g in its last 8
// bytes, whose ID has at least so many bits of work, from 0 to MaxWork. tried is called
// now and then with how many nonces were tried; its error ends the search and is
// returned. It may be nil.
func Grind(g Genesis, work int, tried func(uint64) error, end time.Time, secrets ...Secret) (*Identity, error) {
	return grind(g, work, tried, end, func([32]byte) ([]Secret, error) { return secrets, nil })
}

// grind is Grind where the secrets may follow from the digest of the genesis, which every
// nonce changes.
func grind(g Genesis, work int, tried func(uint64) error, end time.Time, secretsOf func(body [32]byte) ([]Secret, error)) (*Identity, error) {
	if work < 0 || work > MaxWork {
		return nil, fmt.Errorf("identity: %w: %d bits of work, want 0 to %d", ErrMalformed, work, MaxWork)
	}
	digest, err := g.Digest()
	if err != nil {
		return nil, err
	}
	secrets, err := secretsOf(digest)
	if err != nil {
		return nil, err
	}
	ident, err := NewIdentity(g, end, secrets...)
	if err != nil {
		return nil, err
	}
	body, h := ident.GenesisBytes(), ident.Header()
	count := body[len(body)-8:] // the nonce is what a genesis ends with
	var room [headerFixed + MaxLocks*lockField]byte
	for n := uint64(1); ident.id.Work() < work; n++ {
		if n%grindRound == 0 && tried != nil {
			if err := tried(n); err != nil {
				return nil, err
			}
		}
		binary.BigEndian.PutUint64(count, binary.BigEndian.Uint64(count)+1)
		h.Body = sha256.Sum256(body)
		if secrets, err = secretsOf(h.Body); err != nil {
			return nil, err
		}
		for i, s := range secrets {
			h.Locks[i] = h.lock(s)
		}
		slices.SortFunc(h.Locks, compareLocks)
		if idOf(h.append(room[:0])).Work() >= work {
			return OpenIdentity(h.Bytes(), body)
		}
	}
	return ident, nil
}
