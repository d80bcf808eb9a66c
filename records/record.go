package records

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
)

const (
	// RecordType is the type name under every record's signature.
	RecordType = "cairn/record/1"
	// MaxRecordSize bounds the signed part of a record, in bytes.
	MaxRecordSize = 4 << 10
	// MaxValueSize bounds a record with its proof, in bytes.
	MaxValueSize = 32 << 10
	// MaxAhead is how far in the reader's future a record may be issued.
	MaxAhead = 30 * time.Second
	// DefaultLease and MaxLease bound not-after minus issued.
	DefaultLease = time.Hour
	MaxLease     = 24 * time.Hour
	// MaxSequence keeps sequences exact in every JSON reader (2^53 - 1).
	MaxSequence = 1<<53 - 1
)

// Draft is what an agent is about to say of its place.
type Draft struct {
	Location
	// Sequence is a counter: the higher one wins.
	Sequence uint64
	// Issued is the signer's time, kept to the second.
	Issued time.Time
	// NotAfter is the end of the lease: at most MaxLease after Issued and not
	// after the agent's end. Zero means DefaultLease, cut at the agent's end.
	NotAfter time.Time
}

// Record is a signed location record: a lease on a Location. It exists only
// verified; whether it is current is asked with ValidAt.
type Record struct {
	ident   *Identity
	payload payloadWire
	sum     [32]byte
	raw     string
}

// payloadWire is the signed part.
type payloadWire struct {
	Agent    AgentID `cbor:"agent"`
	Rotation uint64  `cbor:"rot"`
	Sequence uint64  `cbor:"seq"`
	Issued   uint64  `cbor:"iat"`
	NotAfter uint64  `cbor:"exp"`
	Location
}

// recordWire is [type, payload, key index, signature, proof].
type recordWire struct {
	_         struct{} `cbor:",toarray"`
	Type      string
	Payload   cbor.RawMessage
	Key       uint64
	Signature []byte
	Proof     cbor.RawMessage
}

// signedWire is what a signature covers: [type, payload].
type signedWire struct {
	_       struct{} `cbor:",toarray"`
	Type    string
	Payload cbor.RawMessage
}

// Sign makes the record that says d of the agent, with one of its signing keys.
// Every limit is checked before the key is used. An agent with a parent is
// ErrUnsupported, since this version carries no consent.
func Sign(ident *Identity, key Signer, d Draft) (*Record, error) {
	if ident == nil || key == nil {
		return nil, fmt.Errorf("record: %w: no identity or no key", ErrMalformed)
	}
	if ident.genesis.Parent != nil {
		return nil, fmt.Errorf("record: %w: lineage", ErrUnsupported)
	}
	if err := d.checkMultiaddrs(); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if d.Issued.After(ident.End()) {
		return nil, fmt.Errorf("record: %w: the agent ended at %s", ErrExpired, ident.End().Format(time.RFC3339))
	}
	p := payloadWire{Agent: ident.id, Sequence: d.Sequence, Location: d.sorted()}
	if d.NotAfter.IsZero() {
		d.NotAfter = d.Issued.Add(DefaultLease)
		if end := ident.End(); d.NotAfter.After(end) {
			d.NotAfter = end
		}
	}
	if d.Issued.Unix() < 0 || d.NotAfter.Unix() < 0 {
		return nil, fmt.Errorf("record: %w: a time before 1970", ErrMalformed)
	}
	p.Issued, p.NotAfter = uint64(d.Issued.Unix()), uint64(d.NotAfter.Unix())
	index := slices.Index(ident.genesis.Keys, key.Public())
	if index < 0 {
		return nil, fmt.Errorf("record: %w: the key is none of the agent's signing keys", ErrInvalidSignature)
	}
	if err := p.check(ident); err != nil {
		return nil, err
	}
	payload, err := codec.marshal(p)
	if err != nil {
		return nil, err
	}
	if len(payload) > MaxRecordSize {
		return nil, fmt.Errorf("record: %w: %d bytes, at most %d", ErrTooLarge, len(payload), MaxRecordSize)
	}
	msg, err := codec.marshal(signedWire{Type: RecordType, Payload: payload})
	if err != nil {
		return nil, err
	}
	proof, err := codec.marshal(proofOf(ident))
	if err != nil {
		return nil, err
	}
	sig, err := key.Sign(msg)
	if err != nil {
		return nil, fmt.Errorf("record: sign: %w", err)
	}
	raw, err := codec.marshal(recordWire{Type: RecordType, Payload: payload, Key: uint64(index), Signature: sig, Proof: proof})
	if err != nil {
		return nil, err
	}
	return OpenRecord(raw)
}

