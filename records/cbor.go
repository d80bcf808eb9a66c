package records

import "github.com/fxamacker/cbor/v2"

// What any array, map or nesting may hold, wherever it stands: the longest list of
// a record has 64 items. A stranger's bytes are refused at the head that says more.
const (
	maxNested   = 16
	maxElements = 128
	maxPairs    = 32
)

// codec writes deterministic DAG-CBOR: definite lengths, shortest integers, map
// keys length first. A cursor reads it.
var codec = newCodec()

type encoder struct {
	mode cbor.EncMode
	err  error
}

func newCodec() encoder {
	opts := cbor.CanonicalEncOptions()
	opts.NilContainers = cbor.NilContainerAsEmpty
	mode, err := opts.EncMode()
	return encoder{mode: mode, err: err}
}

// marshal encodes v in its one canonical form.
func (c encoder) marshal(v any) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.mode.Marshal(v)
}
