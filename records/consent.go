package records

import (
	"crypto/ed25519"
	"fmt"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// ConsentType is the type name under a consent's signature.
const ConsentType = "cairn/consent/1"

// consent is a parent's signature over the ID of an agent that names it, and so over the
// agent's locks and end too. It says with which number of rotations the parent signed,
// and dies with the next one. It stands in a proof between the two.
type consent struct {
	rotation uint64
	key      uint64 // index into the parent's signing keys
	sig      string
}

// consentMessage is what a consent's signature covers: [type, [child, rotation]].
func consentMessage(child AgentID, rotation uint64) []byte {
	b := appendArray([]byte(messageHead(ConsentType)), 2)
	return appendUint(appendLink(b, child), rotation)
}

// append writes [rotation, key, signature].
func (c *consent) append(b []byte) []byte {
	b = appendUint(appendArray(b, 3), c.rotation)
	return appendBytes(appendUint(b, c.key), c.sig)
}

// readConsent reads the form of a consent.
func readConsent(s string) (*consent, error) {
	c := cursor{s: s}
	c.bad = c.array() != 3
	agreed := &consent{rotation: c.uint(1<<64 - 1), key: c.uint(1<<64 - 1), sig: c.bytes()}
	if !c.end() {
		return nil, fmt.Errorf("consent: %w: not [rotation, key, signature] in canonical form", ErrMalformed)
	}
	return agreed, nil
}

// check holds the consent of parent to child to every rule but the signature.
func (c *consent) check(child, parent *Chain) error {
	switch named := child.ident.genesis.Parent; {
	case named == nil:
		return fmt.Errorf("consent: %w: the agent names no parent", ErrMalformed)
	case *named != parent.ID():
		return fmt.Errorf("consent: %w: the agent names another parent than %s", ErrWrongSubject, parent.ID())
	case child.ident.header.End > parent.ident.header.End && !weak.Off(weak.ChildEnd):
		return fmt.Errorf("consent: %w: the agent's end is after its parent's", ErrMalformed)
	case c.rotation != parent.Number():
		return fmt.Errorf("consent: %w: of rotation %d with a chain of %d", ErrMalformed, c.rotation, parent.Number())
	case c.key >= uint64(len(parent.keys())):
		return fmt.Errorf("consent: %w: signing key %d of %d", ErrInvalidSignature, c.key, len(parent.keys()))
	case len(c.sig) != ed25519.SignatureSize:
		return fmt.Errorf("consent: %w: %d bytes", ErrInvalidSignature, len(c.sig))
	}
	return nil
}

// signature is the signature to be judged.
func (c *consent) signature(child, parent *Chain) signature {
	return signature{key: parent.keys()[c.key], msg: consentMessage(child.ID(), c.rotation), sig: []byte(c.sig)}
}
