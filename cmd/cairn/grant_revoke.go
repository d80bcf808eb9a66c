package main

import (
	"context"

	"github.com/cairn-overlay/cairn/node/api"
)

type grantRevokeCmd struct {
	Grant string `arg:"" help:"ID of a grant that an agent whose key is here issued."`
	Yes   bool   `short:"y" help:"Do not ask on a terminal."`
}

func (grantRevokeCmd) Help() string {
	return `Ends a grant, and all that was made under it, everywhere and for good, by the revocation certificate that was kept when it was issued. Agents and other grants are not touched. A certificate that was moved elsewhere goes with: cairn revoke --cert FILE

    cairn grant list
    cairn grant revoke bafyreig...

Exit code 6 means that too few nodes stored it yet; this node refuses the grant already, and tells every node that it meets.`
}

// Run reveals the secret.
func (c *grantRevokeCmd) Run(s *session) error {
	kept, err := s.keptGrant(c.Grant)
	if err != nil {
		return err
	}
	t, err := kept.Certificate()
	if err != nil {
		return err
	}
	ask := revokeCmd{Yes: c.Yes}
	if err := ask.confirm(s, t.ID()); err != nil {
		return err
	}
	return s.withDaemon(func(ctx context.Context, client *api.Client) error {
		res, err := client.Revoke(ctx, t)
		if err != nil {
			return err
		}
		if err := s.print(revokeView{res}); err != nil {
			return err
		}
		return s.partial(res.Partial, res.Acks, res.Targets, res.Reason)
	})
}
