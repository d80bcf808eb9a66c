package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// issuedAnew is what was made anew after a rotation, for those whom it concerns.
type issuedAnew struct {
	Consents []consentInfo   `json:"consents,omitempty"`
	Grants   []keptGrantInfo `json:"grants,omitempty"`
	Claims   []keptClaimInfo `json:"claims,omitempty"`
}

// consentInfo is an agent that got the consent of its parent's new keys.
type consentInfo struct {
	ID      records.AgentID `json:"id"`
	Name    string          `json:"name"`
	KeyHere bool            `json:"key_here"`
}

// next says to whom else the consent is of use.
func (c consentInfo) next() string {
	way := fmt.Sprintf("cairn agent export %s FILE --without-key here, cairn agent import %s FILE there", c.Name, c.Name)
	if c.KeyHere {
		return "to bring it to where the agent runs, too: " + way
	}
	return "whose key is not here; bring it to where that is: " + way
}

// issueAnew makes anew what agents of the keyring issued and keep here, as far as it stood with
// the proofs that they had before a rotation, does not stand with those of now, has not ended, and
// the daemon, where one runs, knows of no tombstone: what the rotated agent issued, what its
// descendants did, and what anybody here handed on of it.
func (s *session) issueAnew(keys *keyring.Keyring, before []keyring.Agent) (issuedAnew, error) {
	known, enough, done := s.facts()
	defer done()
	r := &renewal{
		keys: keys, known: known,
		was: map[records.AgentID]*records.Proof{}, now: map[records.AgentID]keyring.Agent{},
		kept: map[records.AgentID]keyring.Kept{}, made: map[records.AgentID]*records.Grant{},
		signers: map[records.AgentID]records.Signer{},
	}
	for _, a := range before {
		r.was[a.ID()] = a.Proof
	}
	agents, broken := keys.List()
	for _, err := range broken {
		s.warn("what this agent issued is not made anew: %s", err)
	}
	slices.SortStableFunc(agents, func(a, b keyring.Agent) int {
		return cmp.Compare(len(a.Proof.Ancestors()), len(b.Proof.Ancestors()))
	})
	for _, a := range agents {
		r.now[a.ID()] = a
	}
	for _, a := range agents {
		r.consented(a)
		grants, errs := keys.Grants(a.Name)
		r.errs = append(r.errs, errs...)
		for _, kept := range grants {
			r.kept[kept.Grant.ID()] = kept
		}
	}
	for _, a := range agents {
		r.ofAgent(a)
	}
	if len(r.anew.Grants)+len(r.anew.Claims) > 0 && !enough() {
		s.warn("no ready daemon was asked what was revoked: see that none of the new grants and claims is to replace one that was")
	}
	return r.anew, errors.Join(r.errs...)
}

// renewal makes anew what a rotation has outdated.
type renewal struct {
	keys    *keyring.Keyring
	known   func(records.AgentID) records.Fact
	was     map[records.AgentID]*records.Proof // before the rotation
	now     map[records.AgentID]keyring.Agent
	kept    map[records.AgentID]keyring.Kept   // all grants that were issued here
	made    map[records.AgentID]*records.Grant // what stands now for an old grant; nil: nothing
	signers map[records.AgentID]records.Signer
	anew    issuedAnew
	errs    []error
}

// consented notes an agent that a rotation above it gave a new consent.
func (r *renewal) consented(a keyring.Agent) {
	was := r.was[a.ID()]
	if was == nil || sameKeys(was, a.Proof) || was.Own().Number() != a.Proof.Own().Number() {
		return
	}
	_, err := r.signer(a)
	r.anew.Consents = append(r.anew.Consents, consentInfo{a.ID(), a.Name, err == nil})
}

// ofAgent makes anew what one agent issued.
func (r *renewal) ofAgent(a keyring.Agent) {
	grants, _ := r.keys.Grants(a.Name) // the errors are noted
	for _, kept := range grants {
		if _, err := r.grant(kept); err != nil {
			r.errs = append(r.errs, fmt.Errorf("grant %s of %s: %w", kept.Grant.ID(), a.Name, err))
		}
	}
	claims, errs := r.keys.Claims(a.Name)
	r.errs = append(r.errs, errs...)
	for _, old := range claims {
		if c := old.Claim; r.outdated(c.Issuer()) && r.goesOn(c.ID(), c.Issuer(), c.End()) {
			if err := r.claim(a, c); err != nil {
				r.errs = append(r.errs, fmt.Errorf("claim %s of %s: %w", c.ID(), a.Name, err))
			}
		}
	}
}

