package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// issuedAnew are the grants and claims that were made anew under an agent's new keys.
type issuedAnew struct {
	Grants []keptGrantInfo `json:"grants,omitempty"`
	Claims []keptClaimInfo `json:"claims,omitempty"`
}

// issueAnew makes anew what the agent issued under the keys before its present ones and kept
// here, as far as it has not ended and the daemon, where one runs, knows of no tombstone.
func (s *session) issueAnew(keys *keyring.Keyring, a keyring.Agent) (anew issuedAnew, err error) {
	key, err := keys.Signer(a.Name)
	if err != nil {
		return anew, err
	}
	known, enough, done := s.facts()
	defer done()
	goesOn := func(id records.AgentID, issuer *records.Proof, end time.Time) bool {
		// Of others it was made anew before, or has just been issued.
		if issuer.Own().Number()+1 != a.Proof.Own().Number() || end.Before(time.Now()) {
			return false
		}
		_, dead := known(id).(*records.Tombstone)
		return !dead
	}
	grants, errs := keys.Grants(a.Name)
	for _, old := range grants {
		if g := old.Grant; goesOn(g.ID(), g.Issuer(), g.End()) {
			kept, err := issueGrant(keys, a, key, draftOfGrant(g))
			if err != nil {
				errs = append(errs, fmt.Errorf("grant %s: %w", g.ID(), err))
				continue
			}
			anew.Grants = append(anew.Grants, newKeptGrant(kept))
		}
	}
	claims, broken := keys.Claims(a.Name)
	errs = append(errs, broken...)
	for _, old := range claims {
		if c := old.Claim; goesOn(c.ID(), c.Issuer(), c.End()) {
			kept, err := issueClaim(keys, a, key, draftOfClaim(c))
			if err != nil {
				errs = append(errs, fmt.Errorf("claim %s: %w", c.ID(), err))
				continue
			}
			anew.Claims = append(anew.Claims, newKeptClaim(kept))
		}
	}
	if len(anew.Grants)+len(anew.Claims) > 0 && !enough() {
		s.warn("no ready daemon was asked what was revoked: see that none of the new grants and claims is to replace one that was")
	}
	return anew, errors.Join(errs...)
}

// draftOfGrant says again what a grant says.
func draftOfGrant(g *records.Grant) records.GrantDraft {
	draft := records.GrantDraft{Audience: g.Audience(), Command: g.Command(), Policy: g.Policy(), NotBefore: g.NotBefore(), End: g.End()}
	if chain := g.Chain(); len(chain) > 1 {
		draft.Under = chain[1]
	}
	return draft
}

// draftOfClaim says again what a claim says.
func draftOfClaim(c *records.Claim) records.ClaimDraft {
	return records.ClaimDraft{Subject: c.Subject(), Capability: c.Capability(), Evidence: c.Evidence(), NotBefore: c.NotBefore(), End: c.End()}
}
