package scenario

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

func lacksHolders(w World) string {
	if _, ok := w.(Holding); !ok {
		return "way to look into what a node holds"
	}
	return ""
}

// holdersVerb asks every node, as a stranger would, for what it itself holds: of a
// dead agent the tombstone, else the newest record.
type holdersVerb struct {
	agent  string
	least  int // 0: only say which
	within time.Duration
}

func readHolders(a *args) action {
	v := holdersVerb{agent: a.agent()}
	if a.try("at") {
		a.word("least")
		v.least = a.count("the number of holders", a.next("the number of holders"))
		v.within = a.within()
	}
	return v
}

func (holdersVerb) looks() {}

func (v holdersVerb) do(ctx context.Context, p *play) error {
	for _, a := range p.agents[v.agent] {
		if err := v.one(ctx, p, a); err != nil {
			return err
		}
	}
	return nil
}

func (v holdersVerb) one(ctx context.Context, p *play, a *agent) error {
	for {
		held, err := p.holders(ctx, a)
		if err != nil {
			return err
		}
		if v.least == 0 {
			p.say("%s held by %d", a.name, len(held))
			return nil
		}
		if len(held) >= v.least {
			return nil
		}
		if !now().Before(p.mark.Add(v.within)) {
			return fmt.Errorf("%s is held by %d nodes: %s", a.name, len(held), show(held))
		}
		if err := pause(ctx, lookLater); err != nil {
			return err
		}
	}
}

// holders are the nodes that hold what they should of an agent.
func (p *play) holders(ctx context.Context, a *agent) ([]int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	values, err := p.world.(Holding).Holders(ctx, a.id)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	_, dead := p.ended[a.id]
	p.mu.Unlock()
	maps.DeleteFunc(values, func(_ int, b []byte) bool {
		v, err := records.OpenFor(a.id.Key(), b)
		if err != nil {
			return true
		}
		rec, isRecord := v.(*records.Record)
		return dead && isRecord || isRecord && !a.newest(rec.Mark())
	})
	return slices.Sorted(maps.Keys(values)), nil
}
