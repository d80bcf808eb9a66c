package scenario

import (
	"context"
	"fmt"
)

// spawnVerb has agents spawn others: each of the parents in its turn, if there are several.
type spawnVerb struct {
	name, parent string
	each         int
}

func readSpawn(a *args) action {
	v := spawnVerb{name: a.newName(), each: 1}
	a.word("from")
	v.parent = a.agent()
	if a.try("of") {
		v.each = a.crowd()
	}
	return v
}

func (v spawnVerb) do(_ context.Context, p *play) error {
	parents := p.agents[v.parent]
	for i := range v.each {
		parent := parents[i%len(parents)]
		if parent.keys == nil {
			return fmt.Errorf("nobody here has a key of %s", v.parent)
		}
		a, err := p.agentOf(numbered(v.name, i, v.each), parent.keys.Spawn)
		if err != nil {
			return err
		}
		p.agents[v.name] = append(p.agents[v.name], a)
	}
	return nil
}

// twinVerb makes an agent under whose locks one is a copy of another agent's.
type twinVerb struct{ name, of string }

func readTwin(a *args) action {
	v := twinVerb{name: a.newName()}
	a.word("of")
	v.of = a.agent()
	return v
}

func (v twinVerb) do(_ context.Context, p *play) error {
	victim := p.agents[v.of][0]
	if victim.keys == nil {
		return fmt.Errorf("nobody here knows the header of %s", v.of)
	}
	a, err := p.agentOf(v.name, victim.keys.Twin)
	if err != nil {
		return err
	}
	p.agents[v.name] = []*agent{a}
	return nil
}
