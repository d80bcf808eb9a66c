package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

func lacksNATs(w World) string {
	if _, ok := w.(Hiding); !ok {
		return "NATs"
	}
	return ""
}

// natVerb puts nodes behind NATs: they stop, and come back where nobody reaches them.
type natVerb struct{ on set }

func readNAT(a *args) action {
	return natVerb{a.nodes()}
}

func (v natVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.on)
	if err != nil {
		return err
	}
	if len(nodes) == len(p.world.Up()) {
		return errors.New("somebody has to be in the open")
	}
	for _, n := range nodes {
		if err := p.fault(ctx, audit.Stop, n); err != nil {
			return err
		}
		if err := p.world.(Hiding).Hide(n); err != nil {
			return err
		}
		if err := p.fault(ctx, audit.Restart, n); err != nil {
			return err
		}
	}
	return nil
}

// reach looks whether a node gets through to an agent, and without a relay where direct.
func (p *play) reach(n int, a *agent, direct bool) look {
	return func(ctx context.Context) (string, bool, time.Time, error) {
		world, ok := p.world.(Hiding)
		if !ok {
			return "", false, time.Time{}, fmt.Errorf("this world has no %s", lacksNATs(p.world))
		}
		answer, err := p.ask(ctx, n, a, "first")
		if err != nil {
			return "", false, time.Time{}, err
		}
		v, err := records.OpenFor(a.id.Key(), answer.Proof)
		rec, ok := v.(*records.Record)
		if err != nil || !ok {
			return word(a.id, answer), false, time.Time{}, nil
		}
		relayed, err := world.Reach(ctx, n, rec)
		switch {
		case err != nil:
			return err.Error(), false, time.Time{}, nil
		case relayed:
			return "reached through a relay", !direct, time.Time{}, nil
		}
		return "reached directly", true, time.Time{}, nil
	}
}
