package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

func lacksLeases(w World) string {
	if _, ok := w.(Leasing); !ok {
		return "nodes that keep keys of agents"
	}
	return ""
}

// keepVerb makes an agent whose keys a node has: it publishes the agent, and renews
// the lease by itself.
type keepVerb struct {
	agent string
	on    int
	lease time.Duration
}

func readKeep(a *args) action {
	v := keepVerb{agent: a.newName(), lease: records.DefaultLease}
	a.word("on")
	v.on = a.node()
	if lease, ok := a.option("lease"); ok {
		v.lease = a.time("the lease", lease)
	}
	return v
}

func (v keepVerb) do(ctx context.Context, p *play) error {
	if err := p.isUp(v.on); err != nil {
		return err
	}
	r, rec, end, err := p.world.(Leasing).Keep(ctx, v.on, v.agent, v.lease)
	if rec == nil {
		return fmt.Errorf("%s: %w", v.agent, err)
	}
	p.log.Note(audit.Event{Kind: audit.NewAgent, Agent: rec.ID(), Note: v.agent})
	// Its node has signed and published at once: only the end is known here.
	p.log.Begin(audit.Event{Kind: audit.Publish, Node: v.on, Agent: rec.ID(), Proof: rec.Bytes()}).End(audit.Event{Receipt: receipt(r), Error: text(err)})
	a := &agent{name: v.agent, id: rec.ID(), end: end, seq: rec.Sequence(), old: map[uint64]*records.Record{rec.Sequence(): rec}}
	p.agents[v.agent] = []*agent{a}
	p.wrote(fmt.Sprintf("%s seq %d", a.name, a.seq), r, err)
	return nil
}

// withdrawVerb ends the renewals of an agent that a node keeps.
type withdrawVerb struct {
	agent string
	on    int
}

func readWithdraw(a *args) action {
	v := withdrawVerb{agent: a.agent()}
	a.word("on")
	v.on = a.node()
	return v
}

func (v withdrawVerb) do(ctx context.Context, p *play) error {
	for _, a := range p.agents[v.agent] {
		if err := p.world.(Leasing).Withdraw(ctx, v.on, a.id); err != nil {
			return err
		}
	}
	return nil
}
