package main

import (
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type grantListCmd struct {
	Agent string `arg:"" optional:"" name:"name|id" help:"Only the grants of this agent."`
}

func (grantListCmd) Help() string {
	return `Lists the grants that agents whose keys are here issued, ended ones too. Exit code 1 where a file cannot be read; the others are listed all the same.

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
	var infos []keptGrantInfo
	for _, a := range agents {
		kept, errs := keys.Grants(a.Name)
		broken = append(broken, errs...)
		for _, k := range kept {
			infos = append(infos, newKeptGrant(k))
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

func grantTable(grants []keptGrantInfo) [][]string {
	if len(grants) == 0 {
		return nil
	}
	rows := [][]string{{"ISSUER", "PATH", "FOR", "UNTIL", "GRANT"}}
	for _, g := range grants {
		rows = append(rows, []string{g.Agent, g.Command, g.Audience.String(), g.End.Format(time.RFC3339), g.ID.String()})
	}
	return rows
}
