package records

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// ObituaryType is the type name under the signatures of an obituary.
const ObituaryType = "cairn/obituary/1"

// Reason says why an agent was ended, in the words of RFC 5280 (section 5.3.1).
type Reason string

// The reasons. RFC 5280's others are about authorities, or promise a return.
const (
	ReasonUnspecified  Reason = "unspecified"
	ReasonCompromise   Reason = "keyCompromise"
	ReasonAffiliation  Reason = "affiliationChanged"
	ReasonSuperseded   Reason = "superseded"
	ReasonCessation    Reason = "cessationOfOperation"
	ReasonNoPrivileges Reason = "privilegeWithdrawn"
)

func (r Reason) check() error {
	switch r {
	case ReasonUnspecified, ReasonCompromise, ReasonAffiliation, ReasonSuperseded, ReasonCessation, ReasonNoPrivileges:
		return nil
	}
	return fmt.Errorf("obituary: %w: reason %.32q", ErrMalformed, string(r))
}

// Obituary says why an agent was ended, when, and who takes its place. The rotation keys that
// were committed to last sign it, and no others can: a thief of signing keys names no
// successor. It informs and ends nothing; only a tombstone does. It exists only verified.
type Obituary struct {
	chain     *Chain
	reason    Reason
	at        uint64
	successor *AgentID
	revealed  []PublicKey
	sigs      []string
	payload   string
}

// Obituary makes one. successor may be nil; cold are the rotation keys that the chain
// commits to now, all of them and in their order: having signed they are to be destroyed.
func (c *Chain) Obituary(reason Reason, at time.Time, successor *AgentID, cold ...Signer) (*Obituary, error) {
	if at.Unix() < 0 || at.Unix() > 1<<32-1 {
		return nil, fmt.Errorf("obituary: %w: time %s", ErrMalformed, at)
	}
	o := &Obituary{chain: c, reason: reason, at: uint64(at.Unix()), successor: successor}
	for _, s := range cold {
		o.revealed = append(o.revealed, s.Public())
	}
	head := c.Head()
	b := appendBytes(appendArray(nil, 5), head[:])
	b = appendKeys(b, o.revealed)
	b = appendUint(appendText(b, string(reason)), o.at)
	o.payload = string(appendMaybeLink(b, successor))
	if err := o.check(head); err != nil {
		return nil, err
	}
	for _, s := range cold {
		sig, err := s.Sign([]byte(messageHead(ObituaryType) + o.payload))
		if err != nil {
			return nil, fmt.Errorf("obituary: sign: %w", err)
		}
		o.sigs = append(o.sigs, string(sig))
	}
	return OpenObituary(o.Bytes())
}

// OpenObituary verifies the canonical bytes of an obituary with nothing else at hand.
func OpenObituary(b []byte) (*Obituary, error) {
	o, err := readObituary(b)
	if err != nil {
		return nil, err
	}
	return verified(o, o.signatures())
}

// readObituary is OpenObituary without the signatures.
func readObituary(b []byte) (*Obituary, error) {
	if len(b) > MaxFactSize {
		return nil, fmt.Errorf("obituary: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxFactSize)
	}
	c := cursor{s: string(b)}
	c.bad = c.array() != 6
	kind := c.text()
	header, genesis, events := c.item(1), c.item(1), c.item(1)
	o := &Obituary{}
	at := c.at
	c.bad = c.bad || c.array() != 5
	prev, revealed := c.digest(), c.strings(MaxRotationKeys)
	o.reason, o.at, o.successor = Reason(c.text()), c.uint(1<<32-1), c.maybeLink()
	o.payload = c.from(at)
	o.sigs = c.strings(MaxRotationKeys)
	switch {
	case !c.end():
		return nil, fmt.Errorf("obituary: %w: not [type, header, genesis, rotations, [prev, revealed, reason, time, successor], signatures]", ErrMalformed)
	case kind != ObituaryType:
		return nil, fmt.Errorf("obituary: %w: type %.32q", ErrUnsupported, kind)
	case len(o.sigs) != len(revealed):
		return nil, fmt.Errorf("obituary: %w: %d signatures of %d revealed keys", ErrMalformed, len(o.sigs), len(revealed))
	}
	var err error
	if o.chain, err = chainOf(header, genesis, events); err != nil {
		return nil, fmt.Errorf("obituary: %w", err)
	}
	if o.revealed, err = readKeys(revealed); err != nil {
		return nil, fmt.Errorf("obituary: %w", err)
	}
	return o, o.check(prev)
}

func (o *Obituary) check(prev [32]byte) error {
	switch {
	case prev != o.chain.Head():
		return fmt.Errorf("obituary: %w: it follows another event", ErrWrongSubject)
	case !reveals(o.revealed, o.chain.next()):
		return fmt.Errorf("obituary: %w: the revealed keys are not the ones committed to", ErrInvalidSignature)
	case slices.ContainsFunc(o.revealed, o.chain.signed) && !weak.Off(weak.ColdKeys):
		return fmt.Errorf("obituary: %w: a signing key signs it", ErrMalformed)
	case o.successor != nil && (o.successor.IsZero() || *o.successor == o.ID()):
		return fmt.Errorf("obituary: %w: the successor is nobody, or the agent itself", ErrMalformed)
	}
	return o.reason.check()
}

func (o *Obituary) signatures() []signature {
	list := o.chain.signatures(nil)
	for i, sig := range o.sigs {
		list = append(list, signature{key: o.revealed[i], head: messageHead(ObituaryType), msg: []byte(o.payload), sig: []byte(sig)})
	}
	return list
}

// ID returns the agent.
func (o *Obituary) ID() AgentID { return o.chain.ID() }

// Reason returns why it was ended.
func (o *Obituary) Reason() Reason { return o.reason }

// Time returns when, by its owner's word.
func (o *Obituary) Time() time.Time { return time.Unix(int64(o.at), 0).UTC() }

// Successor returns the agent that takes its place, or nil.
func (o *Obituary) Successor() *AgentID {
	if o.successor == nil {
		return nil
	}
	id := *o.successor
	return &id
}

// Bytes returns the canonical bytes, a fresh copy.
func (o *Obituary) Bytes() []byte {
	b := o.chain.append(appendText(appendArray(nil, 6), ObituaryType))
	return appendStrings(append(b, o.payload...), o.sigs)
}

// Epitaph is what is said of a dead agent by all obituaries that were heard. The zero Epitaph
// has heard of none. It is a value; every order of hearing ends in the same one.
type Epitaph struct {
	Obituary *Obituary // the one that may be followed, or nil
	Disputed bool      // two that differ were heard: none is followed, ever
}

// Hear returns what is said once o is heard, too. What differs is what is signed; signatures
// of one message may.
func (e Epitaph) Hear(o *Obituary) Epitaph {
	switch {
	case e.Disputed:
		return e
	case e.Obituary == nil:
		return Epitaph{Obituary: o}
	case strings.Compare(e.Obituary.payload, o.payload) == 0 || weak.Off(weak.LoneObituary):
		return e
	}
	return Epitaph{Disputed: true}
}

// Follow returns the obituary that may be believed, given the fact known of the agent: none
// where its keys contradict themselves, or have been rotated since it was signed.
func (e Epitaph) Follow(fact Fact) *Obituary {
	if e.Obituary == nil {
		return nil
	}
	if _, dead := fact.(*Tombstone); !dead && e.Obituary.chain.standing(fact) != nil {
		return nil
	}
	return e.Obituary
}
