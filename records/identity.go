package records

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// Identity is an agent's header and genesis, verified to belong together. It is
// public: it holds no secret.
type Identity struct {
	id           AgentID
	header       Header
	genesis      Genesis
	genesisBytes string
}

// identityRoom is an identity with room for what its slices mostly hold, so that all
// of it is one piece of memory.
type identityRoom struct {
	ident Identity
	locks [1][32]byte
	keys  [1]PublicKey
	next  [1][32]byte
}

// NewIdentity joins a genesis with an end and the secrets of 1 to 3 locks.
func NewIdentity(g Genesis, end time.Time, secrets ...Secret) (*Identity, error) {
	body, err := g.Digest()
	if err != nil {
		return nil, err
	}
	unix := end.Unix()
	if unix < MinEnd || unix > 1<<32-1 {
		return nil, fmt.Errorf("identity: %w: end %s", ErrMalformed, end)
	}
	h, err := NewHeader(KindAgent, uint32(unix), body, secrets...)
	if err != nil {
		return nil, err
	}
	raw, err := g.Bytes()
	if err != nil {
		return nil, err
	}
	return OpenIdentity(h.Bytes(), raw)
}

// OpenIdentity verifies canonical header and genesis bytes: the header is an
// agent's and its body is the hash of the genesis.
func OpenIdentity(header, genesis []byte) (*Identity, error) {
	room := new(identityRoom)
	if err := room.read(string(header), string(genesis)); err != nil {
		return nil, err
	}
	return &room.ident, nil
}

// read is OpenIdentity of bytes that do not change.
func (r *identityRoom) read(header, genesis string) error {
	h, err := readHeader(header, r.locks[:0])
	if err != nil {
		return err
	}
	if h.Kind != KindAgent {
		return fmt.Errorf("identity: %w: the header is of a %s", ErrMalformed, h.Kind)
	}
	if len(genesis) > MaxGenesisSize {
		return fmt.Errorf("identity: %w: a genesis of %d bytes, at most %d", ErrTooLarge, len(genesis), MaxGenesisSize)
	}
	if digestOf(genesis) != h.Body {
		return fmt.Errorf("identity: %w: the genesis is not the header's body", ErrWrongSubject)
	}
	g, err := readGenesis(genesis, r.keys[:0], r.next[:0])
	if err != nil {
		return err
	}
	r.ident = Identity{id: AgentID{digestOf(header)}, header: h, genesis: g, genesisBytes: genesis}
	return nil
}

// digestOf hashes s; what is as short as headers and geneses are is not copied to
// the heap for it.
func digestOf(s string) [32]byte {
	var room [256]byte
	return sha256.Sum256(append(room[:0], s...))
}

// ID returns the agent's ID.
func (i *Identity) ID() AgentID { return i.id }

// Header returns the header, a fresh copy.
func (i *Identity) Header() Header { return i.header.clone() }

// Genesis returns the genesis, a fresh copy.
func (i *Identity) Genesis() Genesis { return i.genesis.clone() }

// End returns the instant after which nothing of the agent is valid.
func (i *Identity) End() time.Time { return i.header.EndTime() }

// HeaderBytes returns the canonical header, a fresh copy.
func (i *Identity) HeaderBytes() []byte { return i.header.Bytes() }

// GenesisBytes returns the canonical genesis, a fresh copy.
func (i *Identity) GenesisBytes() []byte { return []byte(i.genesisBytes) }

// maxConsent is how many fields a consent could have before it had a form.
const maxConsent = 8

// CBOR heads that the proof is judged by before it is decoded.
const (
	headArray = 0x80 // plus the count, up to 23
	headNull  = 0xf6
)

// readAlone verifies the proof of an agent without rotations and ancestors. It refuses both
// as ErrUnsupported, rather than ignoring what they say, and looks no further into them.
func (r *identityRoom) readAlone(proof string) error {
	switch n, ok := arrayCount(proof, 1+MaxAncestors); {
	case !ok || n == 0:
		return fmt.Errorf("proof: %w: not an array of 1 to %d links", ErrMalformed, 1+MaxAncestors)
	case n > 1:
		return fmt.Errorf("proof: %w: lineage", ErrUnsupported)
	}
	c := cursor{s: proof, at: 1}
	c.bad = c.array() != 4
	const depth = 3 // the record, the proof, the link
	header, genesis, rotations, consent := c.item(depth), c.item(depth), c.item(depth), c.item(depth)
	if !c.end() {
		return fmt.Errorf("proof: %w: not [header, genesis, rotations, consent]", ErrMalformed)
	}
	switch n, ok := arrayCount(rotations, MaxRotations); {
	case !ok:
		return fmt.Errorf("proof: %w: not an array of at most %d rotations", ErrMalformed, MaxRotations)
	case n > 0:
		return fmt.Errorf("proof: %w: rotations", ErrUnsupported)
	}
	if n, ok := arrayCount(consent, maxConsent); ok && n > 0 {
		return fmt.Errorf("proof: %w: lineage", ErrUnsupported)
	}
	if len(consent) != 1 || consent[0] != headNull {
		return fmt.Errorf("proof: %w: the consent is neither null nor an array", ErrMalformed)
	}
	if err := r.read(header, genesis); err != nil {
		return err
	}
	if r.ident.genesis.Parent != nil {
		return fmt.Errorf("proof: %w: a parent is named and its consent is missing", ErrMalformed)
	}
	return nil
}

// arrayCount reads the head of an array of at most limit (up to 23) elements.
func arrayCount(s string, limit int) (n int, ok bool) {
	if len(s) == 0 || s[0] < headArray || int(s[0]) > headArray+limit {
		return 0, false
	}
	return int(s[0]) - headArray, true
}
