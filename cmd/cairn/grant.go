package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// grantCmd are the verbs for what one agent lets another do.
type grantCmd struct {
	Issue  grantIssueCmd  `cmd:"" help:"Let another agent act for one of yours."`
	Hold   grantHoldCmd   `cmd:"" help:"Keep a grant that one of your agents was given."`
	List   grantListCmd   `cmd:"" help:"List the grants that your agents issued."`
	Show   grantShowCmd   `cmd:"" help:"Show all that a grant says."`
	Verify grantVerifyCmd `cmd:"" help:"Say whether a grant covers a call now."`
	Revoke grantRevokeCmd `cmd:"" help:"End a grant for good, everywhere."`
}

func (grantCmd) Help() string {
	return `A grant hands a part of an agent's authority to another agent: a capability path with everything below it, until a time, under rules about the arguments. Whoever holds it can hand on a part of it, never more. It proves itself, it is worth nothing to anybody but the agent that it is for, and its issuer ends it at once by revealing a secret, as an agent is ended.

    cairn grant issue planner /translate --to bafyreig... --life 1h
    cairn grant verify FILE --by bafyreig... /translate/en-es
    cairn grant revoke GRANT`
}

// grantInfo is one grant of a chain as the grant verbs print it.
type grantInfo struct {
	ID        records.AgentID `json:"id"`
	Issuer    records.AgentID `json:"issuer"`
	Audience  records.AgentID `json:"audience"`
	Subject   records.AgentID `json:"subject"`
	Command   string          `json:"command"`
	Policy    records.Policy  `json:"policy,omitempty"`
	NotBefore *time.Time      `json:"not_before,omitempty"`
	End       time.Time       `json:"end"`
}

func newGrantInfo(g *records.Grant) grantInfo {
	info := grantInfo{ID: g.ID(), Issuer: g.Issuer().ID(), Audience: g.Audience(), Subject: g.Subject(), Command: g.Command(), Policy: g.Policy(), End: g.End()}
	if from := g.NotBefore(); !from.IsZero() {
		info.NotBefore = &from
	}
	return info
}

func (i grantInfo) show(t *text) {
	t.field("grant", "%s", i.ID)
	t.field("issued by", "%s", i.Issuer)
	t.field("for", "%s", i.Audience)
	if i.Subject != i.Issuer {
		t.field("in the name of", "%s", i.Subject)
	}
	t.field("may call", "%s and below", i.Command)
	if len(i.Policy) > 0 {
		rules, err := i.Policy.MarshalJSON()
		t.field("where", "%s", rules)
		if err != nil {
			t.field("where", "rules that cannot be shown: %v", err)
		}
	}
	if i.NotBefore != nil {
		t.field("from", "%s", showTime(*i.NotBefore))
	}
	t.field("until", "%s", showTime(i.End))
}

// readGrant reads a grant from a file, or from standard input where name is "-".
func (s *session) readGrant(name string) (*records.Grant, error) {
	b, err := s.readInput(name, records.MaxValueSize)
	if err != nil {
		return nil, err
	}
	g, err := records.OpenGrant(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}

// keptGrant finds a grant that was issued here by its ID.
func (s *session) keptGrant(text string) (keyring.Kept, error) {
	keys, err := s.keys()
	if err != nil {
		return keyring.Kept{}, err
	}
	id, err := records.ParseAgentID(text)
	if err != nil {
		return keyring.Kept{}, usage(err, "list the grants with their IDs: cairn grant list%s", s.dirFlag())
	}
	kept, err := keys.FindGrant(id)
	if errors.Is(err, keyring.ErrNotFound) {
		return kept, &failure{exitNotFound, err, "list the grants: cairn grant list" + s.dirFlag()}
	}
	return kept, err
}
