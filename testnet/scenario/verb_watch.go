package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Watching worlds have nodes that can follow an agent.
type Watching interface {
	// Watch calls heard with each record of an agent that a node yields to whoever watches
	// it there, until ctx ends or the node is down.
	Watch(ctx context.Context, n int, id records.AgentID, heard func(*records.Record))
}

func lacksWatches(w World) string {
	if _, ok := w.(Watching); !ok {
		return "nodes that follow an agent"
	}
	return ""
}

// watchVerb begins to follow an agent at nodes, to the end of the scenario.
type watchVerb struct {
	agent string
	on    set
}

func readWatch(a *args) action {
	v := watchVerb{agent: a.agent()}
	a.word("on")
	v.on = a.nodes()
	return v
}

func (v watchVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.on)
	if err != nil {
		return err
	}
	for _, a := range p.agents[v.agent] {
		for _, n := range nodes {
			p.ears.Go(func() {
				p.world.(Watching).Watch(ctx, n, a.id, func(rec *records.Record) { p.moved(n, rec) })
			})
		}
		p.watched[a.id] = nodes
	}
	return nil
}

// moved notes that a watch yielded a record at a node.
func (p *play) moved(n int, rec *records.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.yields[rec.Mark()]
	if at == nil {
		at = make(map[int]time.Time)
		p.yields[rec.Mark()] = at
	}
	if _, again := at[n]; !again {
		at[n] = time.Now()
	}
}

// measureWatch is how long the last publish of an agent took to each node that watches
// it, from the moment when it was asked for.
func (p *play) measureWatch(name string) (Measure, error) {
	var took []time.Duration
	for _, a := range p.agents[name] {
		p.mu.Lock()
		last, wrote := p.placed[a.id]
		at := p.yields[last.mark]
		missing := 0
		for _, n := range p.watched[a.id] {
			if when, ok := at[n]; ok {
				took = append(took, when.Sub(last.at))
			} else {
				missing++
			}
		}
		p.mu.Unlock()
		switch {
		case !wrote:
			return Measure{}, fmt.Errorf("%s was never published", a.name)
		case len(p.watched[a.id]) == 0:
			return Measure{}, fmt.Errorf("nobody watches %s", a.name)
		case missing > 0:
			return Measure{}, fmt.Errorf("%d of those who watch %s do not know its last record", missing, a.name)
		}
	}
	return measure("watch "+name, took), nil
}

// placed is a publish: what, and when it was asked for.
type placed struct {
	mark records.Mark
	at   time.Time
}
