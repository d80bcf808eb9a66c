package records

import (
	"fmt"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// MaxFactSize bounds the bytes of any fact. Sixteen rotations with two rotation keys and
// three signing keys each, with header and genesis, fit into it; so does a proof that the
// last of them was made twice.
const MaxFactSize = 8 << 10

// Chain is an agent's identity and the rotations that followed, verified: which keys sign
// for the agent, and which may rotate it next. The ID never changes. A chain with at
// least one rotation is a fact. It is never changed; Rotate makes another one.
type Chain struct {
	ident  *Identity
	events []*Rotation
}

// NewChain is the chain of an agent that has not been rotated.
func NewChain(ident *Identity) *Chain { return &Chain{ident: ident} }

// OpenChain verifies the bytes of the fact that carries an agent's rotations: header,
// genesis and every event, with nothing else at hand.
func OpenChain(b []byte) (*Chain, error) {
	c, err := readChain(b)
	if err != nil {
		return nil, err
	}
	return verified(c, c.signatures(nil))
}

// readChain is OpenChain without the signatures.
func readChain(b []byte) (*Chain, error) {
	if len(b) > MaxFactSize {
		return nil, fmt.Errorf("rotations: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxFactSize)
	}
	c := cursor{s: string(b)}
	c.bad = c.array() != 4
	kind := c.text()
	header, genesis, events := c.item(1), c.item(1), c.item(1)
	switch {
	case !c.end():
		return nil, fmt.Errorf("rotations: %w: not [type, header, genesis, rotations]", ErrMalformed)
	case kind != RotationType:
		return nil, fmt.Errorf("rotations: %w: type %.32q", ErrUnsupported, kind)
	}
	chain, err := chainOf(header, genesis, events)
	if err != nil {
		return nil, err
	}
	if len(chain.events) == 0 {
		return nil, fmt.Errorf("rotations: %w: there is none", ErrMalformed)
	}
	return chain, nil
}

// chainOf reads a chain by all its rules but the signatures.
func chainOf(header, genesis, events string) (*Chain, error) {
	room := new(identityRoom)
	if err := room.read(header, genesis); err != nil {
		return nil, err
	}
	c := cursor{s: events}
	n := c.array()
	if c.bad || n > MaxRotations {
		return nil, fmt.Errorf("rotations: %w: not an array of at most %d", ErrMalformed, MaxRotations)
	}
	chain := &Chain{ident: &room.ident, events: make([]*Rotation, 0, n)}
	for range n {
		r, err := readRotation(c.item(1))
		if err != nil {
			return nil, err
		}
		if chain, err = chain.with(r); err != nil {
			return nil, err
		}
	}
	if !c.end() {
		return nil, fmt.Errorf("rotations: %w: not a list of events", ErrMalformed)
	}
	return chain, nil
}

// with returns the chain that goes on with r, by all rules but the signatures.
func (c *Chain) with(r *Rotation) (*Chain, error) {
	if err := c.admits(r); err != nil {
		return nil, fmt.Errorf("rotation %d: %w", r.number, err)
	}
	return &Chain{ident: c.ident, events: append(c.events[:len(c.events):len(c.events)], r)}, nil
}

// admits reports why r may not come next.
func (c *Chain) admits(r *Rotation) error {
	switch {
	case len(c.events) >= MaxRotations:
		return fmt.Errorf("%w: an agent has at most %d", ErrMalformed, MaxRotations)
	case r.number != c.Number()+1:
		return fmt.Errorf("%w: %d rotations come before it", ErrMalformed, len(c.events))
	case r.prev != c.Head():
		return fmt.Errorf("%w: it follows another event", ErrWrongSubject)
	case !reveals(r.revealed, c.next()):
		return fmt.Errorf("%w: the revealed keys are not the ones committed to", ErrInvalidSignature)
	}
	// A key has one use: a hot key that rotates gives the agent to its thief, and a
	// rotation key that was revealed, or can be, twice would make forks by itself.
	for _, d := range r.next {
		if c.committed(d) {
			return fmt.Errorf("%w: it commits to a key that was committed to before", ErrMalformed)
		}
		if slices.ContainsFunc(r.keys, func(k PublicKey) bool { return k.RotationDigest() == d }) {
			return fmt.Errorf("%w: a signing key is to rotate", ErrMalformed)
		}
	}
	for _, k := range r.revealed {
		if (slices.Contains(r.keys, k) || c.signed(k)) && !weak.Off(weak.ColdKeys) {
			return fmt.Errorf("%w: a signing key rotates", ErrMalformed)
		}
	}
	return nil
}

// reveals reports whether keys are all the ones, in their order, that were committed to.
func reveals(keys []PublicKey, committed [][32]byte) bool {
	return weak.Off(weak.ColdKeys) || slices.EqualFunc(keys, committed, func(k PublicKey, d [32]byte) bool { return k.RotationDigest() == d })
}

// committed reports whether any event, or the genesis, commits to a rotation key.
func (c *Chain) committed(d [32]byte) bool {
	return slices.Contains(c.ident.genesis.Next, d) ||
		slices.ContainsFunc(c.events, func(r *Rotation) bool { return slices.Contains(r.next, d) })
}

// signed reports whether a key is, or ever was, one of the signing keys.
func (c *Chain) signed(k PublicKey) bool {
	return slices.Contains(c.ident.genesis.Keys, k) ||
		slices.ContainsFunc(c.events, func(r *Rotation) bool { return slices.Contains(r.keys, k) })
}

// signatures are the signatures to be judged: those of all events that are not, byte for
// byte, in known, which may be nil.
func (c *Chain) signatures(known *Chain) []signature {
	var list []signature
	for i, r := range c.events {
		if known == nil || i >= len(known.events) || known.events[i].raw != r.raw {
			list = append(list, r.signatures()...)
		}
	}
	return list
}

// judge reports ErrInvalidSignature where a signature does not verify.
func judge(signatures []signature) error {
	if slices.Contains(verifyAll(signatures), false) {
		return fmt.Errorf("%w", ErrInvalidSignature)
	}
	return nil
}

// verified gives v out where all signatures verify.
func verified[T any](v *T, signatures []signature) (*T, error) {
	if err := judge(signatures); err != nil {
		return nil, err
	}
	return v, nil
}

// Rotate hands the agent over to new signing keys (1 to 3) and commits to the digests of
// the next rotation keys (1 or 2), none of which was used before. cold are the rotation
// keys that the chain commits to now, all of them and in that order: they sign this one
// event and are then to be destroyed. Every rule is checked before one is used.
func (c *Chain) Rotate(keys []PublicKey, next [][32]byte, cold ...Signer) (*Chain, error) {
	r := &Rotation{number: c.Number() + 1, prev: c.Head(), keys: slices.Clone(keys), next: slices.Clone(next)}
	for _, s := range cold {
		r.revealed = append(r.revealed, s.Public())
	}
	if err := (Genesis{Keys: keys, Next: next}).check(); err != nil {
		return nil, fmt.Errorf("rotation: %w", err)
	}
	if err := c.admits(r); err != nil {
		return nil, fmt.Errorf("rotation: %w", err)
	}
	r.seal()
	if err := r.sign(cold); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if err := judge(r.signatures()); err != nil {
		return nil, fmt.Errorf("rotation: %w", err)
	}
	return c.with(r)
}

// ID returns the agent.
func (c *Chain) ID() AgentID { return c.ident.id }

// Identity returns the header and genesis.
func (c *Chain) Identity() *Identity { return c.ident }

// Number returns how often the agent was rotated.
func (c *Chain) Number() uint64 { return uint64(len(c.events)) }

// Rotations returns the events, in their order.
func (c *Chain) Rotations() []*Rotation { return slices.Clone(c.events) }

// Keys returns the signing keys: any one signs a record.
func (c *Chain) Keys() []PublicKey { return slices.Clone(c.keys()) }

func (c *Chain) keys() []PublicKey {
	if n := len(c.events); n > 0 {
		return c.events[n-1].keys
	}
	return c.ident.genesis.Keys
}

// Next returns the digests of the rotation keys that make the next rotation.
func (c *Chain) Next() [][32]byte { return slices.Clone(c.next()) }

func (c *Chain) next() [][32]byte {
	if n := len(c.events); n > 0 {
		return c.events[n-1].next
	}
	return c.ident.genesis.Next
}

// Head returns the digest of the last event; before any, that of the agent's ID.
func (c *Chain) Head() [32]byte {
	if n := len(c.events); n > 0 {
		return c.events[n-1].digest
	}
	return c.ident.id.sum
}

// common returns with how many of the same events both chains begin. What is compared is
// what is signed: an event with other signatures is the same.
func (c *Chain) common(o *Chain) int {
	n := 0
	for n < len(c.events) && n < len(o.events) && c.events[n].digest == o.events[n].digest {
		n++
	}
	return n
}

// Bytes returns the canonical bytes of the fact, a fresh copy.
func (c *Chain) Bytes() []byte { return c.AppendBytes(nil) }

// AppendBytes appends the canonical bytes of the fact.
func (c *Chain) AppendBytes(b []byte) []byte {
	return c.append(appendText(appendArray(b, 4), RotationType))
}

// append writes header, genesis and rotations.
func (c *Chain) append(b []byte) []byte {
	b = append(c.ident.header.append(b), c.ident.genesisBytes...)
	return appendEvents(b, c.events)
}

func appendEvents(b []byte, events []*Rotation) []byte {
	b = appendArray(b, len(events))
	for _, r := range events {
		b = append(b, r.raw...)
	}
	return b
}

// Size returns the number of canonical bytes.
func (c *Chain) Size() int {
	const fixed = 1 + 1 + len(RotationType) + 1 // heads of the fact, the type and the list
	n := fixed + headerFixed + len(c.ident.header.Locks)*lockField + len(c.ident.genesisBytes)
	for _, r := range c.events {
		n += len(r.raw)
	}
	return n
}

// End returns the agent's end: what is known of it may be forgotten 30 days later.
func (c *Chain) End() time.Time { return c.ident.End() }

func (c *Chain) value() {}
