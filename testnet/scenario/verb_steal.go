package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// stealVerb makes a thief of an agent's keys as they are now: another name for the agent, in
// other hands.
type stealVerb struct {
	agent, thief string
	cold         bool // the rotation key, too
}

func readSteal(a *args) action {
	v := stealVerb{agent: a.agent()}
	a.word("as")
	v.thief = a.newName()
	v.cold = a.try("cold")
	return v
}

func (v stealVerb) do(_ context.Context, p *play) error {
	a := p.agents[v.agent][0]
	if a.keys == nil {
		return fmt.Errorf("nobody here has a key of %s", v.agent)
	}
	thief := &agent{name: v.thief, id: a.id, now: a.now, seq: a.seq, old: make(map[uint64]*records.Record)}
	thief.keys = a.keys.Stolen(v.cold, func() time.Time { return thief.now })
	p.agents[v.thief] = []*agent{thief}
	return nil
}
