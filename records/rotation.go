package records

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
)

const (
	// RotationType is the type name under the signatures of a rotation, and that of the
	// fact which carries an agent's rotations.
	RotationType = "cairn/rotation/1"
	// MaxRotations bounds the rotations of an agent.
	MaxRotations = 16
)

// Rotation is one event in the life of an agent's keys: the one-time rotation keys that
// were committed to before are revealed, and hand the agent over to new signing keys and
// new commitments. It stands in a Chain, and exists only verified.
type Rotation struct {
	number   uint64
	prev     [32]byte
	revealed []PublicKey
	keys     []PublicKey
	next     [][32]byte
	sigs     []string // one of each revealed key
	payload  string
	raw      string   // [payload, signatures]
	digest   [32]byte // of what is signed
}

// Number counts the rotations of the agent from 1 on.
func (r *Rotation) Number() uint64 { return r.number }

// Revealed returns the rotation keys that signed.
func (r *Rotation) Revealed() []PublicKey { return slices.Clone(r.revealed) }

// Keys returns the signing keys from this rotation on.
func (r *Rotation) Keys() []PublicKey { return slices.Clone(r.keys) }

// Next returns the digests of the rotation keys of the next rotation.
func (r *Rotation) Next() [][32]byte { return slices.Clone(r.next) }

// Digest is the SHA-256 of what the event's signatures cover, so that it does not depend
// on them: Ed25519 has many signatures of one message.
func (r *Rotation) Digest() [32]byte { return r.digest }

// seal gives r its payload, [number, prev, revealed, keys, next], and its digest.
func (r *Rotation) seal() {
	b := appendArray(nil, 5)
	b = appendUint(b, r.number)
	b = appendBytes(b, r.prev[:])
	b = appendKeys(b, r.revealed)
	b = appendKeys(b, r.keys)
	r.payload = string(appendDigests(b, r.next))
	r.digest = sha256.Sum256([]byte(messageHead(RotationType) + r.payload))
}

// sign has each of the revealed keys sign.
func (r *Rotation) sign(cold []Signer) error {
	msg := []byte(messageHead(RotationType) + r.payload)
	for _, key := range cold {
		sig, err := key.Sign(msg)
		if err != nil {
			return fmt.Errorf("rotation: sign: %w", err)
		}
		r.sigs = append(r.sigs, string(sig))
	}
	r.raw = string(appendStrings(append(appendArray(nil, 2), r.payload...), r.sigs))
	return nil
}

// signatures are the signatures of r, to be judged.
func (r *Rotation) signatures() []signature {
	list := make([]signature, len(r.sigs))
	for i, sig := range r.sigs {
		list[i] = signature{key: r.revealed[i], head: messageHead(RotationType), msg: []byte(r.payload), sig: []byte(sig)}
	}
	return list
}

// readRotation reads the form of an event; its place in a chain and its signatures are
// still to be judged.
func readRotation(s string) (*Rotation, error) {
	r := &Rotation{raw: s}
	c := cursor{s: s}
	c.bad = c.array() != 2
	at := c.at
	c.bad = c.bad || c.array() != 5
	r.number = c.uint(1<<64 - 1)
	r.prev = c.digest()
	revealed, keys := c.strings(MaxRotationKeys), c.strings(MaxSigningKeys)
	r.next = c.digests(MaxRotationKeys)
	r.payload = c.from(at)
	r.sigs = c.strings(MaxRotationKeys)
	if !c.end() {
		return nil, fmt.Errorf("rotation: %w: not [[number, prev, revealed, keys, next], signatures] in canonical form", ErrMalformed)
	}
	var err error
	if r.revealed, err = readKeys(revealed); err != nil {
		return nil, fmt.Errorf("rotation: revealed: %w", err)
	}
	if r.keys, err = readKeys(keys); err != nil {
		return nil, fmt.Errorf("rotation: %w", err)
	}
	r.digest = sha256.Sum256([]byte(messageHead(RotationType) + r.payload))
	return r, r.check()
}

// check holds r to the rules that need no chain.
func (r *Rotation) check() error {
	g := Genesis{Keys: r.keys, Next: r.next}
	if err := g.check(); err != nil {
		return fmt.Errorf("rotation %d: %w", r.number, err)
	}
	if len(r.revealed) == 0 || len(r.sigs) != len(r.revealed) {
		return fmt.Errorf("rotation %d: %w: %d signatures of %d revealed keys", r.number, ErrMalformed, len(r.sigs), len(r.revealed))
	}
	for _, sig := range r.sigs {
		if len(sig) != ed25519.SignatureSize {
			return fmt.Errorf("rotation %d: %w: a signature of %d bytes", r.number, ErrInvalidSignature, len(sig))
		}
	}
	return nil
}
