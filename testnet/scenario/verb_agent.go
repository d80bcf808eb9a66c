package scenario

import (
	"context"
	"fmt"
)

// maxCrowd bounds the agents of one name.
const maxCrowd = 10_000

// agentVerb makes agents: one for each name, or many under one name.
type agentVerb struct {
	names []string
	each  int
}

func readAgent(a *args) action {
	v := agentVerb{each: 1}
	for a.more() || len(v.names) == 0 {
		if len(v.names) == 1 && a.try("of") {
			v.each = a.crowd()
			break
		}
		name := a.newName()
		if a.fault != "" {
			break
		}
		v.names = append(v.names, name)
	}
	return v
}

func (v agentVerb) do(_ context.Context, p *play) error {
	for _, name := range v.names {
		for i := range v.each {
			a, err := p.newAgent(numbered(name, i, v.each))
			if err != nil {
				return err
			}
			p.agents[name] = append(p.agents[name], a)
		}
	}
	return nil
}

// crowd reads how many agents share a name.
func (a *args) crowd() int {
	n := a.count("the number of agents", a.next("the number of agents"))
	if n > maxCrowd {
		a.fail("%d are too many agents, want at most %d", n, maxCrowd)
	}
	return n
}

// numbered is the name of the agent at index i of so many.
func numbered(name string, i, of int) string {
	if of == 1 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, i+1)
}
