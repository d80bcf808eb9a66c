package main

import (
	"errors"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type grantHoldCmd struct {
	File string `arg:"" help:"A grant for an agent whose key is here; - is standard input."`
}

func (grantHoldCmd) Help() string {
	return `Puts a grant into the folder of the agent that it is for, so that a daemon that publishes the agent can show it when "cairn challenge" asks for it. A grant is no secret, and worth nothing without the agent's key.

    cairn grant hold planner.grant
    cairn challenge helper --command /translate --of bafyreig...`
}

// heldGrant is a grant that an agent here was given.
type heldGrant struct {
	grantInfo
	Agent string `json:"agent"`
	File  string `json:"file"`
}

func (g heldGrant) show(t *text) {
	t.line("%s holds a grant", g.Agent)
	g.grantInfo.show(t)
	t.field("file", "%s", g.File)
}

// Run keeps the grant.
func (c *grantHoldCmd) Run(s *session) error {
	g, err := s.readGrant(c.File)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	a, err := keys.Find(g.Audience())
	if err != nil {
		return err
	}
	path, err := keys.HoldGrant(a.Name, g)
	if errors.Is(err, keyring.ErrExists) {
		return badInput("there is nothing to do", "%s holds the grant %s already", a.Name, g.ID())
	}
	if err != nil {
		return err
	}
	return s.print(heldGrant{newGrantInfo(g), a.Name, path})
}
