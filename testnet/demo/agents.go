package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
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

// publish publishes one example: as one agent, else as a list of several, else it
// says why it is neither.
func (r *run) publish(ctx context.Context, c card) error {
	home := r.daemons[len(r.agents)%(len(r.daemons)-1)] // the last one will be off
	file, err := r.write(c.name, c.doc)
	if err != nil {
		return err
	}
	run := r.cli.run
	if len(r.agents) == 0 {
		run = r.command // the first one shows how
	}
	o, err := run(ctx, "publish", file, "--dir", home.dir, "-o", "json")
	if err != nil {
		return &blame{home, err}
	}
	if o.code == exitUsage {
		return r.publishList(ctx, home, c, file, o.reason())
	}
	var p published
	if err := decode(o, &p); err != nil {
		return &blame{home, fmt.Errorf("publish %s on %s: %w", c.name, home.name, err)}
	}
	return r.enter(ctx, home, c, p)
}

// write puts a document where a command can read it.
func (r *run) write(name string, doc []byte) (string, error) {
	dir := filepath.Join(r.dir, "cards")
	file := filepath.Join(dir, name+".json")
	return file, errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(file, doc, 0o600))
}

// publishList publishes each entry of a list that can be. Where there is none, the
// document was refused for the reason given.
func (r *run) publishList(ctx context.Context, home *daemon, c card, file, reason string) error {
	o, err := r.cli.run(ctx, "publish", "--all", file, "--dir", home.dir, "-o", "jsonl")
	if err != nil {
		return &blame{home, err}
	}
	entries := 0
	for line := range bytes.Lines(o.stdout) {
		var e struct {
			Title  string     `json:"title"`
			Error  string     `json:"error"`
			Result *published `json:"result"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return &blame{home, fmt.Errorf("publish --all %s on %s: %w", c.name, home.name, err)}
		}
		entries++
		entry := card{name: c.name + "/" + e.Title, doc: c.doc}
		if e.Result == nil {
			r.refuse(entry, e.Error)
		} else if err := r.enter(ctx, home, entry, *e.Result); err != nil {
			return err
		}
	}
	if entries == 0 {
		r.refuse(c, reason)
	}
	return nil
}

// refuse tells why an example is not published.
func (r *run) refuse(c card, reason string) {
	r.story.line("%s not published: %s", column(c.name), clip(reason, 90))
}

// enter notes a published agent, with the place that its own node says it has.
func (r *run) enter(ctx context.Context, home *daemon, c card, p published) error {
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
	r.story.line("%s on %s: %s  stored by %d of %d, given back by %d", column(a.file), home.name, short(a.id), p.Acks, p.Targets, p.ReadBack)
	return nil
}

// resolve asks one node for an agent that must be active.
func (r *run) resolve(ctx context.Context, d *daemon, a *agent, policy string) (resolved, error) {
	var res resolved
	o, err := r.cli.run(ctx, "resolve", a.id, "--dir", d.dir, "--policy", policy, "-o", "json")
	if err == nil {
		err = decode(o, &res)
	}
	if err != nil {
		return res, &blame{d, fmt.Errorf("resolve %s (%s) on %s: %w", a.name, a.file, d.name, err)}
	}
	if res.Status != "active" {
		return res, &blame{d, fmt.Errorf("%s calls %s %s", d.name, a.file, res.Status)}
	}
	return res, nil
}

// resolveAll finds each agent from a node that neither published it nor holds it.
func (r *run) resolveAll(ctx context.Context) error {
	r.story.chapter("Find each agent from another node", "Asked is a node that does not hold the record; the answer comes over the network, and whoever asks checks its signature.")
	for i, a := range r.agents {
		asker, err := r.askerFor(ctx, i, a)
		if err != nil {
			return err
		}
		res, err := r.resolve(ctx, asker, a, "cache-first")
		if err != nil {
			return err
		}
		if !slices.Equal(res.places(), a.places) {
			return &blame{asker, fmt.Errorf("%s finds %s at %v, published at %v", asker.name, a.file, res.places(), a.places)}
		}
		r.story.line("%s on %s: %s", column(a.file), asker.name, a.places[0])
		r.story.line("%s       from the %s, %.1f ms, %d asked", column(""), res.Source, res.ElapsedMS, len(res.Path))
	}
	return nil
}

// askerFor picks a node to ask: one that does not know the agent, another one for
// each agent where there are several.
func (r *run) askerFor(ctx context.Context, i int, a *agent) (*daemon, error) {
	others := r.others(a.home)
	for j := range others {
		d := others[(i+j)%len(others)]
		code, err := get(ctx, r.client, agentURL(d.line.API, a.id)+"?policy=cache-only")
		if err != nil {
			return nil, &blame{d, err}
		}
		if code == http.StatusNotFound {
			return d, nil
		}
	}
	return others[i%len(others)], nil // everybody holds it
}

// move publishes one agent again at another place.
func (r *run) move(ctx context.Context) error {
	a, doc, err := r.movable()
	if err != nil {
		return err
	}
	r.story.chapter("Move an agent", fmt.Sprintf("%s is published again from a changed description; the higher sequence wins everywhere.", a.file))
	file, err := r.write("changed", doc)
	if err != nil {
		return err
	}
	o, err := r.command(ctx, "publish", file, "--agent", a.name, "--dir", a.home.dir, "-o", "json")
	if err != nil {
		return &blame{a.home, err}
	}
	var p published
	if err := decode(o, &p); err != nil {
		return &blame{a.home, fmt.Errorf("publish %s on %s: %w", file, a.home.name, err)}
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
