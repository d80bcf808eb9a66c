package scenario

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

func lacksRotations(w World) string {
	if _, ok := w.(Rotating); !ok {
		return "way to rotate keys"
	}
	return ""
}

// rotateVerb hands agents over to new keys through a node.
type rotateVerb struct {
	agent string
	on    int
}

func readRotate(a *args) action {
	v := rotateVerb{agent: a.agent()}
	a.word("on")
	v.on = a.node()
	return v
}

func (v rotateVerb) do(ctx context.Context, p *play) error {
	if err := p.isUp(v.on); err != nil {
		return err
	}
	for _, a := range p.agents[v.agent] {
		if a.keys == nil {
			return fmt.Errorf("nobody here has the rotation key of %s", a.name)
		}
		chain, err := a.keys.Rotate()
		if err != nil {
			return err
		}
		op := p.log.Begin(audit.Event{Kind: audit.Rotate, Node: v.on, Agent: a.id, Proof: chain.Bytes()})
		r, err := p.world.(Rotating).Rotate(ctx, v.on, chain)
		op.End(audit.Event{Receipt: receipt(r), Error: text(err)})
		p.wrote(fmt.Sprintf("%s rotation %d", a.name, chain.Number()), r, err)
	}
	return nil
}
