package records

import (
	"fmt"
	"slices"
	"time"
)

const (
	// ReceiptType is the type name under the signature of a status receipt.
	ReceiptType = "cairn/receipt/1"
	// DefaultReceiptAge is how old a receipt may be where nothing else is said.
	DefaultReceiptAge = 5 * time.Minute
	// MaxReceiptSize bounds the bytes of a receipt; it takes about 260.
	MaxReceiptSize = 512
)

// Attestation is what a witness found, at a time.
type Attestation struct {
	Agent  AgentID
	Record [32]byte // Mark().Digest of the record that stood
	Facts  uint64   // how many facts the witness held
	Set    [32]byte // their digest: docs/spec/009-presence.md, section 1
	At     time.Time
}

// Receipt is the word of a node that a record stood: neither its agent nor any ancestor of
// that was revoked, in conflict or rotated since, as far as the node's facts went at a
// time. Stapled to a message it lets the other side verify the sender without a network.
// It exists only verified; whose receipts count is up to the reader: see Witnesses.
type Receipt struct {
	said   Attestation
	signer PublicKey
	raw    string
}

// receiptPayload writes a map with its keys in order.
func receiptPayload(a Attestation) ([]byte, error) {
	unix := a.At.Unix()
	if unix < 0 || unix > 1<<32-1 || a.Agent.IsZero() || a.Facts > MaxSequence {
		return nil, fmt.Errorf("receipt: %w: a time, a number or an agent that none can have", ErrMalformed)
	}
	b := appendMap(nil, 5)
	b = appendUint(appendText(b, "n"), a.Facts)
	b = appendUint(appendText(b, "at"), uint64(unix))
	b = appendBytes(appendText(b, "rec"), a.Record[:])
	b = appendBytes(appendText(b, "set"), a.Set[:])
	return appendLink(appendText(b, "agent"), a.Agent), nil
}

// Attest signs what a witness found.
func Attest(key Signer, a Attestation) (*Receipt, error) {
	payload, err := receiptPayload(a)
	if err != nil {
		return nil, err
	}
	sig, err := key.Sign(append([]byte(messageHead(ReceiptType)), payload...))
	if err != nil {
		return nil, fmt.Errorf("receipt: sign: %w", err)
	}
	b := append(appendText(appendArray(nil, 4), ReceiptType), payload...)
	return OpenReceipt(appendBytes(appendBytes(b, key.Public().multikey), sig))
}

// OpenReceipt verifies the canonical bytes of a receipt. That it was signed by somebody
// says little: see Witnesses.
func OpenReceipt(b []byte) (*Receipt, error) {
	r, sig, err := readReceipt(b)
	if err != nil {
		return nil, err
	}
	return verified(r, []signature{sig})
}

// readReceipt is OpenReceipt without the signature.
func readReceipt(b []byte) (*Receipt, signature, error) {
	if len(b) > MaxReceiptSize {
		return nil, signature{}, fmt.Errorf("receipt: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxReceiptSize)
	}
	r := &Receipt{raw: string(b)}
	c := cursor{s: r.raw}
	c.bad = c.array() != 4
	kind := c.text()
	at := c.at
	m := pairsOf(&c)
	if m.has("n") {
		r.said.Facts = c.uint(MaxSequence)
	}
	if m.has("at") {
		r.said.At = time.Unix(int64(c.uint(1<<32-1)), 0).UTC()
	}
	if m.has("rec") {
		r.said.Record = c.digest()
	}
	if m.has("set") {
		r.said.Set = c.digest()
	}
	if m.has("agent") {
		r.said.Agent = c.link()
	}
	c.bad = c.bad || !m.end()
	payload := c.from(at)
	signer, sig := c.bytes(), c.bytes()
	switch {
	case !c.end() || r.said.Agent.IsZero():
		return nil, signature{}, fmt.Errorf("receipt: %w: not [type, payload, signer, signature] in canonical form", ErrMalformed)
	case kind != ReceiptType:
		return nil, signature{}, fmt.Errorf("receipt: %w: type %.32q", ErrUnsupported, kind)
	}
	var err error
	if r.signer, err = readPublicKey(signer); err != nil {
		return nil, signature{}, fmt.Errorf("receipt: %w", err)
	}
	return r, signature{key: r.signer, head: messageHead(ReceiptType), msg: []byte(payload), sig: []byte(sig)}, nil
}

// Says returns what the witness found.
func (r *Receipt) Says() Attestation { return r.said }

// Signer returns the witness's key.
func (r *Receipt) Signer() PublicKey { return r.signer }

// Bytes returns the canonical bytes, a fresh copy.
func (r *Receipt) Bytes() []byte { return []byte(r.raw) }

// Witnesses are those whose receipts count: only the ones that a reader chose itself, since
// anybody can sign a receipt.
type Witnesses struct {
	// Keys are the witnesses' own.
	Keys []PublicKey
	// Need is how many of them must have signed; below 1 it means 1.
	Need int
	// MaxAge is how old a receipt may be; 0 means DefaultReceiptAge.
	MaxAge time.Duration
}

// Confirm counts the receipts that came with a record, at the reader's time: each witness once,
// each receipt about this very record. It returns who confirmed it and the time of the
// oldest of their receipts, and ErrUnconfirmed where too few did. No signature is
// verified of a receipt that would not count.
func (w Witnesses) Confirm(rec *Record, at time.Time, receipts [][]byte) (by []PublicKey, oldest time.Time, err error) {
	maxAge := w.MaxAge
	if maxAge == 0 {
		maxAge = DefaultReceiptAge
	}
	digest := rec.Mark().Digest
	for _, b := range receipts {
		r, sig, err := readReceipt(b)
		if err != nil || !slices.Contains(w.Keys, r.signer) || slices.Contains(by, r.signer) {
			continue
		}
		if r.said.Agent != rec.ID() || r.said.Record != digest || r.said.At.After(at.Add(MaxAhead)) || at.Sub(r.said.At) > maxAge || !sig.verify() {
			continue
		}
		by = append(by, r.signer)
		if oldest.IsZero() || r.said.At.Before(oldest) {
			oldest = r.said.At
		}
	}
	if need := max(w.Need, 1); len(by) < need {
		return by, oldest, fmt.Errorf("record: %w: by %d of %d witnesses that are needed", ErrUnconfirmed, len(by), need)
	}
	return by, oldest, nil
}
