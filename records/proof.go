package records

import (
	"fmt"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// MaxAncestors bounds the ancestors of an agent: its parent, the parent of that, and so on
// up to an agent without one.
const MaxAncestors = 5

// Proof says who may speak for an agent: its chain, and those of all its ancestors, each
// with its consent to the one below. A record or a grant carries it, so that it verifies
// with nothing else at hand. It exists only verified, and is never changed.
//
// That a proof verifies does not make it current: see Standing.
type Proof struct {
	links []link // the agent's own first
}

// link is one step of a proof.
type link struct {
	chain  *Chain
	agreed *consent // the parent's, of the next link; nil where there is none
}

// NewProof is the proof of an agent without a parent.
func NewProof(chain *Chain) (*Proof, error) {
	if chain.ident.genesis.Parent != nil {
		return nil, fmt.Errorf("proof: %w: a parent is named and its consent is missing", ErrMalformed)
	}
	return &Proof{links: []link{{chain: chain}}}, nil
}

// Adopt is the parent's consent to child, whose genesis names it: it returns the child's
// proof. key is one of the parent's present signing keys.
func (proof *Proof) Adopt(child *Chain, key Signer) (*Proof, error) {
	parent := proof.Own()
	if len(proof.links) > MaxAncestors {
		return nil, fmt.Errorf("consent: %w: an agent has at most %d ancestors", ErrTooLarge, MaxAncestors)
	}
	index := slices.Index(parent.keys(), key.Public())
	if index < 0 {
		return nil, fmt.Errorf("consent: %w: the key is none of the parent's signing keys", ErrInvalidSignature)
	}
	agreed := &consent{rotation: parent.Number(), key: uint64(index), sig: string(make([]byte, 64))}
	if err := agreed.check(child, parent); err != nil {
		return nil, err
	}
	sig, err := key.Sign(consentMessage(child.ID(), agreed.rotation))
	if err != nil {
		return nil, fmt.Errorf("consent: sign: %w", err)
	}
	agreed.sig = string(sig)
	if !agreed.signature(child, parent).verify() {
		return nil, fmt.Errorf("consent: %w", ErrInvalidSignature)
	}
	return &Proof{links: append([]link{{child, agreed}}, proof.links...)}, nil
}

// Spawn makes a child of the proof's agent: the genesis is given the parent, one lock opens with
// the secret that follows from the parent's revocation seed (DeriveSecret), others with own
// secrets, and key, one of the parent's signing keys, consents. The child's end is not after the
// parent's.
func (proof *Proof) Spawn(g Genesis, end time.Time, seed []byte, key Signer, own ...Secret) (*Proof, error) {
	return proof.SpawnGround(g, 0, nil, end, seed, key, own...)
}

// SpawnGround is Spawn with so many bits of work in the child's ID; work and tried are those
// of Grind. A try takes longer than there, since the derived secret changes with the nonce.
func (proof *Proof) SpawnGround(g Genesis, work int, tried func(uint64) error, end time.Time, seed []byte, key Signer, own ...Secret) (*Proof, error) {
	id := proof.ID()
	g.Parent = &id
	if unix := end.Unix(); unix < MinEnd || unix > 1<<32-1 {
		return nil, fmt.Errorf("spawn: %w: end %s", ErrMalformed, end)
	}
	secrets := append(make([]Secret, 1), own...)
	child, err := grind(g, work, tried, end, func(body [32]byte) (_ []Secret, err error) {
		secrets[0], err = DeriveSecret(seed, KindAgent, uint32(end.Unix()), body)
		return secrets, err
	})
	if err != nil {
		return nil, err
	}
	return proof.Adopt(NewChain(child), key)
}

// OpenProof verifies the canonical bytes of a proof.
func OpenProof(b []byte) (*Proof, error) {
	if len(b) > MaxValueSize {
		return nil, fmt.Errorf("proof: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxValueSize)
	}
	proof, err := readProof(string(b), 0)
	if err != nil {
		return nil, err
	}
	return verified(proof, proof.signatures())
}

// readProof reads a proof by all its rules but the signatures. depth is how many arrays it
// stands in.
func readProof(s string, depth int) (*Proof, error) {
	n, ok := arrayCount(s, 1+MaxAncestors)
	if !ok || n == 0 {
		return nil, fmt.Errorf("proof: %w: not an array of 1 to %d links", ErrMalformed, 1+MaxAncestors)
	}
	proof := &Proof{links: make([]link, n)}
	c := cursor{s: s, at: 1}
	for i := range proof.links {
		c.bad = c.bad || c.array() != 4
		header, genesis, rotations, agreed := c.item(depth+2), c.item(depth+2), c.item(depth+2), c.item(depth+2)
		if c.bad {
			return nil, fmt.Errorf("proof: %w: not [header, genesis, rotations, consent]", ErrMalformed)
		}
		chain, err := chainOf(header, genesis, rotations)
		if err != nil {
			return nil, fmt.Errorf("proof: link %d: %w", i, err)
		}
		proof.links[i].chain = chain
		if agreed == string([]byte{headNull}) {
			continue
		}
		if proof.links[i].agreed, err = readConsent(agreed); err != nil {
			return nil, fmt.Errorf("proof: link %d: %w", i, err)
		}
	}
	if !c.end() {
		return nil, fmt.Errorf("proof: %w: not an array of links", ErrMalformed)
	}
	return proof, proof.checkLineage()
}

// checkLineage holds each link to the next one.
func (proof *Proof) checkLineage() error {
	for i, l := range proof.links {
		last := i == len(proof.links)-1
		switch {
		case last && l.agreed == nil && l.chain.ident.genesis.Parent == nil:
		case last && l.agreed == nil:
			return fmt.Errorf("proof: link %d: %w: a parent is named and its consent is missing", i, ErrMalformed)
		case last:
			return fmt.Errorf("proof: link %d: %w: a consent without the parent that gave it", i, ErrMalformed)
		case l.agreed == nil:
			return fmt.Errorf("proof: link %d: %w: no consent of the link after it", i, ErrMalformed)
		default:
			if err := l.agreed.check(l.chain, proof.links[i+1].chain); err != nil {
				return fmt.Errorf("proof: link %d: %w", i, err)
			}
		}
	}
	return nil
}

// signatures are all signatures of the proof.
func (proof *Proof) signatures() []signature {
	var list []signature
	for i, l := range proof.links {
		list = append(list, l.chain.signatures(nil)...)
		if l.agreed != nil && !weak.Off(weak.Consent) {
			list = append(list, l.agreed.signature(l.chain, proof.links[i+1].chain))
		}
	}
	return list
}

// append writes the canonical bytes.
func (proof *Proof) append(b []byte) []byte {
	b = appendArray(b, len(proof.links))
	for _, l := range proof.links {
		b = l.chain.append(appendArray(b, 4))
		if l.agreed == nil {
			b = append(b, headNull)
		} else {
			b = l.agreed.append(b)
		}
	}
	return b
}

// Bytes returns the canonical bytes, a fresh copy.
func (proof *Proof) Bytes() []byte { return proof.append(nil) }

// ID returns the agent that the proof is about.
func (proof *Proof) ID() AgentID { return proof.Own().ID() }

// Own returns the agent's own chain.
func (proof *Proof) Own() *Chain { return proof.links[0].chain }

// Ancestors returns the chains of the parent, of its parent, and so on.
func (proof *Proof) Ancestors() []*Chain {
	var list []*Chain
	for _, l := range proof.links[1:] {
		list = append(list, l.chain)
	}
	return list
}

// Rotated returns the chains with rotations of the proof, the agent's and the ancestors': each
// is a fact, and whoever sees the proof knows it.
func (proof *Proof) Rotated() []*Chain {
	var list []*Chain
	for _, l := range proof.links {
		if len(l.chain.events) > 0 {
			list = append(list, l.chain)
		}
	}
	return list
}

// Renewed is the proof with a longer chain of its own agent, after Rotate.
func (proof *Proof) Renewed(own *Chain) (*Proof, error) {
	if own.ID() != proof.ID() {
		return nil, fmt.Errorf("proof: %w: the chain is of %s", ErrWrongSubject, own.ID())
	}
	links := slices.Clone(proof.links)
	links[0].chain = own
	return &Proof{links: links}, nil
}

// Standing reports why the proof may not be followed, given what is known of its agent and
// of each ancestor: ErrRevoked where one is dead, ErrConflict where one's keys contradict
// themselves, ErrStale where one was rotated since; the error is a *StandingError. It asks known
// about every link, the root first; known returns nil where nothing is known. It does not ask
// whether known is complete, nor a clock.
func (proof *Proof) Standing(known func(AgentID) Fact) error {
	for _, l := range slices.Backward(proof.links) {
		fact := known(l.chain.ID())
		if err := l.chain.standing(fact); err != nil {
			return &StandingError{Subject: l.chain.ID(), Fact: Join(fact, l.chain), Err: err}
		}
	}
	return nil
}

// standing judges one chain by what is known of its agent.
func (c *Chain) standing(fact Fact) error {
	if rotated, ok := fact.(*Chain); ok {
		if n := c.common(rotated); n < len(c.events) && n < len(rotated.events) {
			return ErrConflict
		}
	}
	return Ended(fact, c.Number())
}

// Ended reports why no statement under the keys of an agent's rotation of that number is to
// be followed, given what is known of the agent, which may be nil: ErrRevoked, ErrConflict,
// or ErrStale where it was rotated since.
func Ended(known Fact, rotation uint64) error {
	switch known := known.(type) {
	case *Tombstone:
		return ErrRevoked
	case *Duplicity:
		return ErrConflict
	case *Chain:
		if known.Number() > rotation {
			return ErrStale
		}
	}
	return nil
}

// StandingError says whose fate ends a proof, and which fact says so.
type StandingError struct {
	Subject AgentID // the agent or one of its ancestors; or a grant
	Fact    Fact    // what proves it
	Err     error   // ErrRevoked, ErrConflict or ErrStale
}

// Error names the subject and its fate.
func (e *StandingError) Error() string { return fmt.Sprintf("%s is %v", e.Subject, e.Err) }

// Unwrap returns the class.
func (e *StandingError) Unwrap() error { return e.Err }
