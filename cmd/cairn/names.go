package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// agent finds an agent of the data directory by name, ID or DID.
func (s *session) agent(nameOrID string) (keyring.Agent, error) {
	keys, err := s.keys()
	if err != nil {
		return keyring.Agent{}, err
	}
	a, err := keys.Lookup(nameOrID)
	return a, s.suggest(keys, nameOrID, err, s.listAgents(keys, nameOrID))
}

// agents returns the agent of that name, or all of them where it is empty, and one error per
// folder that holds none.
func (s *session) agents(keys *keyring.Keyring, nameOrID string) ([]keyring.Agent, []error, error) {
	if nameOrID == "" {
		agents, broken := keys.List()
		return agents, broken, nil
	}
	a, err := s.agent(nameOrID)
	return []keyring.Agent{a}, nil, err
}

// listAgents is the next step of whoever looked for an agent of his own.
func (s *session) listAgents(keys *keyring.Keyring, name string) string {
	if agents, broken := keys.List(); len(agents)+len(broken) == 0 {
		return fmt.Sprintf("there are no agents yet; make one: cairn agent new %s%s", name, s.dirFlag())
	}
	return "list the agents: cairn agent list" + s.dirFlag()
}

// subject reads an ID or DID, or finds the ID of an agent of the data directory
// by its name.
func (s *session) subject(nameOrID string) (records.AgentID, error) {
	id, parseErr := records.ParseAgentID(nameOrID)
	if parseErr == nil {
		return id, nil
	}
	if looksLikeID(nameOrID) {
		return id, usage(parseErr, "an ID has 59 characters and starts with bafyrei; a DID starts with did:cairn:bafyrei")
	}
	keys, err := s.keys()
	if err != nil {
		return id, err
	}
	a, err := keys.Lookup(nameOrID)
	if err != nil {
		return id, s.suggest(keys, nameOrID, err, "only agents whose keys are here have names; give the ID or the DID of any other")
	}
	return a.ID(), nil
}

// looksLikeID reports whether text that is no ID was meant to be one.
func looksLikeID(s string) bool {
	return strings.HasPrefix(s, "did:") || strings.HasPrefix(s, "baf") || strings.HasPrefix(s, "Qm") || strings.HasPrefix(s, "urn:") || len(s) > 48
}

// suggest adds the nearest name to the error that an agent is unknown, or the next
// step where none is near.
func (s *session) suggest(keys *keyring.Keyring, name string, err error, next string) error {
	if !errors.Is(err, keyring.ErrNotFound) {
		return err
	}
	agents, _ := keys.List() // what cannot be read is no suggestion
	var names []string
	for _, a := range agents {
		names = append(names, a.Name)
	}
	if best := nearest(name, names); best != "" {
		next = fmt.Sprintf("did you mean %q?", best)
	}
	return &failure{exitNotFound, err, next}
}

// nearest returns the candidate that the fewest typing errors turn into name, or
// "" where none is near.
func nearest(name string, candidates []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, c := range candidates {
		if d := distance(name, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