// grant returns what stands now for a grant that was issued here: itself, one that is made anew
// for it, or nil where it has ended, or was made anew before.
func (r *renewal) grant(kept keyring.Kept) (_ *records.Grant, err error) {
	old := kept.Grant
	if made, ok := r.made[old.ID()]; ok {
		return made, nil
	}
	r.made[old.ID()] = nil
	if !r.goesOn(old.ID(), old.Issuer(), old.End()) {
		return nil, nil
	}
	draft, same := draftOfGrant(old), !r.outdated(old.Issuer())
	if above := draft.Under; above != nil {
		if draft.Under, err = r.above(above); draft.Under == nil {
			return nil, err
		}
		same = same && draft.Under == above
		draft.End = earlier(draft.End, draft.Under.End())
	}
	if same {
		r.made[old.ID()] = old
		return old, nil
	}
	a := r.now[old.Issuer().ID()]
	key, err := r.signer(a)
	if err != nil {
		return nil, err
	}
	anew, err := issueGrant(r.keys, a, key, draft)
	if err != nil {
		return nil, err
	}
	r.made[old.ID()] = anew.Grant
	r.anew.Grants = append(r.anew.Grants, newKeptGrant(anew))
	return anew.Grant, nil
}

// above is grant for one that another was made under, which may have come from elsewhere.
func (r *renewal) above(old *records.Grant) (*records.Grant, error) {
	if kept, ok := r.kept[old.ID()]; ok {
		made, err := r.grant(kept)
		if made != nil && made.ID() == old.ID() {
			return old, err
		}
		return made, err
	}
	for _, g := range old.Chain() {
		if r.outdated(g.Issuer()) {
			return nil, fmt.Errorf("the grant that it was made under, %s, is outdated and was not issued here: ask %s for it anew, and hand it on again with --under", old.ID(), old.Issuer().ID())
		}
	}
	return old, nil
}

func (r *renewal) claim(a keyring.Agent, old *records.Claim) error {
	key, err := r.signer(a)
	if err != nil {
		return err
	}
	anew, err := issueClaim(r.keys, a, key, draftOfClaim(old))
	if err != nil {
		return err
	}
	r.anew.Claims = append(r.anew.Claims, newKeptClaim(anew))
	return nil
}

// goesOn reports whether what was issued stood until the rotation. What stood on earlier keys was
// made anew before, or has just been issued.
func (r *renewal) goesOn(id records.AgentID, issuer *records.Proof, end time.Time) bool {
	was, a := r.was[issuer.ID()], r.now[issuer.ID()]
	if was == nil || a.Proof == nil || !sameKeys(issuer, was) || end.Before(time.Now()) {
		return false
	}
	_, dead := r.known(id).(*records.Tombstone)
	return !dead && !r.outdated(a.Proof) && a.Proof.Standing(r.known) == nil
}

// outdated reports whether somebody in a proof has newer keys here.
func (r *renewal) outdated(proof *records.Proof) bool {
	return slices.ContainsFunc(chainsOf(proof), func(c *records.Chain) bool {
		a, here := r.now[c.ID()]
		return here && a.Proof.Own().Number() > c.Number()
	})
}

// signer reads an agent's key once.
func (r *renewal) signer(a keyring.Agent) (records.Signer, error) {
	if key := r.signers[a.ID()]; key != nil {
		return key, nil
	}
	key, err := r.keys.Signer(a.Name)
	if err == nil {
		r.signers[a.ID()] = key
	}
	return key, err
}

// chainsOf are the chains of a proof, the agent's own first.
func chainsOf(proof *records.Proof) []*records.Chain {
	return append([]*records.Chain{proof.Own()}, proof.Ancestors()...)
}

// sameKeys reports whether two proofs of one agent are of the same rotations.
func sameKeys(a, b *records.Proof) bool {
	return slices.EqualFunc(chainsOf(a), chainsOf(b), func(a, b *records.Chain) bool { return a.Head() == b.Head() })
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
