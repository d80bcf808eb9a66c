package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// facts returns what the daemon knows of subjects, and whether that is enough to call those
// unrevoked of which it knows nothing; without a daemon it is not. The caller calls done.
func (s *session) facts() (known func(records.AgentID) records.Fact, enough func() bool, done func()) {
	client, err := s.dial()
	if err != nil {
		return func(records.AgentID) records.Fact { return nil }, func() bool { return false }, func() {}
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.global.Timeout)
	facts, ready := &factsOf{ctx: ctx, client: client}, client.Ready(ctx) == nil
	enough = func() bool { return ready && facts.err == nil && facts.unsure == "" }
	return facts.known, enough, func() { cancel(); _ = client.Close() }
}

// factsOf asks a daemon what it knows of subjects, each once.
type factsOf struct {
	ctx    context.Context
	client *api.Client
	asked  map[records.AgentID]records.Fact
	unsure string // why the answers are no proof
	err    error
}

func (f *factsOf) known(id records.AgentID) records.Fact {
	if fact, ok := f.asked[id]; ok || f.err != nil {
		return fact
	}
	if f.asked == nil {
		f.asked = map[records.AgentID]records.Fact{}
	}
	policy, err := api.ParsePolicy("cache-only")
	if err != nil {
		f.err = err
		return nil
	}
	res, err := f.client.Resolve(f.ctx, id, policy)
	switch {
	case err != nil:
		f.err = fmt.Errorf("ask what is known of %s: %w", id, err)
	case res.Tombstone != nil:
		f.asked[id] = res.Tombstone
		return res.Tombstone
	case res.Conflict != nil:
		f.asked[id] = res.Conflict
		return res.Conflict
	case res.Rotations != nil:
		f.asked[id] = res.Rotations
		return res.Rotations
	case res.Status == records.StatusUnverified:
		f.unsure = fmt.Sprintf("the daemon's facts are not complete for %s", id)
	case res.Status == records.StatusConflict:
		f.unsure = fmt.Sprintf("the keys of %s contradict themselves", id)
	}
	f.asked[id] = nil
	return nil
}

// judged is something that is of use only while certain subjects stand, by what is known of them.
type judged func(known func(records.AgentID) records.Fact) error

// alive is an agent, of which no more is asked than that it was not ended, nor any ancestor of it:
// who those are the keyring says, where it is here, since the daemon knows it only of published ones.
func (s *session) alive(id records.AgentID) judged {
	line := []records.AgentID{id}
	if keys, err := s.keys(); err == nil {
		if a, err := keys.Find(id); err == nil {
			for _, c := range a.Proof.Ancestors() {
				line = append(line, c.ID())
			}
		}
	}
	return func(known func(records.AgentID) records.Fact) error {
		for _, id := range line {
			if fact, dead := known(id).(*records.Tombstone); dead {
				return &records.StandingError{Subject: id, Fact: fact, Err: records.ErrRevoked}
			}
		}
		return nil
	}
}

// ownKeys are the keys of an agent, of which no more is asked than that they were neither rotated
// elsewhere nor contradict themselves: the agent may have ended, and so may an ancestor.
func ownKeys(a keyring.Agent) judged {
	return func(known func(records.AgentID) records.Fact) error {
		err := a.Proof.Standing(func(id records.AgentID) records.Fact {
			if fact := known(id); id == a.ID() && fact != nil && fact.ID() == id {
				return fact
			}
			return nil
		})
		if errors.Is(err, records.ErrRevoked) {
			return nil
		}
		return err
	}
}

// mustStand refuses what would be for nothing, before a key is used: work with the keys of an
// agent that is revoked, in conflict, or rotated elsewhere, or on anything else that has ended, as
// far as the daemon knows. Without a daemon it refuses nothing.
func (s *session) mustStand(a keyring.Agent, also ...judged) error {
	return s.mustAll(a, append([]judged{a.Proof.Standing}, also...)...)
}

// mustAll is mustStand for what needs less than that the agent stands.
func (s *session) mustAll(a keyring.Agent, all ...judged) error {
	known, _, done := s.facts()
	defer done()
	for _, one := range all {
		err := one(known)
		var fate *records.StandingError
		switch {
		case err == nil:
		case errors.As(err, &fate) && fate.Subject == a.ID() && errors.Is(err, records.ErrStale):
			return rotatedElsewhere(a, fate)
		case errors.As(err, &fate) && errors.Is(err, records.ErrStale) && hasAncestor(a, fate.Subject):
			err := rotatedElsewhere(a, fate)
			s.warn("%s; what is signed now is refused: %s", err.err, err.next)
		case errors.As(err, &fate) && errors.Is(err, records.ErrStale):
			s.warn("%s has rotated its keys since: what stands on its word is refused until it gives it anew", fate.Subject)
		default:
			return &failure{codeOf(err), err, "nothing was signed, and no key was used up"}
		}
	}
	return nil
}

// rotatedElsewhere says what to do about an agent whose keys, or whose ancestor's, were rotated in
// another place.
func rotatedElsewhere(a keyring.Agent, fate *records.StandingError) *failure {
	if fate.Subject == a.ID() {
		return &failure{exitConflict, fmt.Errorf("the keys of %s were rotated elsewhere: %w", a.Name, fate),
			fmt.Sprintf("bring them here from where that was done: there cairn agent export %s FILE, here cairn agent import %s FILE", a.Name, a.Name)}
	}
	return &failure{exitConflict, fmt.Errorf("the keys of an ancestor of %s were rotated elsewhere, so its consent is outdated: %w", a.Name, fate),
		fmt.Sprintf("fetch the new consent from where that was done: there cairn agent export %s FILE --without-key, here cairn agent import %s FILE", a.Name, a.Name)}
}

func hasAncestor(a keyring.Agent, id records.AgentID) bool {
	return slices.ContainsFunc(a.Proof.Ancestors(), func(c *records.Chain) bool { return c.ID() == id })
}

// outranked says of a publication that was refused as outdated when that is because keys were
// rotated elsewhere.
func (s *session) outranked(name string, err error) error {
	if !errors.Is(err, records.ErrStale) || name == "" || s.global.target(s.env) != "" {
		return err
	}
	a, missing := s.agent(name)
	if missing != nil {
		return err
	}
	known, _, done := s.facts()
	defer done()
	var fate *records.StandingError
	if errors.As(a.Proof.Standing(known), &fate) && errors.Is(fate, records.ErrStale) {
		return rotatedElsewhere(a, fate)
	}
	return err
}

// earlier is the earlier of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// mustBegin refuses what would begin when it has ended.
func mustBegin(begin, end time.Time) error {
	if begin.IsZero() || begin.Before(end) {
		return nil
	}
	return badInput("begin earlier with --not-before", "it would begin at %s, and end before, at %s", showTime(begin), showTime(end))
}

// shortened says so where something ends before it was asked to, since whoever stands behind it
// ends then.
func (s *session) shortened(asked, got time.Time) {
	if asked.Sub(got) > time.Second {
		s.say("it ends at %s and not later, with what it stands on", showTime(got))
	}
}
