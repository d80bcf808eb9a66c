package main

import (
	"context"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

type grantListCmd struct {
	Agent string `arg:"" optional:"" name:"name|id" help:"Only the grants of this agent."`
}

func (grantListCmd) Help() string {
	return `Lists the grants that agents whose keys are here issued, ended ones too, and how each stands: valid, ended or revoked, as far as the daemon knows; unverified where it could not be asked. Exit code 1 where a file cannot be read; the others are listed all the same.

    cairn grant list
    cairn grant list planner -o jsonl | jq -r .id`
}

// Run lists the grants.
func (c *grantListCmd) Run(s *session) error {
	keys, err := s.keys()
	if err != nil {
		return err
	}
	var agents []keyring.Agent
	var broken []error
	if c.Agent != "" {
		a, err := s.agent(c.Agent)
		if err != nil {
			return err
		}
		agents = append(agents, a)
	} else {
		agents, broken = keys.List()
	}
	state, done := s.grantStates()
	defer done()
	var infos []keptGrantInfo
	for _, a := range agents {
		kept, errs := keys.Grants(a.Name)
		broken = append(broken, errs...)
		for _, k := range kept {
			info := newKeptGrant(k)
			info.State = state(k.Grant)
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

// grantStates returns how grants stand now, by the facts of the daemon where there is one.
func (s *session) grantStates() (state func(*records.Grant) string, done func()) {
	known, unsure := func(records.AgentID) records.Fact { return nil }, func() bool { return true }
	done = func() {}
	if client, err := s.dial(); err == nil {
		ctx, cancel := context.WithTimeout(s.ctx, s.global.Timeout)
		done = func() { cancel(); _ = client.Close() }
		facts, ready := &factsOf{ctx: ctx, client: client}, client.Ready(ctx) == nil
		known, unsure = facts.known, func() bool { return !ready || facts.err != nil || facts.unsure != "" }
	}
	return func(g *records.Grant) string {
		var v grantVerdict
		v.settle(g.Covers(records.Call{By: g.Audience(), Subject: g.Subject(), Command: g.Command(), At: time.Now()}, known))
		switch {
		case v.code != exitOK:
			return v.Finding
		case unsure():
			return "unverified"
		}
		return "valid"
	}, done
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
