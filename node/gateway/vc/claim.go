package vc

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Contexts of every credential that this package makes. The second lets terms stand that
// the first does not define, as ours.
const (
	ContextV2        = "https://www.w3.org/ns/credentials/v2"
	ContextUndefined = "https://www.w3.org/ns/credentials/undefined-terms/v2"
	// ClaimURN stands before a claim's ID in the credential's id.
	ClaimURN = "urn:cairn:"
)

// credential is a claim in W3C's words.
type credential struct {
	Context    []string `json:"@context"`
	ID         string   `json:"id"`
	Type       []string `json:"type"`
	Issuer     string   `json:"issuer"`
	ValidFrom  string   `json:"validFrom,omitempty"`
	ValidUntil string   `json:"validUntil"`
	Subject    subject  `json:"credentialSubject"`
	Status     status   `json:"credentialStatus"`
	Evidence   []source `json:"evidence,omitempty"`
}

type subject struct {
	ID         string `json:"id"`
	Capability string `json:"capability"`
}

// status names what ends the credential: a tombstone of the claim.
type status struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

type source struct {
	Type   string `json:"type"`
	Digest string `json:"digestSHA256"`
	URL    string `json:"url,omitempty"`
}

// Method is the verification method of one of an agent's keys: the agent's DID, and the
// key's text as the fragment.
func Method(agent records.AgentID, key records.PublicKey) string {
	return agent.DID() + "#" + key.String()
}

// FromClaim gives a claim the form of a credential, signed anew with one of its issuer's
// signing keys.
func FromClaim(c *records.Claim, created time.Time, key records.Signer) ([]byte, error) {
	issuer := c.Issuer()
	if !slices.Contains(issuer.Own().Keys(), key.Public()) {
		return nil, fmt.Errorf("credential: %w: the key is none of the issuer's", ErrInvalid)
	}
	urn := ClaimURN + c.ID().String()
	doc := credential{
		Context: []string{ContextV2, ContextUndefined}, ID: urn, Type: []string{"VerifiableCredential", "CapabilityCredential"},
		Issuer: issuer.ID().DID(), ValidUntil: c.End().Format(time.RFC3339),
		Subject: subject{ID: c.Subject().DID(), Capability: c.Capability()}, Status: status{ID: urn, Type: "CairnTombstone"},
	}
	if !c.NotBefore().IsZero() {
		doc.ValidFrom = c.NotBefore().Format(time.RFC3339)
	}
	for _, e := range c.Evidence() {
		doc.Evidence = append(doc.Evidence, source{Type: e.Type, Digest: hex.EncodeToString(e.Digest[:]), URL: e.URL})
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	return Sign(b, Options{Created: created, VerificationMethod: Method(issuer.ID(), key.Public())}, key)
}

// VerifyClaim verifies a credential made by FromClaim against the claim that it is of: its
// proof is by a key of the claim's issuer, for assertion, and it says what the claim says. Whether
// the claim holds is asked of the claim.
func VerifyClaim(doc []byte, c *records.Claim) error {
	issuer := c.Issuer()
	var signer records.PublicKey
	said, err := Verify(doc, func(method string) (records.PublicKey, error) {
		id, _, _ := strings.Cut(method, "#")
		if id != issuer.ID().DID() {
			return records.PublicKey{}, errors.New("not the claim's issuer")
		}
		for _, k := range issuer.Own().Keys() {
			if Method(issuer.ID(), k) == method {
				signer = k
				return k, nil
			}
		}
		return records.PublicKey{}, errors.New("none of the issuer's keys")
	})
	if err != nil {
		return err
	}
	if said.Purpose != Assertion {
		return fmt.Errorf("credential: %w: a proof for %.40q", ErrInvalid, said.Purpose)
	}
	again, err := FromClaim(c, said.Created, silent{signer})
	if err != nil {
		return err
	}
	if same, err := sameClaims(doc, again); err != nil || !same {
		return errors.Join(err, fmt.Errorf("credential: %w: it does not say what the claim says", ErrInvalid))
	}
	return nil
}

// sameClaims compares two credentials but for their proofs.
func sameClaims(a, b []byte) (bool, error) {
	var texts [2]string
	for i, doc := range [][]byte{a, b} {
		tree, err := parse(doc)
		if err != nil {
			return false, err
		}
		delete(tree, "proof")
		text, err := canonical(tree)
		if err != nil {
			return false, err
		}
		texts[i] = string(text)
	}
	return texts[0] == texts[1], nil
}

// silent stands for a key whose signature nobody looks at.
type silent struct{ key records.PublicKey }

func (s silent) Public() records.PublicKey   { return s.key }
func (s silent) Sign([]byte) ([]byte, error) { return make([]byte, 64), nil }
