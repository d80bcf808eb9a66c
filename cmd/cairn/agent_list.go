package main

import "time"

type agentListCmd struct{}

func (agentListCmd) Help() string {
	return `Lists the agents whose keys are in the data directory. Exit code 1 where a folder cannot be read; the others are listed all the same.

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
	var infos []agentInfo
	for _, a := range agents {
		infos = append(infos, newAgentInfo(a))
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

func agentTable(agents []agentInfo) [][]string {
	if len(agents) == 0 {
		return nil
	}
	rows := [][]string{{"NAME", "ID", "LIVES UNTIL"}}
	for _, a := range agents {
		rows = append(rows, []string{a.Name, a.ID.String(), a.End.Format(time.DateOnly)})
	}
	return rows
}
