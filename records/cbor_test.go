package records

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// loose is a codec of another hand that decodes whatever has the right shape: what the
// strict rules are held against. With the comparison in strictly it is the slow and
// obvious way to read the one canonical form.
var loose = newLoose()

func newLoose() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		MaxNestedLevels:   maxNested,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxPairs,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}

// strictly decodes b into v, and refuses every byte sequence but the one that v
// encodes to.
func strictly(b []byte, v any) error {
	if err := loose.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	again, err := codec.marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !bytes.Equal(again, b) {
		return fmt.Errorf("%w: not the canonical encoding", ErrMalformed)
	}
	return nil
}

// slowOpenRecord is OpenRecord by that other codec. It and OpenRecord take the same
// bytes, and refuse others for the same reason.
func slowOpenRecord(b []byte) (*Record, error) {
	if len(b) > MaxValueSize {
		return nil, ErrTooLarge
	}
	var w recordWire
	if err := strictly(b, &w); err != nil {
		return nil, err
	}
	if w.Type != RecordType {
		return nil, ErrUnsupported
	}
	if len(w.Payload) > MaxRecordSize {
		return nil, ErrTooLarge
	}
	r := &Record{raw: string(b)}
	if err := strictly(w.Payload, &r.payload); err != nil {
		return nil, err
	}
	var err error
	if r.ident, err = slowOpenProof(w.Proof); err != nil {
		return nil, err
	}
	if err := r.payload.check(r.ident, 0); err != nil {
		return nil, err
	}
	if w.Key >= uint64(len(r.ident.genesis.Keys)) {
		return nil, ErrInvalidSignature
	}
	msg, err := codec.marshal(signedWire{Type: RecordType, Payload: w.Payload})
	if err != nil {
		return nil, err
	}
	if !r.ident.genesis.Keys[w.Key].Verify(msg, w.Signature) {
		return nil, ErrInvalidSignature
	}
	return r, nil
}

func slowOpenProof(proof []byte) (*Identity, error) {
	switch n, ok := arrayCount(string(proof), 1+MaxAncestors); {
	case !ok || n == 0:
		return nil, ErrMalformed
	case n > 1:
		return nil, ErrUnsupported
	}
	var links []linkWire
	if err := strictly(proof, &links); err != nil {
		return nil, err
	}
	own := links[0]
	switch n, ok := arrayCount(string(own.Rotations), MaxRotations); {
	case !ok:
		return nil, ErrMalformed
	case n > 0:
		return nil, ErrUnsupported
	}
	if n, ok := arrayCount(string(own.Consent), maxConsent); ok && n > 0 {
		return nil, ErrUnsupported
	}
	if len(own.Consent) != 1 || own.Consent[0] != headNull {
		return nil, ErrMalformed
	}
	h, err := OpenHeader(own.Header)
	if err != nil {
		return nil, err
	}
	if h.Kind != KindAgent {
		return nil, ErrMalformed
	}
	if len(own.Genesis) > MaxGenesisSize {
		return nil, ErrTooLarge
	}
	if sha256.Sum256(own.Genesis) != h.Body {
		return nil, ErrWrongSubject
	}
	g, err := slowOpenGenesis(own.Genesis)
	if err != nil {
		return nil, err
	}
	if g.Parent != nil {
		return nil, ErrMalformed
	}
	return &Identity{id: h.ID(), header: h, genesis: g}, nil
}

func slowOpenGenesis(b []byte) (Genesis, error) {
	if len(b) > MaxGenesisSize {
		return Genesis{}, ErrTooLarge
	}
	var w genesisWire
	if err := strictly(b, &w); err != nil {
		return Genesis{}, err
	}
	if w.Version != GenesisVersion {
		return Genesis{}, ErrUnsupported
	}
	g := Genesis{Next: w.Next, Parent: w.Parent, Nonce: w.Nonce}
	for _, k := range w.Keys {
		key, err := ParsePublicKey(k)
		if err != nil {
			return Genesis{}, err
		}
		g.Keys = append(g.Keys, key)
	}
	return g, g.check()
}

// linkWire is one step of a proof: [header, genesis, rotations, consent / null].
type linkWire struct {
	_         struct{} `cbor:",toarray"`
	Header    cbor.RawMessage
	Genesis   cbor.RawMessage
	Rotations cbor.RawMessage
	Consent   cbor.RawMessage
}
