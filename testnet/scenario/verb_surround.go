package scenario

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/attack"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// maxSurround bounds how many hostile peers one command makes.
const maxSurround = 200

// surroundVerb lets silent droppers connect to some nodes and to nobody else.
type surroundVerb struct {
	on    set
	count int
}

func readSurround(a *args) action {
	v := surroundVerb{on: a.nodes()}
	a.word("by")
	v.count = min(a.count("the number of droppers", a.next("the number of droppers")), maxSurround)
	return v
}

func (v surroundVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.on)
	if err != nil {
		return err
	}
	p.log.Note(audit.Event{Kind: audit.Cast, Count: v.count, Note: fmt.Sprintf("%d %ss around %s", v.count, dropper, show(nodes))})
	for range v.count {
		s, err := p.stranger(attack.Config{})
		if err != nil {
			return err
		}
		if err := s.Drop(); err != nil {
			return err
		}
		if err := s.Meet(ctx, p.addrs(nodes)...); err != nil {
			return err
		}
	}
	return nil
}
