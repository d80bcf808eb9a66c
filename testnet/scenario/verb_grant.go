package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// grantPath is what every grant of a scenario lets its holder call.
const grantPath = "/work"

// grantVerb has an agent let another one act in its name. The grant is nowhere: its
// holder shows it.
type grantVerb struct{ name, from, to string }

func readGrant(a *args) action {
	v := grantVerb{name: a.newName()}
	a.word("from")
	v.from = a.agent()
	a.word("to")
	v.to = a.agent()
	return v
}

func (v grantVerb) do(_ context.Context, p *play) error {
	from, to := p.agents[v.from][0], p.agents[v.to][0]
	if from.keys == nil {
		return fmt.Errorf("nobody here has a key of %s", v.from)
	}
	g, end, err := from.keys.Grant(to.id, grantPath)
	if err != nil {
		return err
	}
	p.agents[v.name] = []*agent{{name: v.name, id: g.ID(), end: end, grant: g}}
	return nil
}

// allowance looks whether the holder of a grant may call its path, as a service would judge
// that asks its node what is known.
func (v expectVerb) allowance(p *play, n int, a *agent) look {
	return func(ctx context.Context) (string, bool, time.Time, error) {
		world, ok := p.world.(Rotating)
		switch {
		case !ok:
			return "", false, time.Time{}, errors.New("this world does not say what its nodes know")
		case a.grant == nil:
			return "", false, time.Time{}, fmt.Errorf("%s is no grant", a.name)
		}
		var failed error
		known := func(id records.AgentID) records.Fact {
			f, err := world.Known(ctx, n, id)
			failed = errors.Join(failed, err)
			return f
		}
		call := records.Call{By: a.grant.Audience(), Subject: a.grant.Subject(), Command: grantPath, At: p.world.Now().Add(p.skew[n])}
		err := a.grant.Allows(call, known)
		saw, since := granted, time.Time{}
		if err != nil {
			saw = fmt.Sprintf("%s (%v)", denied, err)
			since, _ = p.heard(a.id, n)
		}
		return saw, (err == nil) == (v.state == granted), since, failed
	}
}
