package scenario

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// revokeVerb ends an agent through a node.
type revokeVerb struct {
	agent  string
	on     int
	anyhow bool // whatever the receipt says
}

func readRevoke(a *args) action {
	v := revokeVerb{agent: a.agent()}
	a.word("on")
	v.on = a.node()
	v.anyhow = a.try("anyhow")
	return v
}

func (v revokeVerb) do(ctx context.Context, p *play) error {
	if err := p.isUp(v.on); err != nil {
		return err
	}
	crowd := p.agents[v.agent]
	confirmed := 0
	for _, a := range crowd {
		r, err := p.revoke(ctx, v.on, a)
		switch {
		case v.anyhow: // what counts is what others come to know
		case len(crowd) == 1:
			p.wrote(fmt.Sprintf("%s revoked", a.name), r, err)
		case err == nil && r.Confirmed:
			confirmed++
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if len(crowd) > 1 && !v.anyhow {
		p.counted(v.agent, "revoked and confirmed", confirmed, len(crowd))
	}
	return nil
}

// revoke ends one agent and notes when that was asked for.
func (p *play) revoke(ctx context.Context, n int, a *agent) (Receipt, error) {
	t, err := a.tombstone()
	if err != nil {
		return Receipt{}, err
	}
	p.mu.Lock()
	p.ended[a.id] = now()
	p.mu.Unlock()
	op := p.log.Begin(audit.Event{Kind: audit.Revoke, Node: n, Agent: a.id, Proof: t.Bytes()})
	r, err := p.world.Revoke(ctx, n, t)
	op.End(audit.Event{Receipt: receipt(r), Error: text(err)})
	return r, err
}
