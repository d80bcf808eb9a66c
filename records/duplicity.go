package records

import (
	"bytes"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// DuplicityType is the type name of a proof of duplicity.
const DuplicityType = "cairn/duplicity/1"

// Duplicity proves that an agent's rotation keys made two different rotations with one
// number. It is permanent: whichever was first, neither is followed, and the agent has no
// current keys any more. Its owner can only revoke it. The proof verifies with nothing
// else at hand, and exists only verified.
type Duplicity struct {
	chain *Chain       // the events before
	two   [2]*Rotation // the lower digest first
}

// OpenDuplicity verifies the bytes of a proof.
func OpenDuplicity(b []byte) (*Duplicity, error) {
	d, err := readDuplicity(b)
	if err != nil {
		return nil, err
	}
	return verified(d, d.signatures(nil))
}

// readDuplicity is OpenDuplicity without the signatures.
func readDuplicity(b []byte) (*Duplicity, error) {
	if len(b) > MaxFactSize {
		return nil, fmt.Errorf("duplicity: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxFactSize)
	}
	c := cursor{s: string(b)}
	c.bad = c.array() != 6
	kind := c.text()
	header, genesis, events, one, other := c.item(1), c.item(1), c.item(1), c.item(1), c.item(1)
	switch {
	case !c.end():
		return nil, fmt.Errorf("duplicity: %w: not [type, header, genesis, rotations, one, other]", ErrMalformed)
	case kind != DuplicityType:
		return nil, fmt.Errorf("duplicity: %w: type %.32q", ErrUnsupported, kind)
	}
	chain, err := chainOf(header, genesis, events)
	if err != nil {
		return nil, fmt.Errorf("duplicity: %w", err)
	}
	d := &Duplicity{chain: chain}
	for i, s := range [2]string{one, other} {
		if d.two[i], err = readRotation(s); err != nil {
			return nil, fmt.Errorf("duplicity: %w", err)
		}
		if _, err := chain.with(d.two[i]); err != nil {
			return nil, fmt.Errorf("duplicity: %w", err)
		}
	}
	if bytes.Compare(d.two[0].digest[:], d.two[1].digest[:]) >= 0 {
		return nil, fmt.Errorf("duplicity: %w: the two rotations are one, or not in the order of their digests", ErrMalformed)
	}
	return d, nil
}

// fork returns the proof that two chains of one agent tell different stories, or nil
// where one of them goes on from the other.
func fork(a, b *Chain) *Duplicity {
	n := a.common(b)
	if n == len(a.events) || n == len(b.events) || weak.Off(weak.Forks) {
		return nil
	}
	d := &Duplicity{chain: &Chain{ident: a.ident, events: a.events[:n:n]}, two: [2]*Rotation{a.events[n], b.events[n]}}
	if bytes.Compare(d.two[0].digest[:], d.two[1].digest[:]) > 0 {
		d.two[0], d.two[1] = d.two[1], d.two[0]
	}
	return d
}

// signatures are the signatures to be judged, without those that stand in known.
func (d *Duplicity) signatures(known *Chain) []signature {
	list := d.chain.signatures(known)
	for _, r := range d.two {
		if i := len(d.chain.events); known == nil || i >= len(known.events) || known.events[i].raw != r.raw {
			list = append(list, r.signatures()...)
		}
	}
	return list
}

// ID returns the agent.
func (d *Duplicity) ID() AgentID { return d.chain.ID() }

// Identity returns the agent's header and genesis.
func (d *Duplicity) Identity() *Identity { return d.chain.ident }

// Number returns the number that two rotations have.
func (d *Duplicity) Number() uint64 { return d.two[0].number }

// Rotations returns the two, the lower digest first.
func (d *Duplicity) Rotations() [2]*Rotation { return d.two }

// Bytes returns the canonical bytes, a fresh copy.
func (d *Duplicity) Bytes() []byte { return d.AppendBytes(nil) }

// AppendBytes appends the canonical bytes.
func (d *Duplicity) AppendBytes(b []byte) []byte {
	b = d.chain.append(appendText(appendArray(b, 6), DuplicityType))
	return append(append(b, d.two[0].raw...), d.two[1].raw...)
}

// Size returns the number of canonical bytes.
func (d *Duplicity) Size() int {
	return d.chain.Size() + len(DuplicityType) - len(RotationType) + len(d.two[0].raw) + len(d.two[1].raw)
}

// End returns the agent's end.
func (d *Duplicity) End() time.Time { return d.chain.End() }

func (d *Duplicity) value() {}
