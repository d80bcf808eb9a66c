package scenario

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// cacheOnly is the policy that asks nobody.
const cacheOnly = "cache-only"

// ask asks a node for an agent and writes it down.
func (p *play) ask(ctx context.Context, n int, a *agent, policy string) (Answer, error) {
	op := p.log.Begin(audit.Event{Kind: audit.Resolve, Node: n, Agent: a.id, Policy: policy})
	answer, err := p.world.Resolve(ctx, n, a.id, policy)
	op.End(audit.Event{Status: answer.Status, Proof: answer.Proof, Lineage: answer.Lineage, Source: answer.Source, Asked: answer.Asked, Error: text(err)})
	if err != nil {
		err = fmt.Errorf("n%d: %w", n, err)
	}
	return answer, err
}

// publish stores a record through a node and writes it down.
func (p *play) publish(ctx context.Context, n int, rec *records.Record) (Receipt, error) {
	op := p.log.Begin(audit.Event{Kind: audit.Publish, Node: n, Agent: rec.ID(), Proof: rec.Bytes()})
	p.mu.Lock()
	p.placed[rec.ID()] = placed{rec.Mark(), now()}
	p.mu.Unlock()
	r, err := p.world.Publish(ctx, n, rec)
	op.End(audit.Event{Receipt: receipt(r), Error: text(err)})
	return r, err
}

// receipt is r as the log has it.
func receipt(r Receipt) *audit.Receipt {
	return &audit.Receipt{Targets: r.Targets, Acks: r.Acks, ReadBack: r.ReadBack, Confirmed: r.Confirmed}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// wrote says what became of a write.
func (p *play) wrote(what string, r Receipt, err error) {
	switch {
	case errors.Is(err, records.ErrRevoked):
		p.doubt("%s: refused, revoked", what)
	case errors.Is(err, records.ErrStale):
		p.doubt("%s: refused, stale", what)
	case errors.Is(err, records.ErrConflict):
		p.doubt("%s: refused, conflict", what)
	case errors.Is(err, records.ErrExpired):
		p.doubt("%s: refused, expired", what)
	case errors.Is(err, records.ErrNotYetValid):
		p.doubt("%s: refused, issued in the future", what)
	case err != nil:
		p.doubt("%s: failed: %v", what, err)
	case r.Confirmed:
		p.say("%s: confirmed, acked %d of %d, read back %d", what, r.Acks, r.Targets, r.ReadBack)
	default:
		p.doubt("%s: partial, acked %d of %d, read back %d", what, r.Acks, r.Targets, r.ReadBack)
	}
}

// answers says what each of several nodes answers about each agent of a name: one
// line where all say the same, else one for each answer with those that gave it.
func (p *play) answers(ctx context.Context, name string, on set, policy string) error {
	nodes, err := p.nodes(on)
	if err != nil {
		return err
	}
	agents := p.agents[name]
	lines := make(map[string]int) // how many agents have them
	for _, a := range agents {
		text, err := p.answersOf(ctx, a, nodes, on, policy)
		if err != nil {
			return err
		}
		lines[text]++
	}
	for _, text := range slices.Sorted(maps.Keys(lines)) {
		who := name
		if lines[text] < len(agents) {
			who = fmt.Sprintf("%d of %s", lines[text], name)
		}
		for line := range strings.SplitSeq(text, "\n") {
			p.say("%s %s", who, line)
		}
	}
	return nil
}

// answersOf renders what nodes say of one agent.
func (p *play) answersOf(ctx context.Context, a *agent, nodes []int, on set, policy string) (string, error) {
	said := make(map[string][]int)
	var mu sync.Mutex
	err := each(nodes, func(n int) error {
		answer, err := p.ask(ctx, n, a, policy)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		w := word(a.id, answer)
		said[w] = append(said[w], n)
		return nil
	})
	if err != nil {
		return "", err
	}
	var lines []string
	for w, by := range said {
		slices.Sort(by)
		who := show(by)
		if len(said) == 1 && on.all {
			who = on.String()
		}
		lines = append(lines, w+" on "+who)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}
