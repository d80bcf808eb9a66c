package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// measureVerb makes a row of figures. In the output times stand as they were; what is
// wanted of them are bounds.
type measureVerb struct {
	agent  string
	ask    bool // measure answers, not the spread of a revocation
	watch  bool // measure what watchers hear
	right  bool // how many of them are right, not how long they take
	on     set
	policy string
}

func readMeasure(a *args) action {
	v := measureVerb{on: set{all: true}}
	what := a.oneOf("what is measured", "revoke", "watch", "resolve", "right")
	switch what {
	case "revoke":
		v.agent = a.agent()
		return v
	case "watch":
		v.agent, v.watch = a.agent(), true
		return v
	}
	v.right = what == "right"
	r := readResolve(a).(*resolveVerb)
	v.ask, v.agent, v.on, v.policy = true, r.agent, r.on, r.policy
	return v
}

func (measureVerb) looks() {}

func (v measureVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.on)
	if err != nil {
		return err
	}
	var m Measure
	switch {
	case v.right:
		return p.measureRight(ctx, v, nodes)
	case v.ask:
		m, err = p.measureResolve(ctx, v, nodes)
	case v.watch:
		m, err = p.measureWatch(v.agent)
	default:
		m, err = p.measureRevoke(v.agent, nodes)
	}
	if err != nil {
		return err
	}
	p.rep.Measures = append(p.rep.Measures, m)
	p.say("%s: p50 %s, p99 %s, max %s", m.Name, fine(m.P50), fine(m.P99), fine(m.Max))
	return nil
}

func fine(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// measureRevoke is how long a revocation took to each node, from the moment when it
// was asked for.
func (p *play) measureRevoke(name string, nodes []int) (Measure, error) {
	if _, ok := p.world.(Telling); !ok {
		return Measure{}, errors.New("this world does not say when a fact reaches a node")
	}
	var took []time.Duration
	for _, a := range p.agents[name] {
		p.mu.Lock()
		asked, dead := p.ended[a.id]
		of := p.learned[records.DeadItem(a.id)]
		for _, n := range nodes {
			if at, ok := of[n]; ok {
				took = append(took, at.Sub(asked))
			}
		}
		missing := len(nodes) - len(of)
		p.mu.Unlock()
		if !dead {
			return Measure{}, fmt.Errorf("%s is not revoked", a.name)
		}
		if missing > 0 {
			return Measure{}, fmt.Errorf("%d nodes do not know that %s is revoked", missing, a.name)
		}
	}
	return measure("revoke "+name, took), nil
}

// measureResolve is how long nodes take to answer.
func (p *play) measureResolve(ctx context.Context, v measureVerb, nodes []int) (Measure, error) {
	var took []time.Duration
	var mu sync.Mutex
	for _, a := range p.agents[v.agent] {
		err := each(nodes, func(n int) error {
			begin := now()
			_, err := p.ask(ctx, n, a, v.policy)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, now().Sub(begin))
			return err
		})
		if err != nil {
			return Measure{}, err
		}
	}
	return measure("resolve "+v.agent, slices.Clip(took)), nil
}

// measureRight is what share of the answers is the newest record, in percent, and which
// was another one; the rest know of none.
func (p *play) measureRight(ctx context.Context, v measureVerb, nodes []int) error {
	var mu sync.Mutex
	asked, right, wrong := 0, 0, 0
	for _, a := range p.agents[v.agent] {
		err := each(nodes, func(n int) error {
			answer, err := p.world.Resolve(ctx, n, a.id, v.policy)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			asked++
			switch {
			case answer.Status == records.StatusActive && a.newest(mark(a.id, answer.Proof)):
				right++
			case len(answer.Proof) > 0:
				wrong++
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	p.say("%s: right %.2f, wrong %.2f", v.agent, 100*float64(right)/float64(asked), 100*float64(wrong)/float64(asked))
	return nil
}
