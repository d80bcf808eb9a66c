package records

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const (
	// MaxTrustSize bounds the bytes of a trust policy.
	MaxTrustSize = 1 << 20
	// ClaimExtension begins the names of the extensions in which a record carries claims
	// about its own agent: "cairn.claim/0", and so on. The value is a claim's bytes.
	ClaimExtension = "cairn.claim/"
)

// Trust says whose claims count: a list that its reader writes himself. The zero Trust
// trusts nobody.
type Trust struct {
	// Issuers are those whose claims count.
	Issuers []TrustedIssuer `json:"issuers"`
	// Need is how many different ones must attest the same; below 1 it means 1.
	Need int `json:"need,omitempty"`
}

// TrustedIssuer is an agent whose claims count.
type TrustedIssuer struct {
	ID AgentID `json:"id"`
	// For are the capability paths, each with everything below it, of which its word counts;
	// none are all.
	For []string `json:"for,omitempty"`
}

// TrustPolicy is a Trust for each realm, and for each caller.
type TrustPolicy struct {
	// Default is for whoever is not named below.
	Default Trust             `json:"default"`
	Realms  map[string]Trust  `json:"realms,omitempty"`
	Callers map[AgentID]Trust `json:"callers,omitempty"`
}

// ParseTrustPolicy reads the JSON form. What it does not know in it is ErrMalformed: a
// misspelt word must trust nobody by accident.
func ParseTrustPolicy(b []byte) (TrustPolicy, error) {
	if len(b) > MaxTrustSize {
		return TrustPolicy{}, fmt.Errorf("trust policy: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxTrustSize)
	}
	var p TrustPolicy
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return TrustPolicy{}, fmt.Errorf("trust policy: %w: %w", ErrMalformed, err)
	}
	if dec.More() {
		return TrustPolicy{}, fmt.Errorf("trust policy: %w: something follows", ErrMalformed)
	}
	all := []Trust{p.Default}
	for _, t := range p.Realms {
		all = append(all, t)
	}
	for _, t := range p.Callers {
		all = append(all, t)
	}
	for _, t := range all {
		if err := t.check(); err != nil {
			return TrustPolicy{}, fmt.Errorf("trust policy: %w", err)
		}
	}
	return p, nil
}

func (t Trust) check() error {
	if t.Need < 0 || t.Need > max(1, len(t.Issuers)) {
		return fmt.Errorf("%w: %d of %d issuers are needed", ErrMalformed, t.Need, len(t.Issuers))
	}
	for i, issuer := range t.Issuers {
		if issuer.ID.IsZero() {
			return fmt.Errorf("%w: issuer %d has no ID", ErrMalformed, i)
		}
		for _, path := range issuer.For {
			if err := CheckCapability(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// For returns whom to trust about a caller of a realm: what is said of the caller, else of the
// realm, else the default. The zero ID and "" are nobody's.
func (p TrustPolicy) For(caller AgentID, realm string) Trust {
	if t, ok := p.Callers[caller]; ok {
		return t
	}
	if t, ok := p.Realms[realm]; ok {
		return t
	}
	return p.Default
}

// Counts reports whether the policy takes an issuer's word of a capability.
func (t Trust) Counts(issuer AgentID, capability string) bool {
	return slices.ContainsFunc(t.Issuers, func(i TrustedIssuer) bool {
		return i.ID == issuer && (len(i.For) == 0 || slices.ContainsFunc(i.For, func(path string) bool { return covers(path, capability) }))
	})
}

// Vouch returns the claims by which an agent has a capability at a time: of each issuer that
// counts the first that holds. A claim is about the very path that it names. Where fewer issuers
// than are needed have one the error is ErrUnconfirmed, and also says why a claim that would have
// counted does not hold. It asks known as Claim.Holds does.
func (t Trust) Vouch(claims []*Claim, subject AgentID, capability string, at time.Time, known func(AgentID) Fact) (by []*Claim, err error) {
	var why error
	for _, c := range claims {
		issuer := c.Issuer().ID()
		same := func(other *Claim) bool { return other.Issuer().ID() == issuer }
		if c.Subject() != subject || c.Capability() != capability || !t.Counts(issuer, capability) || slices.ContainsFunc(by, same) {
			continue
		}
		if err := c.Holds(at, known); err != nil {
			why = err
			continue
		}
		by = append(by, c)
	}
	need := max(t.Need, 1)
	switch {
	case len(by) >= need:
		return by, nil
	case why != nil:
		return by, fmt.Errorf("capability: %w: by %d of %d issuers that count: %w", ErrUnconfirmed, len(by), need, why)
	}
	return by, fmt.Errorf("capability: %w: by %d of %d issuers that count", ErrUnconfirmed, len(by), need)
}

// WithClaims returns the location with claims that its agent carries. Claims that were there
// before are replaced. More than MaxExtensions in all, or a claim of more than MaxExtension
// bytes, is ErrTooLarge: such a one has to be presented otherwise.
func (l Location) WithClaims(claims ...*Claim) (Location, error) {
	ext := make(map[string][]byte)
	for name, value := range l.Extensions {
		if !isClaimExtension(name) {
			ext[name] = value
		}
	}
	for i, c := range claims {
		b := c.Bytes()
		if len(b) > MaxExtension {
			return l, fmt.Errorf("claim %s: %w: %d bytes, at most %d in a record", c.ID(), ErrTooLarge, len(b), MaxExtension)
		}
		ext[fmt.Sprintf("%s%d", ClaimExtension, i)] = b
	}
	if len(ext) > MaxExtensions {
		return l, fmt.Errorf("claims: %w: %d extensions, at most %d", ErrTooLarge, len(ext), MaxExtensions)
	}
	l.Extensions = ext
	return l, nil
}

// Claims returns the claims about its own agent that a record carries and that verify, in no
// order that says anything. Whether they count is asked with Trust.Vouch.
func (r *Record) Claims() []*Claim {
	var all []*Claim
	for name, value := range r.Location().Extensions {
		if !isClaimExtension(name) {
			continue
		}
		if c, err := OpenClaim(value); err == nil && c.Subject() == r.ID() {
			all = append(all, c)
		}
	}
	return all
}

func isClaimExtension(name string) bool {
	return len(name) > len(ClaimExtension) && name[:len(ClaimExtension)] == ClaimExtension
}
