package records

import (
	"crypto/sha256"
	"errors"
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
	proof   *Proof // nil where it is the identity alone
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

// Sign makes the record that says d of an agent that has neither rotations nor a parent,
// with one of its signing keys. Every limit is checked before the key is used. An agent with a
// parent is ErrUnsupported here: its Proof signs, and has the parent's consent.
func Sign(ident *Identity, key Signer, d Draft) (*Record, error) {
	if ident == nil || key == nil {
		return nil, fmt.Errorf("record: %w: no identity or no key", ErrMalformed)
	}
	if ident.genesis.Parent != nil {
		return nil, fmt.Errorf("record: %w: lineage", ErrUnsupported)
	}
	return (&Proof{links: []link{{chain: NewChain(ident)}}}).Sign(key, d)
}

// Sign makes the record that says d of the proof's agent, with one of the signing keys of its
// last rotation. Every limit is checked before the key is used.
func (proof *Proof) Sign(key Signer, d Draft) (*Record, error) {
	chain := proof.Own()
	ident := chain.ident
	if err := d.checkMultiaddrs(); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if d.Issued.After(ident.End()) {
		return nil, fmt.Errorf("record: %w: the agent ended at %s", ErrExpired, ident.End().Format(time.RFC3339))
	}
	p := payloadWire{Agent: ident.id, Rotation: chain.Number(), Sequence: d.Sequence, Location: d.sorted()}
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
	index := slices.Index(chain.keys(), key.Public())
	if index < 0 {
		return nil, fmt.Errorf("record: %w: the key is none of the agent's signing keys", ErrInvalidSignature)
	}
	if err := p.check(ident, chain.Number()); err != nil {
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
	links := proof.append(nil)
	if size := len(msg) + 1 + 66 + len(links); size > MaxValueSize {
		return nil, fmt.Errorf("record: %w: %d bytes with its proof, at most %d", ErrTooLarge, size, MaxValueSize)
	}
	sig, err := key.Sign(msg)
	if err != nil {
		return nil, fmt.Errorf("record: sign: %w", err)
	}
	raw, err := codec.marshal(recordWire{Type: RecordType, Payload: payload, Key: uint64(index), Signature: sig, Proof: links})
	if err != nil {
		return nil, err
	}
	return OpenWhole(raw)
}

// OpenWhole verifies canonical record bytes with nothing else at hand, as OpenRecord does,
// and with them the rotations and the lineage in their proof. It is for callers who then ask
// Proof.Standing: a record whose keys are rotated out, or whose ancestor is dead, verifies
// for ever.
func OpenWhole(b []byte) (*Record, error) {
	if r, err := OpenRecord(b); !errors.Is(err, ErrUnsupported) { // as it mostly is
		return r, err
	}
	r := &Record{raw: string(b)}
	w, err := readEnvelope(r.raw, &r.payload)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if r.proof, err = readProof(w.proof, 1); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	chain := r.proof.Own()
	r.ident = chain.ident
	sig, err := r.signature(b, w, chain)
	if err != nil {
		return nil, err
	}
	if err := judge(append(r.proof.signatures(), sig)); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return r, nil
}

// OpenRecord verifies canonical record bytes with nothing else at hand: sizes,
// form, proof, signature, and every rule that needs no clock. A record with rotations or
// lineage in its proof is ErrUnsupported, since to judge it takes more: see OpenWhole.
func OpenRecord(b []byte) (*Record, error) {
	r, sig, err := readRecord(b)
	if err != nil {
		return nil, err
	}
	if !sig.verify() {
		return nil, fmt.Errorf("record: %w", ErrInvalidSignature)
	}
	return r, nil
}

// signature is a signature that is still to be judged, of the message that head and msg
// are together.
type signature struct {
	key  PublicKey
	head string
	msg  []byte
	sig  []byte
}

// verify judges it alone.
func (c signature) verify() bool {
	var room [1 << 10]byte // a copy that is not worth a place on the heap
	return c.key.Verify(append(append(room[:0], c.head...), c.msg...), c.sig)
}

// readRecord does all of OpenRecord but the signature: r is no record before the
// signature is judged.
func readRecord(b []byte) (r *Record, sig signature, err error) {
	if len(b) > MaxValueSize {
		return nil, signature{}, fmt.Errorf("record: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxValueSize)
	}
	room := &struct {
		record Record
		ident  identityRoom
	}{}
	r = &room.record
	r.raw, r.ident = string(b), &room.ident.ident
	w, err := readEnvelope(r.raw, &r.payload)
	if err != nil {
		return nil, signature{}, fmt.Errorf("record: %w", err)
	}
	if err := room.ident.readAlone(w.proof); err != nil {
		return nil, signature{}, fmt.Errorf("record: %w", err)
	}
	sig, err = r.signature(b, w, &Chain{ident: r.ident})
	if err != nil {
		return nil, signature{}, err
	}
	return r, sig, nil
}

// signature holds the payload to its rules and says whose signature is to be judged.
func (r *Record) signature(b []byte, w envelope, chain *Chain) (signature, error) {
	if err := r.payload.check(chain.ident, chain.Number()); err != nil {
		return signature{}, err
	}
	keys := chain.keys()
	if w.key >= uint64(len(keys)) {
		return signature{}, fmt.Errorf("record: %w: signing key %d of %d", ErrInvalidSignature, w.key, len(keys))
	}
	r.sum = sha256.Sum256(b)
	// The message is [type, payload], and these two are the first of the five.
	end := 1 + len(typeField) + len(w.payload)
	return signature{key: keys[w.key], head: pairHead, msg: b[1:end], sig: b[w.sig : w.sig+w.sigSize]}, nil
}

const (
	// typeField is the type name as it stands in a record.
	typeField = "\x6e" + RecordType
	// pairHead begins an array of two.
	pairHead = "\x82"
)

// envelope is where the parts of a record are.
type envelope struct {
	payload, proof string
	key            uint64
	sig, sigSize   int // place and size of the signature
}

// readEnvelope takes a record apart: [type, payload, key index, signature, proof]. It
// reads the payload on its way; that its form is wrong matters last.
func readEnvelope(raw string, p *payloadWire) (w envelope, err error) {
	c := cursor{s: raw}
	c.bad = c.array() != 5
	kind := c.text()
	ahead := c
	formed := p.read(&ahead)
	if formed {
		w.payload, c = raw[c.at:ahead.at], ahead
	} else {
		w.payload = c.item(1)
	}
	w.key = c.uint(1<<64 - 1)
	w.sigSize = len(c.bytes())
	w.sig = c.at - w.sigSize
	w.proof = c.item(1)
	switch {
	case !c.end():
		return w, fmt.Errorf("%w: not [type, payload, key, signature, proof]", ErrMalformed)
	case kind != RecordType:
		return w, fmt.Errorf("%w: type %.32q", ErrUnsupported, kind)
	case len(w.payload) > MaxRecordSize:
		return w, fmt.Errorf("%w: %d signed bytes, at most %d", ErrTooLarge, len(w.payload), MaxRecordSize)
	case !formed:
		return w, fmt.Errorf("%w: the payload is not in its canonical form", ErrMalformed)
	}
	return w, nil
}

// read decodes the signed part and reports whether it is in its canonical form. Its
// strings stay parts of what the cursor reads.
func (p *payloadWire) read(c *cursor) bool {
	m := pairsOf(c)
	if m.has("ep") {
		p.Endpoints = readEndpoints(c)
	}
	if m.may("cap") {
		p.Capabilities = readCapabilities(c)
	}
	if m.has("exp") {
		p.NotAfter = c.uint(1<<64 - 1)
	}
	if m.may("ext") {
		p.Extensions = readExtensions(c)
	}
	if m.has("iat") {
		p.Issued = c.uint(1<<64 - 1)
	}
	if m.may("reg") {
		p.Region = c.filled(c.text())
	}
	if m.has("rot") {
		p.Rotation = c.uint(1<<64 - 1)
	}
	if m.has("seq") {
		p.Sequence = c.uint(1<<64 - 1)
	}
	if m.may("card") {
		p.Card = readCard(c)
	}
	if m.may("code") {
		p.Code = readCode(c)
	}
	if m.has("agent") {
		p.Agent = c.link()
	}
	return m.end() && !c.bad
}

// check holds the payload against its identity and the limits.
func (p payloadWire) check(ident *Identity, rotation uint64) error {
	end := uint64(ident.header.End)
	switch {
	case p.Agent != ident.id:
		return fmt.Errorf("record: %w: the proof is of %s", ErrWrongSubject, ident.id)
	case p.Rotation != rotation:
		return fmt.Errorf("record: %w: rotation %d with a chain of %d", ErrMalformed, p.Rotation, rotation)
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

// Rotated is Proof.Rotated of the record's proof.
func (r *Record) Rotated() []*Chain {
	if r.proof == nil {
		return nil
	}
	return r.proof.Rotated()
}

// Ancestors returns the agents that answer for the record's: its parent, the parent of that,
// and so on.
func (r *Record) Ancestors() (ids []AgentID) {
	if r.proof != nil {
		for _, l := range r.proof.links[1:] {
			ids = append(ids, l.chain.ID())
		}
	}
	return ids
}

// Standing is Proof.Standing of the record's proof.
func (r *Record) Standing(known func(AgentID) Fact) error {
	if r.proof == nil && known(r.payload.Agent) == nil {
		return nil // as it mostly is
	}
	return r.Proof().Standing(known)
}

// ID returns the agent.
func (r *Record) ID() AgentID { return r.payload.Agent }

// Identity returns the verified header and genesis.
func (r *Record) Identity() *Identity { return r.ident }

// Proof returns the chain of the record's agent and those of its ancestors.
func (r *Record) Proof() *Proof {
	if r.proof != nil {
		return r.proof
	}
	return &Proof{links: []link{{chain: NewChain(r.ident)}}}
}

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
