package attack

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/cairn-overlay/cairn/records"
)

// FalseChild is the record of an agent that names a victim as its parent, with all as it should
// be but for the consent, which a key of the child's own signed. hot is the victim's: it signs
// only what is then replaced.
func FalseChild(victim *records.Proof, hot records.Signer, now time.Time) (Value, error) {
	c, err := newChild(victim, hot)
	if err != nil {
		return Value{}, err
	}
	return c.record(c.header, c.key, now)
}

// LateChild is the record of an agent that ends a year after its parent, whose signing key has
// consented to it.
func LateChild(parent *records.Proof, hot records.Signer, now time.Time) (Value, error) {
	c, err := newChild(parent, hot)
	if err != nil {
		return Value{}, err
	}
	late := c.header
	late.End += uint32((365 * 24 * time.Hour).Seconds())
	return c.record(late, hot, now)
}

// child is one to which its parent has consented, and its key.
type child struct {
	proof  *records.Proof
	header records.Header
	key    records.Signer
}

func newChild(parent *records.Proof, hot records.Signer) (*child, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("attack: child: %w", err)
	}
	c := &child{}
	if c.key, err = records.NewEd25519Signer(key); err != nil {
		return nil, fmt.Errorf("attack: child: %w", err)
	}
	seed, g := make([]byte, 32), records.Genesis{Keys: []records.PublicKey{c.key.Public()}, Next: make([][32]byte, 1)}
	for _, b := range [][]byte{seed, g.Next[0][:], g.Nonce[:]} {
		_, _ = rand.Read(b) // never fails, by its contract
	}
	if c.proof, err = parent.Spawn(g, parent.Own().End(), seed, hot); err != nil {
		return nil, fmt.Errorf("attack: child: %w", err)
	}
	c.header = c.proof.Own().Identity().Header()
	return c, nil
}

// record is the child's first record, under another header, with the consent of a given key.
func (c *child) record(header records.Header, consents records.Signer, now time.Time) (Value, error) {
	rec, err := c.proof.Sign(c.key, records.Draft{
		Location: records.Location{Endpoints: []records.Endpoint{{URL: "https://child.example/", Protocol: "a2a"}}},
		Sequence: 1, Issued: now,
	})
	if err != nil {
		return Value{}, fmt.Errorf("attack: child: %w", err)
	}
	id := header.ID()
	b := bytes.ReplaceAll(rec.Bytes(), rec.ID().Bytes(), id.Bytes())
	b = bytes.ReplaceAll(b, c.header.Bytes(), header.Bytes())
	var r struct {
		_         struct{} `cbor:",toarray"`
		Type      string
		Payload   cbor.RawMessage
		Key       uint64
		Signature []byte
		Proof     [][]cbor.RawMessage
	}
	if err := cbor.Unmarshal(b, &r); err != nil {
		return Value{}, fmt.Errorf("attack: child: %w", err)
	}
	var consent struct {
		_         struct{} `cbor:",toarray"`
		Rotation  uint64
		Key       uint64
		Signature []byte
	}
	if err := cbor.Unmarshal(r.Proof[0][3], &consent); err != nil {
		return Value{}, fmt.Errorf("attack: child: %w", err)
	}
	agreed, err := signAs(consents, records.ConsentType, []any{id, consent.Rotation})
	if err != nil {
		return Value{}, err
	}
	signed, err := signAs(c.key, records.RecordType, r.Payload)
	if err != nil {
		return Value{}, err
	}
	b = bytes.Replace(b, consent.Signature, agreed, 1)
	return Value{Key: id.Key(), Bytes: bytes.Replace(b, r.Signature, signed, 1)}, nil
}
