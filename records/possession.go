package records

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

const (
	// ChallengeType is the type name of a challenge.
	ChallengeType = "cairn/challenge/1"
	// PossessionType is the type name under the signature of a proof of possession.
	PossessionType = "cairn/possession/1"
	// MaxChallengeSize bounds the bytes of a challenge.
	MaxChallengeSize = 512
	// MaxPossessionSize bounds the bytes of a proof of possession.
	MaxPossessionSize = 2*MaxValueSize + 512
)

// Challenge asks whoever answers at a place to show that it holds an agent's key, and, where
// Command is not empty, a grant of Subject for it. A nonce is drawn at random for each
// connection and used once.
type Challenge struct {
	Agent   AgentID
	Nonce   [32]byte
	Command string  // a capability path, or empty
	Subject AgentID // whose authority Command needs; zero where there is no Command
}

// Bytes returns the canonical bytes: [type, agent, nonce, subject / null, command].
func (c Challenge) Bytes() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	b := appendLink(appendText(appendArray(nil, 5), ChallengeType), c.Agent)
	b = appendBytes(b, c.Nonce[:])
	var subject *AgentID
	if c.Command != "" {
		subject = &c.Subject
	}
	return appendText(appendMaybeLink(b, subject), c.Command), nil
}

func (c Challenge) check() error {
	switch {
	case c.Agent.IsZero() || c.Nonce == [32]byte{}:
		return fmt.Errorf("challenge: %w: no agent, or no nonce", ErrMalformed)
	case (c.Command == "") != c.Subject.IsZero():
		return fmt.Errorf("challenge: %w: a command and whose it is belong together", ErrMalformed)
	case c.Command != "":
		return CheckCapability(c.Command)
	}
	return nil
}

// OpenChallenge reads the canonical bytes of a challenge.
func OpenChallenge(b []byte) (Challenge, error) {
	if len(b) > MaxChallengeSize {
		return Challenge{}, fmt.Errorf("challenge: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxChallengeSize)
	}
	c := cursor{s: string(b)}
	c.bad = c.array() != 5
	kind := c.text()
	ch := Challenge{Agent: c.link(), Nonce: c.digest()}
	if subject := c.maybeLink(); subject != nil {
		ch.Subject = *subject
		c.bad = c.bad || subject.IsZero()
	}
	ch.Command = c.text()
	switch {
	case !c.end():
		return Challenge{}, fmt.Errorf("challenge: %w: not [type, agent, nonce, subject, command] in canonical form", ErrMalformed)
	case kind != ChallengeType:
		return Challenge{}, fmt.Errorf("challenge: %w: type %.32q", ErrUnsupported, kind)
	}
	if err := ch.check(); err != nil {
		return Challenge{}, err
	}
	return ch, nil
}

// Binding names one channel between two parties, so that an answer given over it is worth
// nothing over another: over TLS 1.3 the 32 bytes of the exporter of RFC 9266, over
// libp2p PeerBinding.
type Binding [32]byte

// PeerBinding is the binding of a libp2p connection, whose ends know each other's peer IDs:
// that of the verifier and that of the side which answers.
func PeerBinding(verifier, answerer []byte) Binding {
	b := []byte("cairn-channel/1")
	for _, id := range [][]byte{verifier, answerer} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(id)))
		b = append(b, id...)
	}
	return sha256.Sum256(b)
}

// Possession shows that who answers a challenge holds a signing key of an agent now: it signs the
// nonce and the channel. It exists only verified; what it is worth is asked with Answers.
type Possession struct {
	proof    *Proof
	rotation uint64
	nonce    [32]byte
	binding  Binding
	key      uint64
	sig      string
	payload  string
	grant    *Grant // nil where there is none
}

// Answer makes the proof of possession for a challenge over a channel. key is one of the
// agent's present signing keys; g is the grant where one is asked for, else nil.
func (proof *Proof) Answer(c Challenge, over Binding, key Signer, g *Grant) (*Possession, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Agent != proof.ID() {
		return nil, fmt.Errorf("possession: %w: the challenge is for %s", ErrWrongSubject, c.Agent)
	}
	index := slices.Index(proof.Own().keys(), key.Public())
	if index < 0 {
		return nil, fmt.Errorf("possession: %w: the key is none of the agent's signing keys", ErrInvalidSignature)
	}
	p := &Possession{proof: proof, rotation: proof.Own().Number(), key: uint64(index), grant: g}
	b := appendUint(appendLink(appendArray(nil, 4), c.Agent), p.rotation)
	p.payload = string(appendBytes(appendBytes(b, c.Nonce[:]), over[:]))
	sig, err := key.Sign([]byte(messageHead(PossessionType) + p.payload))
	if err != nil {
		return nil, fmt.Errorf("possession: sign: %w", err)
	}
	p.sig = string(sig)
	return OpenPossession(p.Bytes())
}

