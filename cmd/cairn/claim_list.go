package main

import "time"

type claimListCmd struct {
	Agent string `arg:"" optional:"" name:"name|id" help:"Only the claims of this agent."`
}

func (claimListCmd) Help() string {
	return `Lists the claims that agents whose keys are here issued, ended ones too, and how each stands: valid, expired, revoked, or outdated by a rotation of the issuer's keys, as far as the daemon knows; unverified where it could not be asked. Exit code 1 where a file cannot be read; the others are listed all the same.

    cairn claim list
    cairn claim list examiner -o jsonl | jq -r .file`
}

// Run lists the claims.
func (c *claimListCmd) Run(s *session) error {
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
	var infos []keptClaimInfo
	for _, a := range agents {
		kept, errs := keys.Claims(a.Name)
		broken = append(broken, errs...)
		for _, k := range kept {
			info := newKeptClaim(k)
			info.State = stateOf(k.Claim.Holds(time.Now(), known), enough)
			infos = append(infos, info)
		}
	}
	if err := printList(s, infos, claimTable); err != nil {
		return err
	}
	if len(infos) == 0 && len(broken) == 0 {
		s.say("there are no claims yet; make one: cairn claim issue NAME PATH --about ID%s", s.dirFlag())
	}
	for _, err := range broken {
		s.warn("%s", err)
	}
	if len(broken) > 0 {
		return exitFailed
	}
	return nil
}

func claimTable(claims []keptClaimInfo) [][]string {
	if len(claims) == 0 {
		return nil
	}
	rows := [][]string{{"ISSUER", "PATH", "STATE", "ABOUT", "UNTIL", "CLAIM"}}
	for _, c := range claims {
		rows = append(rows, []string{c.Agent, c.Capability, c.State, c.Subject.String(), c.End.Format(time.RFC3339), c.ID.String()})
	}
	return rows
}