// OpenRecord verifies canonical record bytes with nothing else at hand: sizes,
// form, proof, signature, and every rule that needs no clock.
func OpenRecord(b []byte) (*Record, error) {
	if len(b) > MaxValueSize {
		return nil, fmt.Errorf("record: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxValueSize)
	}
	var w recordWire
	if err := codec.unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if w.Type != RecordType {
		return nil, fmt.Errorf("record: %w: type %.32q", ErrUnsupported, w.Type)
	}
	if len(w.Payload) > MaxRecordSize {
		return nil, fmt.Errorf("record: %w: %d signed bytes, at most %d", ErrTooLarge, len(w.Payload), MaxRecordSize)
	}
	r := &Record{}
	if err := codec.unmarshal(w.Payload, &r.payload); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	var err error
	if r.ident, err = openProof(w.Proof); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if err := r.payload.check(r.ident); err != nil {
		return nil, err
	}
	if w.Key >= uint64(len(r.ident.genesis.Keys)) {
		return nil, fmt.Errorf("record: %w: signing key %d of %d", ErrInvalidSignature, w.Key, len(r.ident.genesis.Keys))
	}
	msg, err := codec.marshal(signedWire{Type: RecordType, Payload: w.Payload})
	if err != nil {
		return nil, err
	}
	if !r.ident.genesis.Keys[w.Key].Verify(msg, w.Signature) {
		return nil, fmt.Errorf("record: %w", ErrInvalidSignature)
	}
	r.sum, r.raw = sha256.Sum256(b), string(b)
	return r, nil
}

// check holds the payload against its identity and the limits.
func (p payloadWire) check(ident *Identity) error {
	end := uint64(ident.header.End)
	switch {
	case p.Agent != ident.id:
		return fmt.Errorf("record: %w: the proof is of %s", ErrWrongSubject, ident.id)
	case p.Rotation != 0:
		return fmt.Errorf("record: %w: rotation %d without its chain", ErrMalformed, p.Rotation)
	case p.Sequence > MaxSequence:
		return fmt.Errorf("record: %w: sequence %d is above 2^53-1", ErrMalformed, p.Sequence)
	case p.NotAfter < p.Issued:
		return fmt.Errorf("record: %w: not-after is before issued", ErrMalformed)
	case p.NotAfter-p.Issued > uint64(MaxLease/time.Second):
		return fmt.Errorf("record: %w: a lease of %d s, at most %d", ErrMalformed, p.NotAfter-p.Issued, MaxLease/time.Second)
	case p.NotAfter > end:
		return fmt.Errorf("record: %w: not-after is after the agent's end", ErrMalformed)
	case end-p.Issued > uint64(MaxLife/time.Second):
		return fmt.Errorf("record: %w: the agent's end is more than ten years after the issue", ErrMalformed)
	}
	if err := p.Location.check(); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// ValidAt reports nil where the lease holds at t, ErrNotYetValid where the record
// was issued more than MaxAhead after t, ErrExpired where the lease has ended.
func (r *Record) ValidAt(t time.Time) error {
	if r.Issued().After(t.Add(MaxAhead)) {
		return fmt.Errorf("record: %w: issued %s, the clock here says %s", ErrNotYetValid, r.Issued().Format(time.RFC3339), t.UTC().Format(time.RFC3339))
	}
	if t.After(r.NotAfter()) {
		return fmt.Errorf("record: %w: not after %s", ErrExpired, r.NotAfter().Format(time.RFC3339))
	}
	return nil
}

// ID returns the agent.
func (r *Record) ID() AgentID { return r.payload.Agent }

// Identity returns the verified header and genesis.
func (r *Record) Identity() *Identity { return r.ident }

// Sequence returns the counter.
func (r *Record) Sequence() uint64 { return r.payload.Sequence }

// Rotation returns the number of the rotation whose keys signed.
func (r *Record) Rotation() uint64 { return r.payload.Rotation }

// Issued returns the signer's time.
func (r *Record) Issued() time.Time { return time.Unix(int64(r.payload.Issued), 0).UTC() }

// NotAfter returns the end of the lease.
func (r *Record) NotAfter() time.Time { return time.Unix(int64(r.payload.NotAfter), 0).UTC() }

// Location returns where the agent is, a fresh copy.
func (r *Record) Location() Location { return r.payload.Location.clone() }

// Bytes returns the canonical bytes, a fresh copy.
func (r *Record) Bytes() []byte { return []byte(r.raw) }

// Size returns the number of canonical bytes.
func (r *Record) Size() int { return len(r.raw) }

// Mark returns the record's rank among the records of its agent.
func (r *Record) Mark() Mark {
	return Mark{Rotation: r.payload.Rotation, Sequence: r.payload.Sequence, Digest: r.sum}
}

func (r *Record) value() {}
