package records

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// What any array, map or nesting may hold, wherever it stands: the longest list of
// a record has 64 items. A stranger's bytes are refused at the head that says more.
const (
	maxNested   = 16
	maxElements = 128
	maxPairs    = 32
)

// codec is the strict DAG-CBOR codec: definite lengths, shortest integers, map
// keys length first, no duplicate or unknown keys, bounded nesting.
var codec = newCodec()

type strictCodec struct {
	enc cbor.EncMode
	dec cbor.DecMode
	err error
}

func newCodec() strictCodec {
	opts := cbor.CanonicalEncOptions()
	opts.NilContainers = cbor.NilContainerAsEmpty
	enc, encErr := opts.EncMode()
	dec, decErr := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		MaxNestedLevels:   maxNested,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxPairs,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	if encErr != nil {
		return strictCodec{err: encErr}
	}
	return strictCodec{enc: enc, dec: dec, err: decErr}
}

// marshal encodes v in its one canonical form.
func (c strictCodec) marshal(v any) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.enc.Marshal(v)
}

// unmarshal decodes b into v and refuses every byte sequence but the canonical
// one, by encoding v again. v must keep all that b says.
func (c strictCodec) unmarshal(b []byte, v any) error {
	if c.err != nil {
		return c.err
	}
	if err := c.dec.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	again, err := c.enc.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !bytes.Equal(again, b) {
		return fmt.Errorf("%w: not the canonical encoding", ErrMalformed)
	}
	return nil
}
