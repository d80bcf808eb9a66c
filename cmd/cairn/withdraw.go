package main

import (
	"context"
	"errors"

	"github.com/cairn-overlay/cairn/node/api"
)

type withdrawCmd struct {
	Agent string `arg:"" name:"name|id" help:"Name, ID or DID of an agent that this daemon keeps alive."`
}

func (withdrawCmd) Help() string {
	return `Stops renewing an agent's lease: when the lease ends, the agent is expired everywhere. Nothing is revoked; publish it again at any time, here or elsewhere.

    cairn withdraw translator`
}

// Run withdraws the agent.
func (c *withdrawCmd) Run(s *session) error {
	id, err := s.subject(c.Agent)
	if err != nil {
		return err
	}
	return s.withDaemon(func(ctx context.Context, client *api.Client) error {
		res, err := client.Withdraw(ctx, id)
		if errors.Is(err, api.ErrNotFound) {
			return &failure{exitNotFound, err, "it was never published from here, or was withdrawn or revoked; see: cairn resolve " + id.String() + s.dirFlag()}
		}
		if err != nil {
			return err
		}
		return s.print(withdrawView{res})
	})
}

type withdrawView struct{ api.WithdrawResult }

func (v withdrawView) show(t *text) {
	t.line("withdrawn: the lease is not renewed any more")
	t.field("id", "%s", v.ID)
	t.field("lease ends", "%s", showTime(v.NotAfter))
}
