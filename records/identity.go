package records

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Identity is an agent's header and genesis, verified to belong together. It is
// public: it holds no secret.
type Identity struct {
	id      AgentID
	header  Header
	genesis Genesis
	wire    linkWire
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
	h, err := OpenHeader(header)
	if err != nil {
		return nil, err
	}
	if h.Kind != KindAgent {
		return nil, fmt.Errorf("identity: %w: the header is of a %s", ErrMalformed, h.Kind)
	}
	if len(genesis) > MaxGenesisSize {
		return nil, fmt.Errorf("identity: %w: a genesis of %d bytes, at most %d", ErrTooLarge, len(genesis), MaxGenesisSize)
	}
	if sha256.Sum256(genesis) != h.Body {
		return nil, fmt.Errorf("identity: %w: the genesis is not the header's body", ErrWrongSubject)
	}
	g, err := OpenGenesis(genesis)
	if err != nil {
		return nil, err
	}
	wire := linkWire{Header: append([]byte(nil), header...), Genesis: append([]byte(nil), genesis...)}
	return &Identity{id: idOf(header), header: h, genesis: g, wire: wire}, nil
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
func (i *Identity) HeaderBytes() []byte { return append([]byte(nil), i.wire.Header...) }

// GenesisBytes returns the canonical genesis, a fresh copy.
func (i *Identity) GenesisBytes() []byte { return append([]byte(nil), i.wire.Genesis...) }

// linkWire is one step of a proof: [header, genesis, rotations, consent / null].
type linkWire struct {
	_         struct{} `cbor:",toarray"`
	Header    cbor.RawMessage
	Genesis   cbor.RawMessage
	Rotations []cbor.RawMessage
	Consent   *cbor.RawMessage
}

// openProof verifies what a record carries about its agent: the agent's own link
// first, then its ancestors'. This version knows neither rotations nor lineage;
// it refuses them as ErrUnsupported rather than ignoring what they would say.
func openProof(links []linkWire) (*Identity, error) {
	if len(links) == 0 {
		return nil, fmt.Errorf("proof: %w: empty", ErrMalformed)
	}
	own := links[0]
	if len(links) > 1 || own.Consent != nil {
		return nil, fmt.Errorf("proof: %w: lineage", ErrUnsupported)
	}
	if len(own.Rotations) > 0 {
		return nil, fmt.Errorf("proof: %w: rotations", ErrUnsupported)
	}
	ident, err := OpenIdentity(own.Header, own.Genesis)
	if err != nil {
		return nil, err
	}
	if ident.genesis.Parent != nil {
		return nil, fmt.Errorf("proof: %w: a parent is named and its consent is missing", ErrMalformed)
	}
	return ident, nil
}
