package demo

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// switchOff stops the last node, so that it misses what comes.
func (r *run) switchOff(ctx context.Context) error {
	off := r.daemons[len(r.daemons)-1]
	r.story.chapter("Switch a node off", fmt.Sprintf("%s stops now and will not hear of what follows.", off.name))
	r.stopped[off] = struct{}{}
	o, err := r.command(ctx, "stop", "--dir", off.dir)
	if err != nil || o.code != 0 {
		return &blame{off, fmt.Errorf("cairn stop on %s: %s: %w", off.name, o.reason(), err)}
	}
	<-off.exited
	return nil
}

// revoke ends an agent while every running node is asked for it over HTTP, from
// before the command starts until each refuses.
func (r *run) revoke(ctx context.Context) error {
	a := r.dead
	r.story.chapter("Revoke an agent", fmt.Sprintf(
		"Every node is asked for %s over HTTP every %s, from before the command starts: 200 is \"here it is\", 410 is \"it is no more\".", a.file, ms(pollEvery)))
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	watches := r.watchAll(a)
	var group sync.WaitGroup
	for _, w := range watches {
		group.Go(func() { w.run(ctx, r.client) })
	}
	defer group.Wait()
	defer cancel()
	for _, w := range watches {
		if err := until(ctx, w.daemon.name+" answers 200", func() bool { alive, _ := w.answered(); return alive > 0 }); err != nil {
			return &blame{w.daemon, err}
		}
	}
	start := time.Now()
	o, err := r.command(ctx, "revoke", a.name, "--dir", a.home.dir)
	if err != nil {
		return &blame{a.home, err}
	}
	var rev revoked
	if err := decode(o, &rev); err != nil {
		return &blame{a.home, fmt.Errorf("cairn revoke on %s: %w", a.home.name, err)}
	}
	r.story.line("the command took %s: handed to %d peers at once, and %d of %d nodes asked near the key have it", ms(o.took), rev.GossipPeers, rev.Acks, rev.Targets)
	for _, w := range watches {
		if err := r.timeRefusal(ctx, w, start); err != nil {
			return err
		}
	}
	r.story.line("the slowest of %d nodes refused %s after the command started", len(watches), ms(r.slowest))
	return nil
}

// watchAll prepares a watch of every running node.
func (r *run) watchAll(a *agent) []*watch {
	var watches []*watch
	for _, d := range r.others() {
		watches = append(watches, &watch{daemon: d, url: agentURL(d.line.API, a.id)})
	}
	return watches
}

func (r *run) timeRefusal(ctx context.Context, w *watch, start time.Time) error {
	if err := until(ctx, w.daemon.name+" answers 410", func() bool { _, ok := w.refusal(); return ok }); err != nil {
		return &blame{w.daemon, err}
	}
	at, _ := w.refusal()
	took := at.Sub(start)
	r.slowest = max(r.slowest, took)
	r.refused[w.daemon] = ms(took)
	return nil
}

// comeBack starts the node that was off.
func (r *run) comeBack(ctx context.Context) error {
	d := r.daemons[len(r.daemons)-1]
	r.story.chapter("The node that was off comes back", "It heard nothing of the revocation. It must refuse by the time it says ready.")
	return r.joinLate(ctx, d, "was off")
}

// comeNew starts a node that never was.
func (r *run) comeNew(ctx context.Context) error {
	r.story.chapter("A brand-new node joins", "It knows nothing at all. It must refuse by the time it says ready.")
	return r.joinLate(ctx, r.newDaemon(), "brand-new")
}

// joinLate starts a daemon and asks it for the revoked agent from its first
// moment: it may not know at first, but must never call the agent active, and must
// refuse once it is ready.
func (r *run) joinLate(ctx context.Context, d *daemon, how string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.launch(d, r.anchors(d)...); err != nil {
		return err
	}
	url, err := d.url(ctx)
	if err != nil {
		return &blame{d, err}
	}
	w := &watch{daemon: d, url: agentURL(url, r.dead.id)}
	var group sync.WaitGroup
	group.Go(func() { w.run(ctx, r.client) })
	defer group.Wait()
	defer cancel()
	if err := d.waitReady(ctx); err != nil {
		return &blame{d, err}
	}
	code, err := get(ctx, r.client, w.url)
	if err != nil {
		return &blame{d, err}
	}
	if alive, _ := w.answered(); alive > 0 || code != http.StatusGone {
		return &blame{d, fmt.Errorf("%s is ready and answers %d (%d times 200 before)", d.name, code, alive)}
	}
	if err := until(ctx, d.name+" answers 410", func() bool { _, ok := w.refusal(); return ok }); err != nil {
		return &blame{d, err}
	}
	at, _ := w.refusal()
	r.refused[d] = how + ": once ready"
	if d.readyAt.After(at) {
		r.refused[d] = fmt.Sprintf("%s: %s before ready", how, ms(d.readyAt.Sub(at)))
	}
	r.story.line("%s was ready %s after its start; it refused from %s after its start on", d.name, ms(d.readyAt.Sub(d.started)), ms(minTime(at, d.readyAt).Sub(d.started)))
	return nil
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
