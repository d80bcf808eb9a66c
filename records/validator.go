package records

import (
	"bytes"
	"fmt"
)

// Validator answers the two questions that a Kademlia DHT asks of a value. It
// fits the method shape of libp2p's record validators and needs neither a clock
// nor any state: the same answer on every node, for every order of arrival.
type Validator struct{}

// Validate reports why value may not stand at key: a key that is no agent's, a
// value that does not verify, or one about another agent.
func (Validator) Validate(key string, value []byte) error {
	_, err := OpenFor(key, value)
	return err
}

// Select returns the index of the winning value, the first among equals; values
// that do not verify lose. A tombstone ends the matter before any signature is
// checked, and bytes that were judged already are not judged again.
func (Validator) Select(key string, values [][]byte) (int, error) {
	for i, b := range values {
		if isTombstone(b) {
			if _, err := OpenFor(key, b); err == nil {
				return i, nil
			}
		}
	}
	best, index := Value(nil), -1
	for i, b := range values {
		if isTombstone(b) || index >= 0 && bytes.Equal(b, values[index]) {
			continue
		}
		v, err := OpenFor(key, b)
		if err == nil && Compare(v, best) > 0 {
			best, index = v, i
		}
	}
	if index < 0 {
		return 0, fmt.Errorf("select: %w: none of %d values verifies", ErrMalformed, len(values))
	}
	return index, nil
}

// OpenFor verifies value and that it is about the agent of the DHT key.
func OpenFor(key string, value []byte) (Value, error) {
	id, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	v, err := Open(value)
	if err != nil {
		return nil, err
	}
	if v.ID() != id {
		return nil, fmt.Errorf("%w: the value is about %s", ErrWrongSubject, v.ID())
	}
	return v, nil
}
