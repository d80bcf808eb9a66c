package records

import (
	"bytes"
	"cmp"
	"fmt"
)

// Value is what stands at an agent's DHT key, always verified: a *Record, a *Tombstone, a
// *Chain with rotations, or a *Duplicity.
type Value interface {
	// ID returns the agent that the value is about.
	ID() AgentID
	// Bytes returns the canonical bytes, a fresh copy.
	Bytes() []byte
	// Size returns the number of canonical bytes.
	Size() int

	value()
}

// Open verifies the bytes of any value. The first byte tells the types apart: a
// tombstone is an array of two, rotations one of four, a record one of five, a proof of
// duplicity one of six. Of a record with rotations or lineage ask Record.Standing before it
// is followed.
func Open(b []byte) (Value, error) {
	switch {
	case isTombstone(b):
		return wrap(OpenTombstone(b))
	case len(b) > 0 && b[0] == 0x84:
		return wrap(OpenChain(b))
	case len(b) > 0 && b[0] == 0x86:
		return wrap(OpenDuplicity(b))
	}
	return wrap(OpenWhole(b))
}

func isTombstone(b []byte) bool { return len(b) > 0 && b[0] == 0x82 }

// wrap keeps a nil pointer from becoming a non-nil Value.
func wrap[T Value](v T, err error) (Value, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Mark is the rank of a record among the records of its agent, and the least that
// must be remembered so that no replay rolls back. The zero Mark is below all.
type Mark struct {
	Rotation uint64
	Sequence uint64
	Digest   [32]byte // SHA-256 of the record's bytes; the lower one wins
}

// IsZero reports whether m marks nothing.
func (m Mark) IsZero() bool { return m == Mark{} }

// Compare returns +1 where m wins against o, -1 where it loses, 0 where both
// are the same record. A zero Mark loses against every other.
func (m Mark) Compare(o Mark) int {
	if m.IsZero() || o.IsZero() {
		switch {
		case m == o:
			return 0
		case m.IsZero():
			return -1
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(m.Rotation, o.Rotation),
		cmp.Compare(m.Sequence, o.Sequence),
		bytes.Compare(o.Digest[:], m.Digest[:]),
	)
}

// Compare orders two values of one agent: +1 where a wins, -1 where b wins, 0
// where nothing is gained by replacing one with the other (equal records, or two
// tombstones). A nil Value loses against every other: then come records and chains of
// rotations by their rotation number, a record before the bare chain, by sequence and
// lowest hash; then proofs of duplicity; then tombstones. The order is total,
// antisymmetric and transitive, and asks no clock. It judges two values; that two chains
// contradict each other is for Join to find.
func Compare(a, b Value) int {
	wa, wb := weigh(a), weigh(b)
	return cmp.Or(
		cmp.Compare(wa.class, wb.class),
		cmp.Compare(wa.rotation, wb.rotation),
		cmp.Compare(wa.placed, wb.placed),
		wa.mark.Compare(wb.mark),
	)
}

// weight is what Compare looks at, in its order.
type weight struct {
	class    int
	rotation uint64
	placed   int // 1 where the value says where the agent is
	mark     Mark
}

func weigh(v Value) weight {
	switch v := v.(type) {
	case *Record:
		return weight{class: 1, rotation: v.Rotation(), placed: 1, mark: v.Mark()}
	case *Chain:
		return weight{class: 1, rotation: v.Number(), mark: Mark{Digest: v.Head()}}
	case *Duplicity:
		return weight{class: 2}
	case *Tombstone:
		return weight{class: 3}
	}
	return weight{}
}

// Select returns the index of the value that wins; the first one among equals.
// It is the selection rule of the DHT.
func Select(values []Value) (int, error) {
	if len(values) == 0 {
		return 0, fmt.Errorf("select: %w: no values", ErrMalformed)
	}
	best := 0
	for i, v := range values {
		if v == nil {
			return 0, fmt.Errorf("select: %w: value %d is nil", ErrMalformed, i)
		}
		if v.ID() != values[0].ID() {
			return 0, fmt.Errorf("select: %w", ErrWrongSubject)
		}
		if Compare(v, values[best]) > 0 {
			best = i
		}
	}
	return best, nil
}
