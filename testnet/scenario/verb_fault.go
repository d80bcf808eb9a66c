package scenario

import (
	"context"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// faultVerb ends nodes or brings them back.
type faultVerb struct {
	kind audit.Kind
	on   set
}

func readKill(a *args) action    { return faultVerb{audit.Kill, a.nodes()} }
func readStop(a *args) action    { return faultVerb{audit.Stop, a.nodes()} }
func readRestart(a *args) action { return faultVerb{audit.Restart, a.nodes()} }

func (v faultVerb) do(ctx context.Context, p *play) error {
	nodes := v.on.in(p.world.Up())
	for _, n := range nodes {
		if err := p.fault(ctx, v.kind, n); err != nil {
			return err
		}
	}
	return nil
}

// fault ends one node or brings it back.
func (p *play) fault(ctx context.Context, kind audit.Kind, n int) error {
	world, do := p.world.(Faulty), Faulty.Restart
	switch kind {
	case audit.Kill:
		do = Faulty.Kill
	case audit.Stop:
		do = Faulty.Stop
	}
	op := p.log.Begin(audit.Event{Kind: kind, Node: n})
	err := do(world, n)
	op.End(audit.Event{Error: text(err)})
	switch {
	case err != nil:
	case kind == audit.Restart:
		p.listen(ctx, n)
	default:
		p.forget(n)
	}
	return err
}
