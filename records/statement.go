package records

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// MaxBodySize bounds the body of a grant or a claim, in bytes.
const MaxBodySize = 4 << 10

// statement is what an agent says under a header of its own, so that it can be revoked
// like an agent: [header, body, key, signature, proof]. The header's body is the hash of the
// body, and what is signed is the header's ID: so end and locks are, too.
type statement struct {
	id     AgentID
	header Header
	body   string
	key    uint64 // index into the issuer's signing keys
	sig    string
	proof  *Proof // the issuer's
}

// statementMessage is what the signature of a statement covers: [type, ID].
func statementMessage(kind string, id AgentID) []byte {
	return appendLink([]byte(messageHead(kind)), id)
}

// readStatement reads the form of a statement; its body is still to be read.
func readStatement(s string, kind Kind, depth int) (*statement, error) {
	c := cursor{s: s}
	c.bad = c.array() != 5
	header, body := c.item(depth+1), c.item(depth+1)
	st := &statement{body: body, key: c.uint(1<<64 - 1), sig: c.bytes()}
	proof := c.item(depth + 1)
	if !c.end() {
		return nil, fmt.Errorf("%w: not [header, body, key, signature, proof] in canonical form", ErrMalformed)
	}
	if len(body) > MaxBodySize {
		return nil, fmt.Errorf("%w: a body of %d bytes, at most %d", ErrTooLarge, len(body), MaxBodySize)
	}
	var err error
	if st.header, err = readHeader(header, nil); err != nil {
		return nil, err
	}
	st.id = AgentID{digestOf(header)}
	if st.header.Kind != kind {
		return nil, fmt.Errorf("%w: the header of a %s", ErrMalformed, st.header.Kind)
	}
	if digestOf(body) != st.header.Body {
		return nil, fmt.Errorf("%w: the body is not the header's", ErrWrongSubject)
	}
	if st.proof, err = readProof(proof, depth+1); err != nil {
		return nil, err
	}
	return st, nil
}

// check holds a statement to its issuer, as the body names it.
func (st *statement) check(issuer AgentID, rotation uint64) error {
	own := st.proof.Own()
	switch {
	case issuer != own.ID():
		return fmt.Errorf("%w: the proof is of %s", ErrWrongSubject, own.ID())
	case rotation != own.Number():
		return fmt.Errorf("%w: rotation %d with a chain of %d", ErrMalformed, rotation, own.Number())
	case st.header.End > own.ident.header.End:
		return fmt.Errorf("%w: the end is after the issuer's", ErrMalformed)
	case st.key >= uint64(len(own.keys())):
		return fmt.Errorf("%w: signing key %d of %d", ErrInvalidSignature, st.key, len(own.keys()))
	case len(st.sig) != 64:
		return fmt.Errorf("%w: %d bytes", ErrInvalidSignature, len(st.sig))
	}
	return nil
}

// signatures are all that are to be judged, of a statement of this type.
func (st *statement) signatures(kind string) []signature {
	own := signature{key: st.proof.Own().keys()[st.key], msg: statementMessage(kind, st.id), sig: []byte(st.sig)}
	return append(st.proof.signatures(), own)
}

// append writes the canonical bytes.
func (st *statement) append(b []byte) []byte {
	b = append(st.header.append(appendArray(b, 5)), st.body...)
	b = appendBytes(appendUint(b, st.key), st.sig)
	return st.proof.append(b)
}

// newStatement makes one that is not yet signed. A lock opens with the secret that
// follows from seed, if there is one, others with own secrets.
func (proof *Proof) newStatement(kind Kind, end time.Time, body []byte, seed []byte, key Signer, own []Secret) (*statement, error) {
	index := slices.Index(proof.Own().keys(), key.Public())
	if index < 0 {
		return nil, fmt.Errorf("%w: the key is none of the issuer's signing keys", ErrInvalidSignature)
	}
	unix := end.Unix()
	if unix < MinEnd || unix > 1<<32-1 {
		return nil, fmt.Errorf("%w: end %s", ErrMalformed, end)
	}
	if len(body) > MaxBodySize {
		return nil, fmt.Errorf("%w: a body of %d bytes, at most %d", ErrTooLarge, len(body), MaxBodySize)
	}
	sum := sha256.Sum256(body)
	if seed != nil {
		secret, err := DeriveSecret(seed, kind, uint32(unix), sum)
		if err != nil {
			return nil, err
		}
		own = append(slices.Clone(own), secret)
	}
	h, err := NewHeader(kind, uint32(unix), sum, own...)
	if err != nil {
		return nil, err
	}
	return &statement{id: h.ID(), header: h, body: string(body), key: uint64(index), sig: string(make([]byte, 64)), proof: proof}, nil
}

// sign has the key sign.
func (st *statement) sign(kind string, key Signer) error {
	sig, err := key.Sign(statementMessage(kind, st.id))
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	st.sig = string(sig)
	return nil
}

// standing reports what ends a statement: its own tombstone, or the fate of its issuer
// or of any ancestor of that.
func (st *statement) standing(known func(AgentID) Fact) error {
	if err := dead(st.id, known); err != nil {
		return err
	}
	return st.proof.Standing(known)
}

// dead reports whether a tombstone or a conflict is known of a subject.
func dead(id AgentID, known func(AgentID) Fact) error {
	switch fact := known(id).(type) {
	case *Tombstone:
		return &StandingError{Subject: id, Fact: fact, Err: ErrRevoked}
	case *Duplicity:
		return &StandingError{Subject: id, Fact: fact, Err: ErrConflict}
	}
	return nil
}

// within reports why a time lies outside of a statement's window, in seconds.
func (st *statement) within(notBefore uint64, at time.Time) error {
	if start := time.Unix(int64(notBefore), 0); at.Before(start) {
		return fmt.Errorf("%w: not before %s", ErrNotYetValid, start.UTC().Format(time.RFC3339))
	}
	if at.After(st.header.EndTime()) {
		return fmt.Errorf("%w: at %s", ErrExpired, st.header.EndTime().Format(time.RFC3339))
	}
	return nil
}
