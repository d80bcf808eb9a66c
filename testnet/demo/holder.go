package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// killHolder kills a node that holds a living agent's record, finds the agent
// from all others, and brings the node back.
func (r *run) killHolder(ctx context.Context) error {
	a := r.living()
	holder, err := r.holderOf(ctx, a)
	if err != nil {
		return err
	}
	r.story.chapter("Kill a node that holds a record", fmt.Sprintf("%s holds the record of %s. It gets SIGKILL: no farewell, nothing handed over.", holder.name, a.file))
	r.stopped[holder] = struct{}{}
	r.story.command(fmt.Sprintf("kill -9 %d", holder.cmd.Process.Pid))
	if err := holder.kill(); err != nil {
		return &blame{holder, err}
	}
	for _, d := range r.others() {
		res, err := r.resolve(ctx, d, a, "first")
		if err != nil {
			return err
		}
		if !slices.Equal(res.places(), a.places) {
			return &blame{d, fmt.Errorf("%s finds %s at %v", d.name, a.file, res.places())}
		}
	}
	r.story.line("each of the other %d nodes still finds it at %s", len(r.others()), a.places[0])
	return r.revive(ctx, holder, a)
}

// revive starts the killed node on what its disk kept.
func (r *run) revive(ctx context.Context, d *daemon, a *agent) error {
	if err := r.launch(d, r.anchors(d)...); err != nil {
		return err
	}
	if err := d.waitReady(ctx); err != nil {
		return &blame{d, err}
	}
	code, err := get(ctx, r.client, agentURL(d.line.API, r.dead.id))
	if err != nil || code != http.StatusGone {
		return &blame{d, fmt.Errorf("%s was killed and answers %d for the revoked agent (%v)", d.name, code, err)}
	}
	res, err := r.resolve(ctx, d, a, "cache-only")
	if err != nil {
		return err
	}
	if !slices.Equal(res.places(), a.places) {
		return &blame{d, fmt.Errorf("%s was killed and has lost what it had stored", d.name)}
	}
	r.story.line("%s is back: what it had stored is on its disk, and it refuses the revoked agent still", d.name)
	return nil
}

// living is an agent that was not revoked.
func (r *run) living() *agent {
	i := slices.IndexFunc(r.agents, func(a *agent) bool { return a != r.dead })
	return r.agents[i]
}

// holderOf returns a node that holds the record of an agent for its publisher.
func (r *run) holderOf(ctx context.Context, a *agent) (*daemon, error) {
	for _, d := range r.others(a.home) {
		o, err := r.cli.run(ctx, "resolve", a.id, "--dir", d.dir, "--policy", "cache-only", "-o", "json")
		if err != nil {
			return nil, &blame{d, err}
		}
		var res resolved
		if decode(o, &res) == nil && res.Source == "local" {
			return d, nil
		}
	}
	return nil, errors.New("nobody holds a record of " + a.file)
}

// conclude asks every node once more, and sums up.
func (r *run) conclude(ctx context.Context) error {
	r.story.chapter("In the end", "Each node as it stands now, asked once more.")
	rows := [][]string{{"NODE", "PEER", "REFUSED AFTER", "STATE"}}
	for _, d := range r.daemons {
		code, err := get(ctx, r.client, agentURL(d.line.API, r.dead.id))
		if err != nil || code != http.StatusGone {
			return &blame{d, fmt.Errorf("%s answers %d for the revoked agent (%v)", d.name, code, err)}
		}
		rows = append(rows, []string{d.name, short(d.line.Peer), r.refused[d], "up, refuses"})
	}
	r.story.table(rows)
	fmt.Fprintf(r.cfg.Out, "\nProved: %d agents were found from other nodes, one moved, and after its revocation %d of %d nodes refuse it: "+
		"those that were up within %s, the one that was off and the brand-new one from the moment they were ready, the killed one still.\n",
		len(r.agents), len(rows)-1, len(r.daemons), ms(r.slowest))
	return nil
}
