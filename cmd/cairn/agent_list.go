package main

import (
	"cmp"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

type agentListCmd struct{}

func (agentListCmd) Help() string {
	return `Lists the agents whose keys are in the data directory, which of them spawned which, and how each stands: valid, expired, revoked or in conflict, itself or with an ancestor, or outdated where keys were rotated elsewhere, as far as the daemon knows; unverified where it could not be asked. Exit code 1 where a folder cannot be read; the others are listed all the same.

    cairn agent list
    cairn agent list -o jsonl | jq -r .did`
}

// Run lists the agents.
func (agentListCmd) Run(s *session) error {
	keys, err := s.keys()
	if err != nil {
		return err
	}
	agents, broken := keys.List()
	known, enough, done := s.facts()
	defer done()
	names := make(map[records.AgentID]string)
	for _, a := range agents {
		names[a.ID()] = a.Name
	}
	var infos []agentStanding
	for _, a := range agents {
		info := agentStanding{newAgentInfo(a), stateOf(stands(a, known), enough), ""}
		if parent := a.Identity.Genesis().Parent; parent != nil {
			if info.parent = names[*parent]; info.parent == "" {
				info.parent = parent.String()
			}
		}
		infos = append(infos, info)
	}
	if err := printList(s, infos, agentTable); err != nil {
		return err
	}
	if len(infos) == 0 && len(broken) == 0 {
		s.say("there are no agents yet; make one: cairn agent new NAME%s", s.dirFlag())
	}
	for _, err := range broken {
		s.warn("%s", err)
	}
	if len(broken) > 0 {
		return exitFailed
	}
	return nil
}

// agentStanding is an agent in a list.
type agentStanding struct {
	agentInfo
	State  string `json:"state"`
	parent string // its name, where it is here, too
}

// stands says why an agent's word counts for nothing now, by what is known.
func stands(a keyring.Agent, known func(records.AgentID) records.Fact) error {
	if !time.Now().Before(a.Identity.End()) {
		return records.ErrExpired
	}
	return a.Proof.Standing(known)
}

func agentTable(agents []agentStanding) [][]string {
	if len(agents) == 0 {
		return nil
	}
	rows := [][]string{{"NAME", "STATE", "PARENT", "ID", "LIVES UNTIL"}}
	for _, a := range agents {
		rows = append(rows, []string{a.Name, a.State, cmp.Or(a.parent, "-"), a.ID.String(), a.End.Format(time.DateOnly)})
	}
	return rows
}
