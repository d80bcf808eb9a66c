package records

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// AnyFact is a statement that lasts until its subject's end and that every node is to
// hold: a *Tombstone, a *Duplicity or a *Chain with at least one rotation. Of each subject
// one is enough, the strongest: see Join.
type AnyFact interface {
	Value
	// Item is SHA-256(ID || state): what reconciliation compares.
	Item() [32]byte

	rank() rank
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

// Item of a tombstone is one for all tombstones of a subject.
func (t *Tombstone) Item() [32]byte { return DeadItem(t.ID()) }

// stateConflict is the state of a subject with duplicity, whichever proof shows it.
const stateConflict = "conflict"

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

// OpenAnyFact verifies the bytes of a fact. Of the type of a later version it says
// ErrUnsupported, as OpenFact does.
func OpenAnyFact(b []byte) (AnyFact, error) {
	return OpenNews(b, func(AgentID) AnyFact { return nil })
}

// OpenNews is OpenAnyFact for whoever knows facts already: it asks what is known of the
// subject, and spends no signature on what adds nothing to that, nor on events that
// are known byte for byte. It returns what is known then, Join of both: the very fact
// that was known where the bytes add nothing, in which case they may be false.
func OpenNews(b []byte, known func(AgentID) AnyFact) (AnyFact, error) {
	if len(b) > MaxFactSize {
		return nil, fmt.Errorf("fact: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxFactSize)
	}
	if isTombstone(b) {
		dead, err := OpenTombstone(b)
		if err == nil {
			return Join(known(dead.ID()), dead), nil
		}
		if kind, ok := kindOf(string(b)); ok && !isFactType(kind) && kind != RecordType {
			return nil, fmt.Errorf("fact: %w: type %.32q", ErrUnsupported, kind)
		}
		return nil, err
	}
	var arrived interface {
		AnyFact
		signatures(known *Chain) []signature
	}
	kind, ok := kindOf(string(b))
	switch {
	case !ok || kind == RecordType:
		return nil, fmt.Errorf("fact: %w: not an array that begins with the type of a fact", ErrMalformed)
	case kind == RotationType:
		c, err := readChain(b)
		if err != nil {
			return nil, err
		}
		arrived = c
	case kind == DuplicityType:
		d, err := readDuplicity(b)
		if err != nil {
			return nil, err
		}
		arrived = d
	default:
		return nil, fmt.Errorf("fact: %w: type %.32q", ErrUnsupported, kind)
	}
	held := known(arrived.ID())
	now := Join(held, arrived)
	if now == held {
		return held, nil
	}
	chain, _ := held.(*Chain)
	if err := judge(arrived.signatures(chain)); err != nil {
		return nil, fmt.Errorf("fact: %w", err)
	}
	return now, nil
}

func isFactType(kind string) bool { return kind == RotationType || kind == DuplicityType }

// Join returns what is known of a subject by whoever knows both facts of it: a tombstone
// replaces everything, a proof of duplicity every rotation, the longer chain the one that
// it goes on from; and two chains of which neither goes on from the other are a proof
// of duplicity. They are compared event by event, before any number is. Where nothing is
// gained held itself is returned, and so it is where the two have different subjects.
// Either may be nil. Every order of joining any facts ends with the same Item.
func Join(held, arrived AnyFact) AnyFact {
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
