package scenario

import (
	"context"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

func lacksStillness(w World) string {
	if _, ok := w.(Freezing); !ok {
		return "nodes that can stand still: play it with cairn-testnet chaos"
	}
	return ""
}

// stillVerb lets nodes stand still, or go on.
type stillVerb struct {
	kind audit.Kind
	on   set
}

func readFreeze(a *args) action { return stillVerb{audit.Freeze, a.nodes()} }
func readThaw(a *args) action   { return stillVerb{audit.Thaw, a.nodes()} }

func (v stillVerb) do(_ context.Context, p *play) error {
	world := p.world.(Freezing)
	for _, n := range v.on.in(p.world.Up()) {
		// Nothing is promised of a node from before it stands still until after it goes on.
		if v.kind == audit.Freeze {
			p.log.Note(audit.Event{Kind: v.kind, Node: n})
			if err := world.Freeze(n); err != nil {
				return err
			}
			continue
		}
		if err := world.Thaw(n); err != nil {
			return err
		}
		p.log.Note(audit.Event{Kind: v.kind, Node: n})
	}
	return nil
}
