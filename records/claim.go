package records

import (
	"fmt"
	"slices"
	"time"
)

const (
	// ClaimType is the type name under a claim's signature.
	ClaimType = "cairn/claim/1"
	// MaxEvidence bounds the pieces of evidence of a claim.
	MaxEvidence = 16
)

// ClaimDraft is what an issuer is about to attest of another agent.
type ClaimDraft struct {
	// Subject is the agent that has the capability.
	Subject AgentID
	// Capability is the path that it has, such as "/translate-en-es".
	Capability string
	// Evidence is what the issuer went by: test reports, certificates, by their digests.
	Evidence []CodeDigest
	// NotBefore is when the claim begins, kept to the second; zero is at once.
	NotBefore time.Time
	// End is when it ends, not after the issuer's own end.
	End time.Time
	// Nonce is random, so that two claims that say the same differ.
	Nonce [16]byte
}

// Claim is a proof of capability: one agent attests that another has one. It verifies with
// nothing else at hand, and exists only verified; it has a header of its own, so that its issuer
// revokes it as an agent is revoked. Whether the issuer's word counts is the reader's affair.
type Claim struct {
	*statement
	said claimBody
}

// claimBody is the body of a claim's header.
type claimBody struct {
	capability string
	evidence   []CodeDigest
	issuer     AgentID
	notBefore  uint64
	rotation   uint64
	subject    AgentID
	nonce      [16]byte
}

// append writes the canonical bytes: a map with its keys in order.
func (c claimBody) append(b []byte) []byte {
	n := 5
	for _, there := range []bool{len(c.evidence) > 0, c.notBefore > 0} {
		if there {
			n++
		}
	}
	b = appendMap(b, n)
	if len(c.evidence) > 0 {
		b = appendEvidence(appendText(b, "ev"), c.evidence)
	}
	b = appendText(appendText(b, "cap"), c.capability)
	b = appendLink(appendText(b, "iss"), c.issuer)
	if c.notBefore > 0 {
		b = appendUint(appendText(b, "nbf"), c.notBefore)
	}
	b = appendUint(appendText(b, "rot"), c.rotation)
	b = appendLink(appendText(b, "sub"), c.subject)
	return appendBytes(appendText(b, "nonce"), c.nonce[:])
}

// appendEvidence writes what readCode reads.
func appendEvidence(b []byte, list []CodeDigest) []byte {
	b = appendArray(b, len(list))
	for _, d := range list {
		n := 2
		if d.URL != "" {
			n++
		}
		b = appendMap(b, n)
		if d.URL != "" {
			b = appendText(appendText(b, "url"), d.URL)
		}
		b = appendText(appendText(b, "type"), d.Type)
		b = appendBytes(appendText(b, "sha256"), d.Digest[:])
	}
	return b
}

// readClaimBody reads the canonical bytes and checks the limits.
func readClaimBody(s string) (said claimBody, err error) {
	c := cursor{s: s}
	m := pairsOf(&c)
	if m.may("ev") {
		said.evidence = readCode(&c)
	}
	if m.has("cap") {
		said.capability = c.text()
	}
	if m.has("iss") {
		said.issuer = c.link()
	}
	if m.may("nbf") {
		said.notBefore = c.uint(1<<32 - 1)
		c.bad = c.bad || said.notBefore == 0
	}
	if m.has("rot") {
		said.rotation = c.uint(1<<64 - 1)
	}
	if m.has("sub") {
		said.subject = c.link()
	}
	nonce := ""
	if m.has("nonce") {
		nonce = c.bytes()
	}
	if !m.end() || !c.end() || len(nonce) != len(said.nonce) {
		return claimBody{}, fmt.Errorf("%w: the body is not in its canonical form", ErrMalformed)
	}
	copy(said.nonce[:], nonce)
	return said, said.check()
}

func (c claimBody) check() error {
	if c.subject.IsZero() {
		return fmt.Errorf("%w: no subject", ErrMalformed)
	}
	if err := CheckCapability(c.capability); err != nil {
		return err
	}
	if len(c.evidence) > MaxEvidence {
		return fmt.Errorf("%w: %d pieces of evidence, at most %d", ErrTooLarge, len(c.evidence), MaxEvidence)
	}
	return Location{Code: c.evidence}.checkEvidence()
}

