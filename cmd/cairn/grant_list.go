package main

import (
	"time"

	"github.com/cairn-overlay/cairn/records"
)

type grantListCmd struct {
	Agent string `arg:"" optional:"" name:"name|id" help:"Only the grants of this agent."`
}

func (grantListCmd) Help() string {
	return `Lists the grants that agents whose keys are here issued, ended ones too, and how each stands: valid, expired, revoked, or outdated by a rotation of its issuer's keys, as far as the daemon knows; unverified where it could not be asked. Exit code 1 where a file cannot be read; the others are listed all the same.

    cairn grant list
    cairn grant list planner -o jsonl | jq -r .id`
}

// Run lists the grants.
func (c *grantListCmd) Run(s *session) error {
	keys, err := s.keys()
	if err != nil {
		return err
	}
	agents, broken, err := s.agents(keys, c.Agent)
	if err != nil {
		return err
	}
	known, enough, done := s.facts()
	defer done()
	var infos []keptGrantInfo
	for _, a := range agents {
		kept, errs := keys.Grants(a.Name)
		broken = append(broken, errs...)
		for _, k := range kept {
			info := newKeptGrant(k)
			info.State = stateOf(standingOf(k.Grant, known), enough)
			infos = append(infos, info)
		}
	}
	if err := printList(s, infos, grantTable); err != nil {
		return err
	}
	if len(infos) == 0 && len(broken) == 0 {
		s.say("there are no grants yet; make one: cairn grant issue NAME PATH --to ID%s", s.dirFlag())
	}
	for _, err := range broken {
		s.warn("%s", err)
	}
	if len(broken) > 0 {
		return exitFailed
	}
	return nil
}

// standingOf judges a grant now, whatever the arguments of a call.
func standingOf(g *records.Grant, known func(records.AgentID) records.Fact) error {
	return g.Covers(records.Call{By: g.Audience(), Subject: g.Subject(), Command: g.Command(), At: time.Now()}, known)
}

// stateOf says in a list how a grant or a claim stands, by the error of whoever judged it.
func stateOf(err error, enough func() bool) string {
	var v grantVerdict
	v.settle(err)
	switch {
	case v.code != exitOK:
		return v.Finding
	case !enough():
		return "unverified"
	}
	return "valid"
}

func grantTable(grants []keptGrantInfo) [][]string {
	if len(grants) == 0 {
		return nil
	}
	rows := [][]string{{"ISSUER", "PATH", "STATE", "FOR", "UNTIL", "GRANT"}}
	for _, g := range grants {
		rows = append(rows, []string{g.Agent, g.Command, g.State, g.Audience.String(), g.End.Format(time.RFC3339), g.ID.String()})
	}
	return rows
}
