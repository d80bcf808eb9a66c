package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

// resolveVerb asks nodes where an agent is and says what they answer.
type resolveVerb struct {
	agent  string
	on     set
	policy string
	within time.Duration
}

func readResolve(a *args) action {
	v := readStatus(a).(*resolveVerb)
	v.policy = "first"
	if policy, ok := a.option("policy"); ok {
		if _, err := api.ParsePolicy(policy); err != nil {
			a.fail("%v", err)
		}
		v.policy = policy
	}
	v.within = a.within()
	return v
}

// readStatus reads the question what nodes know without asking anybody.
func readStatus(a *args) action {
	v := &resolveVerb{agent: a.agent(), policy: cacheOnly}
	a.word("on")
	v.on = a.nodes()
	return v
}

func (*resolveVerb) looks() {}

func (v *resolveVerb) do(ctx context.Context, p *play) error {
	begin := now()
	if err := p.answers(ctx, v.agent, v.on, v.policy); err != nil {
		return err
	}
	if took := now().Sub(begin); v.within > 0 && took > v.within {
		return fmt.Errorf("it took %s, want %s at most", took.Round(time.Millisecond), v.within)
	}
	return nil
}