// Claim attests what d says, under the name of the proof's agent. seed, key and own are
// those of Grant.
func (proof *Proof) Claim(d ClaimDraft, seed []byte, key Signer, own ...Secret) (*Claim, error) {
	said := claimBody{capability: d.Capability, evidence: slices.Clone(d.Evidence), issuer: proof.ID(), rotation: proof.Own().Number(), subject: d.Subject, nonce: d.Nonce}
	if !d.NotBefore.IsZero() {
		unix := d.NotBefore.Unix()
		if unix < 1 || unix > 1<<32-1 {
			return nil, fmt.Errorf("claim: %w: not before %s", ErrMalformed, d.NotBefore)
		}
		said.notBefore = uint64(unix)
	}
	if err := said.check(); err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	st, err := proof.newStatement(KindClaim, d.End, said.append(nil), seed, key, own)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	if err := st.check(said.issuer, said.rotation); err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	c := &Claim{st, said}
	if size := len(c.Bytes()); size > MaxValueSize {
		return nil, fmt.Errorf("claim: %w: %d bytes, at most %d", ErrTooLarge, size, MaxValueSize)
	}
	if err := st.sign(ClaimType, key); err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return OpenClaim(c.Bytes())
}

// OpenClaim verifies the canonical bytes of a claim with nothing else at hand.
func OpenClaim(b []byte) (*Claim, error) {
	c, err := readClaim(b)
	if err != nil {
		return nil, err
	}
	return verified(c, c.signatures(ClaimType))
}

// readClaim is OpenClaim without the signatures.
func readClaim(b []byte) (*Claim, error) {
	if len(b) > MaxValueSize {
		return nil, fmt.Errorf("claim: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxValueSize)
	}
	c := cursor{s: string(b)}
	c.bad = c.array() != 2
	kind, rest := c.text(), c.item(1)
	switch {
	case !c.end():
		return nil, fmt.Errorf("claim: %w: not [type, claim]", ErrMalformed)
	case kind != ClaimType:
		return nil, fmt.Errorf("claim: %w: type %.32q", ErrUnsupported, kind)
	}
	st, err := readStatement(rest, KindClaim, 1)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	said, err := readClaimBody(st.body)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	if err := st.check(said.issuer, said.rotation); err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return &Claim{st, said}, nil
}

// Holds reports nil where the claim holds at a time, and nothing that is known ends it:
// its own tombstone, or the fate of its issuer, of any ancestor of that, or of its subject.
// Else the error is ErrNotYetValid, ErrExpired, or a *StandingError.
func (c *Claim) Holds(at time.Time, known func(AgentID) Fact) error {
	if err := c.within(c.said.notBefore, at); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	if err := c.standing(known); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	if err := dead(c.said.subject, known); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	return nil
}

// ID names the claim: a tombstone of it ends it.
func (c *Claim) ID() AgentID { return c.id }

// Header returns the claim's header, a fresh copy.
func (c *Claim) Header() Header { return c.header.clone() }

// Issuer returns the proof of the agent that attests.
func (c *Claim) Issuer() *Proof { return c.proof }

// Subject returns the agent that has the capability.
func (c *Claim) Subject() AgentID { return c.said.subject }

// Capability returns the path.
func (c *Claim) Capability() string { return c.said.capability }

// Evidence returns what the issuer went by, a fresh copy.
func (c *Claim) Evidence() []CodeDigest { return slices.Clone(c.said.evidence) }

// NotBefore returns when the claim begins: the zero Time is at once.
func (c *Claim) NotBefore() time.Time {
	if n := c.said.notBefore; n > 0 {
		return time.Unix(int64(n), 0).UTC()
	}
	return time.Time{}
}

// End returns when it ends.
func (c *Claim) End() time.Time { return c.header.EndTime() }

// Bytes returns the canonical bytes, a fresh copy.
func (c *Claim) Bytes() []byte {
	return c.append(appendText(appendArray(nil, 2), ClaimType))
}
