package scenario

import (
	"context"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// addVerb starts nodes that were never there before.
type addVerb struct{ count int }

func readAdd(a *args) action {
	return addVerb{a.count("the number of nodes", a.next("the number of nodes"))}
}

func (v addVerb) do(ctx context.Context, p *play) error {
	for range v.count {
		p.last++
		op := p.log.Begin(audit.Event{Kind: audit.Join, Node: p.last})
		err := p.world.Grow(ctx, 1)
		op.End(audit.Event{Error: text(err)})
		if err != nil {
			return err
		}
		p.listen(ctx, p.last)
	}
	return nil
}
