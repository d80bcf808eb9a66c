package records

import (
	"crypto/sha256"
	"fmt"
	"slices"
)

const (
	// GenesisVersion is the one version of this build.
	GenesisVersion = 1
	// MaxSigningKeys bounds the signing keys of an agent; it has at least one.
	MaxSigningKeys = 3
	// MaxRotationKeys bounds the committed next rotation keys; there is at least one.
	MaxRotationKeys = 2
	// MaxGenesisSize bounds the bytes that OpenGenesis looks at. One of this version
	// takes at most 238; the rest is room for larger keys.
	MaxGenesisSize = 8 << 10
)

// Genesis is the body of an agent's header: what it starts with.
type Genesis struct {
	Keys   []PublicKey // 1 to 3 signing keys, all different; any one signs a record
	Next   [][32]byte  // RotationDigest of the next 1 or 2 one-time rotation keys
	Parent *AgentID    // the agent that spawned this one, or nil
	Nonce  [16]byte    // random, so that two agents with the same keys differ
}

// genesisWire is [version, keys, next, parent / null, nonce].
type genesisWire struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Keys    [][]byte
	Next    [][32]byte
	Parent  *AgentID
	Nonce   [16]byte
}

// Bytes returns the canonical encoding; it fails where a limit is broken.
func (g Genesis) Bytes() ([]byte, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	w := genesisWire{Version: GenesisVersion, Next: g.Next, Parent: g.Parent, Nonce: g.Nonce}
	for _, k := range g.Keys {
		w.Keys = append(w.Keys, k.Bytes())
	}
	return codec.marshal(w)
}

// OpenGenesis decodes canonical genesis bytes and checks the limits.
func OpenGenesis(b []byte) (Genesis, error) {
	if len(b) > MaxGenesisSize {
		return Genesis{}, fmt.Errorf("genesis: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxGenesisSize)
	}
	return readGenesis(string(b), nil, nil)
}

// readGenesis is OpenGenesis for bytes that are small enough. The lists go where
// there is room for them; keys stay parts of s.
func readGenesis(s string, keys []PublicKey, next [][32]byte) (Genesis, error) {
	c := cursor{s: s}
	c.bad = c.array() != 5
	version := c.uint(1<<64 - 1)
	count := c.array()
	again := c // to read the keys by their own rules, once the form is known to be good
	for range count {
		_ = c.bytes()
	}
	for n := c.array(); n > 0 && !c.bad; n-- {
		next = append(next, c.digest())
	}
	g := Genesis{Next: next}
	if !c.skip("\xf6") {
		parent := c.link()
		g.Parent = &parent
	}
	nonce := c.bytes()
	if !c.end() || len(nonce) != len(g.Nonce) {
		return Genesis{}, fmt.Errorf("genesis: %w: not [version, keys, next, parent, nonce] in canonical form", ErrMalformed)
	}
	copy(g.Nonce[:], nonce)
	if version != GenesisVersion {
		return Genesis{}, fmt.Errorf("genesis: %w: version %d", ErrUnsupported, version)
	}
	for range count {
		key, err := readPublicKey(again.bytes())
		if err != nil {
			return Genesis{}, fmt.Errorf("genesis: %w", err)
		}
		keys = append(keys, key)
	}
	g.Keys = keys
	if err := g.check(); err != nil {
		return Genesis{}, err
	}
	return g, nil
}

func (g Genesis) check() error {
	if len(g.Keys) < 1 || len(g.Keys) > MaxSigningKeys {
		return fmt.Errorf("genesis: %w: %d signing keys, want 1 to %d", ErrMalformed, len(g.Keys), MaxSigningKeys)
	}
	if len(g.Next) < 1 || len(g.Next) > MaxRotationKeys {
		return fmt.Errorf("genesis: %w: %d rotation digests, want 1 to %d", ErrMalformed, len(g.Next), MaxRotationKeys)
	}
	if len(g.Next) == 2 && g.Next[0] == g.Next[1] {
		return fmt.Errorf("genesis: %w: one rotation digest twice", ErrMalformed)
	}
	if g.Parent != nil && g.Parent.IsZero() {
		return fmt.Errorf("genesis: %w: the parent is the zero ID", ErrMalformed)
	}
	for i, k := range g.Keys {
		if k == (PublicKey{}) {
			return fmt.Errorf("genesis: %w: signing key %d is empty", ErrMalformed, i)
		}
		for _, earlier := range g.Keys[:i] {
			if k == earlier {
				return fmt.Errorf("genesis: %w: one signing key twice", ErrMalformed)
			}
		}
	}
	return nil
}

// clone returns a genesis that shares no memory with g.
func (g Genesis) clone() Genesis {
	g.Keys, g.Next = slices.Clone(g.Keys), slices.Clone(g.Next)
	if g.Parent != nil {
		parent := *g.Parent
		g.Parent = &parent
	}
	return g
}

// Digest returns the SHA-256 of the canonical bytes: a header's body.
func (g Genesis) Digest() ([32]byte, error) {
	b, err := g.Bytes()
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(b), nil
}
