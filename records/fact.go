package records

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Fact is a statement that lasts until its subject's end and that every node is to hold: a
// *Tombstone, a *Duplicity or a *Chain with at least one rotation. Of each subject one is
// enough, the strongest: see Join.
type Fact interface {
	Value
	// AppendBytes appends the canonical bytes.
	AppendBytes(b []byte) []byte
	// End returns the subject's own end: 30 days later the fact may be forgotten, since
	// nothing of the subject can be valid any more.
	End() time.Time
	// Item is SHA-256(ID || state): what reconciliation compares.
	Item() [32]byte

	rank() rank
	// lastDay is the day of End.
	lastDay() Day
}

// rank says what replaces what.
type rank int

const (
	rankRotated rank = iota + 1
	rankConflict
	rankDead
)

func (*Chain) rank() rank     { return rankRotated }
func (*Duplicity) rank() rank { return rankConflict }
func (*Tombstone) rank() rank { return rankDead }

func (c *Chain) lastDay() Day     { return Day(c.ident.header.End / daySeconds) }
func (d *Duplicity) lastDay() Day { return d.chain.lastDay() }
func (t *Tombstone) lastDay() Day { return Day(t.end / daySeconds) }

const (
	// stateDead is the state of a revoked subject: one for all tombstones of it, whichever
	// lock was opened, so that two equal statements reconcile as one.
	stateDead = "dead"
	// stateConflict is the state of a subject with duplicity, whichever proof shows it.
	stateConflict = "conflict"
)

// DeadItem is the Item of whatever tombstone of a subject.
func DeadItem(id AgentID) [32]byte {
	b := make([]byte, 0, 32+len(stateDead))
	b = append(b, id.sum[:]...)
	return sha256.Sum256(append(b, stateDead...))
}

// Item of a tombstone is one for all tombstones of a subject.
func (t *Tombstone) Item() [32]byte { return DeadItem(t.ID()) }

// Item of a proof of duplicity is one for all proofs of a subject.
func (d *Duplicity) Item() [32]byte {
	id := d.ID()
	return sha256.Sum256(append(id.sum[:], stateConflict...))
}

// Item of a chain says how many rotations it has (8 bytes, big endian) and the digest of
// the last.
func (c *Chain) Item() [32]byte {
	id, head := c.ID(), c.Head()
	b := binary.BigEndian.AppendUint64(id.sum[:], c.Number())
	return sha256.Sum256(append(b, head[:]...))
}

// kindPrefix begins the type name of every kind of value that has one.
const kindPrefix = "cairn/"

// OpenFact verifies the bytes of a fact. A well-formed array that begins with the type name
// of another kind, a text that begins with "cairn/", is ErrUnsupported: a later version may
// know it (docs/spec/001-records.md, section 13). A record is no fact, and is ErrMalformed
// as anything else.
func OpenFact(b []byte) (Fact, error) { return OpenNews(b, nil) }

// OpenNews is OpenFact for whoever knows facts already. Where signatures make the fact, it
// asks what is known of the subject, and spends none on events that are known byte for
// byte; nor on what adds nothing: then, since that may be false, it returns nil and no error.
// A nil known knows nothing.
func OpenNews(b []byte, known func(AgentID) Fact) (Fact, error) {
	if len(b) > MaxFactSize {
		return nil, fmt.Errorf("fact: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxFactSize)
	}
	if isTombstone(b) {
		dead, err := OpenTombstone(b)
		if err == nil {
			return dead, nil
		}
		if kind, ok := kindOf(string(b)); ok && !isFactType(kind) && kind != RecordType {
			return nil, fmt.Errorf("fact: %w: type %.32q", ErrUnsupported, kind)
		}
		return nil, err
	}
	signed, err := readSigned(b)
	if err != nil {
		return nil, err
	}
	var held Fact
	if known != nil {
		held = known(signed.ID())
	}
	if held != nil && Join(held, signed) == held {
		return nil, nil
	}
	chain, _ := held.(*Chain)
	if err := judge(signed.signatures(chain)); err != nil {
		return nil, fmt.Errorf("fact: %w", err)
	}
	return signed, nil
}

// signedFact is a fact that signatures make one.
type signedFact interface {
	Fact
	// signatures are those to be judged, without those that stand in known.
	signatures(known *Chain) []signature
}

// readSigned reads rotations, or a proof of duplicity, by all rules but the signatures.
func readSigned(b []byte) (signedFact, error) {
	kind, ok := kindOf(string(b))
	switch {
	case !ok || kind == RecordType:
		return nil, fmt.Errorf("fact: %w: not an array that begins with the type of a fact", ErrMalformed)
	case kind == RotationType:
		c, err := readChain(b)
		if err != nil {
			return nil, err
		}
		return c, nil
	case kind == DuplicityType:
		d, err := readDuplicity(b)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
	return nil, fmt.Errorf("fact: %w: type %.32q", ErrUnsupported, kind)
}

func isFactType(kind string) bool { return kind == RotationType || kind == DuplicityType }

// Join returns what is known of a subject by whoever knows both facts of it: a tombstone
// replaces everything, a proof of duplicity every rotation, the longer chain the one that
// it goes on from; and two chains of which neither goes on from the other are a proof
// of duplicity. They are compared event by event, before any number is. Where nothing is
// gained held itself is returned, and so it is where the two have different subjects.
// Either may be nil. Every order of joining any facts ends with the same Item.
func Join(held, arrived Fact) Fact {
	switch {
	case arrived == nil:
		return held
	case held == nil:
		return arrived
	case held.ID() != arrived.ID() || held.rank() > arrived.rank():
		return held
	case held.rank() < arrived.rank():
		return arrived
	}
	a, okA := held.(*Chain)
	b, okB := arrived.(*Chain)
	if !okA || !okB {
		return held // two tombstones, or two proofs, say the same
	}
	if d := fork(a, b); d != nil {
		return d
	}
	if len(b.events) > len(a.events) {
		return b
	}
	return held
}

// kindOf reads the type name that an array begins with.
func kindOf(s string) (kind string, ok bool) {
	c := cursor{s: s}
	n := c.array()
	kind = c.text()
	for range n - 1 {
		c.item(1)
	}
	return kind, n > 0 && c.end() && strings.HasPrefix(kind, kindPrefix)
}
