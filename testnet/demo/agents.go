package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// publishAll publishes every example, each through the next node.
func (r *run) publishAll(ctx context.Context) error {
	cards, from, err := loadCards(r.cfg.Examples)
	if err != nil {
		return err
	}
	r.story.chapter("Publish agents", fmt.Sprintf(
		"A description becomes a signed record, stored by the %d nodes closest to the agent's ID. The examples come from %s.", replication, from))
	for _, c := range cards {
		if err := r.publish(ctx, c); err != nil {
			return err
		}
	}
	if len(r.agents) < 2 {
		return errors.New("fewer than two examples could be published")
	}
	return nil
}

// publish publishes one example, or says why it is none that can be.
func (r *run) publish(ctx context.Context, c card) error {
	home := r.daemons[len(r.agents)%(len(r.daemons)-1)] // the last one will be off
	o, err := r.cli.run(ctx, c.doc, "publish", "-", "--dir", home.dir, "-o", "json")
	if err != nil {
		return &blame{home, err}
	}
	if o.code == exitUsage {
		r.story.line("%-20s not published: %s", c.name, o.reason())
		return nil
	}
	var p published
	if err := decode(o, &p); err != nil {
		return &blame{home, fmt.Errorf("publish %s on %s: %w", c.name, home.name, err)}
	}
	a := &agent{id: p.ID, name: p.Name, file: c.name, doc: c.doc, home: home}
	here, err := r.resolve(ctx, home, a, "cache-only")
	if err != nil {
		return err
	}
	a.places = here.places()
	if len(a.places) == 0 {
		return &blame{home, fmt.Errorf("%s was published without a place", c.name)}
	}
	r.agents = append(r.agents, a)
	r.story.line("%-20s on %s: %s  stored by %d of %d, given back by %d", a.file, home.name, short(a.id), p.Acks, p.Targets, p.ReadBack)
	return nil
}

// resolve asks one node for an agent that must be active.
func (r *run) resolve(ctx context.Context, d *daemon, a *agent, policy string) (resolved, error) {
	var res resolved
	if _, err := r.cli.json(ctx, &res, nil, "resolve", a.id, "--dir", d.dir, "--policy", policy); err != nil {
		return res, &blame{d, fmt.Errorf("resolve %s (%s) on %s: %w", a.name, a.file, d.name, err)}
	}
	if res.Status != "active" {
		return res, &blame{d, fmt.Errorf("%s calls %s %s", d.name, a.file, res.Status)}
	}
	return res, nil
}

// resolveAll finds each agent from a node that did not publish it.
func (r *run) resolveAll(ctx context.Context) error {
	r.story.chapter("Find each agent from another node", "The answer comes from the nodes that hold the record; whoever asks checks its signature.")
	for i, a := range r.agents {
		asker := r.askerFor(i, a)
		res, err := r.resolve(ctx, asker, a, "cache-first")
		if err != nil {
			return err
		}
		if !slices.Equal(res.places(), a.places) {
			return &blame{asker, fmt.Errorf("%s finds %s at %v, published at %v", asker.name, a.file, res.places(), a.places)}
		}
		r.story.line("%-20s asked on %s: %s  (from %s, %d asked, %.1f ms)", a.file, asker.name, a.places[0], res.Source, len(res.Path), res.ElapsedMS)
	}
	return nil
}

// askerFor picks a node to ask, another one for each agent.
func (r *run) askerFor(i int, a *agent) *daemon {
	others := r.others(a.home)
	return others[(i+len(others)/2)%len(others)]
}

// move publishes one agent again at another place.
func (r *run) move(ctx context.Context) error {
	a, doc, err := r.movable()
	if err != nil {
		return err
	}
	r.story.chapter("Move an agent", fmt.Sprintf("%s is published again from a changed description; the higher sequence wins everywhere.", a.file))
	var p published
	r.story.command("cairn publish CHANGED.json --agent %s --dir %s", a.name, a.home.dir)
	if _, err := r.cli.json(ctx, &p, doc, "publish", "-", "--agent", a.name, "--dir", a.home.dir); err != nil {
		return &blame{a.home, err}
	}
	if p.ID != a.id {
		return &blame{a.home, fmt.Errorf("the move made another agent: %s", p.ID)}
	}
	old := a.places
	for _, d := range r.others(a.home) {
		res, err := r.resolve(ctx, d, a, "first")
		if err != nil {
			return err
		}
		if slices.Equal(res.places(), old) || !slices.ContainsFunc(res.places(), func(s string) bool { return strings.Contains(s, movedTo) }) {
			return &blame{d, fmt.Errorf("%s still finds %s at %v", d.name, a.file, res.places())}
		}
		a.places = res.places()
	}
	r.story.line("sequence %d, stored by %d of %d; every other node now finds it at %s", p.Sequence, p.Acks, p.Targets, a.places[0])
	r.dead = a
	return nil
}

// movedTo marks the new place of the agent that moves.
const movedTo = "moved-to-a-new-place"

// movable returns an agent whose place stands in its description, and the
// description with another place.
func (r *run) movable() (*agent, []byte, error) {
	for _, a := range r.agents {
		doc, place := string(a.doc), a.places[0]
		if strings.HasPrefix(place, "http") && strings.Contains(doc, `"`+place+`"`) {
			return a, []byte(strings.ReplaceAll(doc, `"`+place+`"`, `"`+strings.TrimSuffix(place, "/")+"/"+movedTo+`"`)), nil
		}
	}
	return nil, nil, errors.New("no example has its place in plain sight, so none can be moved")
}