// OpenPossession verifies the canonical bytes of a proof of possession.
func OpenPossession(b []byte) (*Possession, error) {
	p, err := readPossession(b)
	if err != nil {
		return nil, err
	}
	own := signature{key: p.proof.Own().keys()[p.key], head: messageHead(PossessionType), msg: []byte(p.payload), sig: []byte(p.sig)}
	return verified(p, append(p.proof.signatures(), own))
}

// readPossession is OpenPossession without its own signatures.
func readPossession(b []byte) (*Possession, error) {
	if len(b) > MaxPossessionSize {
		return nil, fmt.Errorf("possession: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxPossessionSize)
	}
	p := &Possession{}
	c := cursor{s: string(b)}
	c.bad = c.array() != 6
	kind := c.text()
	at := c.at
	c.bad = c.bad || c.array() != 4
	agent := c.link()
	p.rotation, p.nonce, p.binding = c.uint(1<<64-1), c.digest(), c.digest()
	p.payload = c.from(at)
	p.key, p.sig = c.uint(1<<64-1), c.bytes()
	proof := c.item(1)
	grant := c.bytes()
	switch {
	case !c.end():
		return nil, fmt.Errorf("possession: %w: not [type, [agent, rotation, nonce, binding], key, signature, proof, grant]", ErrMalformed)
	case kind != PossessionType:
		return nil, fmt.Errorf("possession: %w: type %.32q", ErrUnsupported, kind)
	}
	var err error
	if p.proof, err = readProof(proof, 1); err != nil {
		return nil, fmt.Errorf("possession: %w", err)
	}
	own := p.proof.Own()
	switch {
	case agent != own.ID():
		return nil, fmt.Errorf("possession: %w: the proof is of %s", ErrWrongSubject, own.ID())
	case p.rotation != own.Number():
		return nil, fmt.Errorf("possession: %w: rotation %d with a chain of %d", ErrMalformed, p.rotation, own.Number())
	case p.key >= uint64(len(own.keys())):
		return nil, fmt.Errorf("possession: %w: signing key %d of %d", ErrInvalidSignature, p.key, len(own.keys()))
	}
	if grant != "" {
		if p.grant, err = OpenGrant([]byte(grant)); err != nil {
			return nil, fmt.Errorf("possession: %w", err)
		}
	}
	return p, nil
}

// Answers reports nil where this is the answer to that very challenge over that very channel,
// by an agent that stands, with the grant that was asked for. Whoever asks has drawn the nonce,
// and takes one answer for it. Else the error is ErrWrongSubject (another challenge, another
// channel), what Proof.Standing says, or what Grant.Covers says.
func (p *Possession) Answers(c Challenge, over Binding, at time.Time, known func(AgentID) Fact) error {
	switch {
	case c.Agent != p.proof.ID() && !weak.Off(weak.Answerer):
		return fmt.Errorf("possession: %w: of %s", ErrWrongSubject, p.proof.ID())
	case c.Nonce != p.nonce:
		return fmt.Errorf("possession: %w: it answers another challenge", ErrWrongSubject)
	case over != p.binding:
		return fmt.Errorf("possession: %w: it was given over another channel", ErrWrongSubject)
	case at.After(p.proof.Own().End()):
		return fmt.Errorf("possession: %w: the agent", ErrExpired)
	}
	if err := p.proof.Standing(known); err != nil {
		return fmt.Errorf("possession: %w", err)
	}
	if c.Command == "" {
		return nil
	}
	if p.grant == nil {
		return fmt.Errorf("possession: %w: it comes without a grant", ErrNotGranted)
	}
	return p.grant.Covers(Call{By: c.Agent, Subject: c.Subject, Command: c.Command, At: at}, known)
}

// Proof returns the agent's chain and those of its ancestors.
func (p *Possession) Proof() *Proof { return p.proof }

// Grant returns the grant that came with it, or nil: its policy is for the call itself.
func (p *Possession) Grant() *Grant { return p.grant }

// Bytes returns the canonical bytes, a fresh copy.
func (p *Possession) Bytes() []byte {
	b := append(appendText(appendArray(nil, 6), PossessionType), p.payload...)
	b = appendBytes(appendUint(b, p.key), p.sig)
	b = p.proof.append(b)
	if p.grant == nil {
		return appendBytes(b, "")
	}
	return appendBytes(b, p.grant.Bytes())
}
