package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

const (
	// startLimit bounds the start, until everybody has found everybody.
	startLimit = 3 * time.Minute
	// quietLimit bounds how long the network takes to be whole again once it was healed.
	quietLimit = 2 * time.Minute
	// lookEvery is the pause between two looks at nodes that are to get somewhere.
	lookEvery = 250 * time.Millisecond
)

// Run starts a network, breaks it by a schedule while clients use it, makes it whole,
// asks every node about every agent, and has the log of all that audited. It works only
// inside [Enter]. The report says what came of it; an error means that the run itself
// could not be carried through, and then the report is of what there was. Ending ctx
// ends it early, just as cleanly.
func Run(ctx context.Context, o Options) (Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Report{}, fmt.Errorf("chaos: %w", err)
	}
	file, err := os.Create(o.Log)
	if err != nil {
		return Report{}, fmt.Errorf("chaos: the log of operations: %w", err)
	}
	defer file.Close()
	w, err := NewWorld(o.World)
	if err != nil {
		return Report{}, err
	}
	var copied bytes.Buffer // of the log, which writes one line at a time
	r := &runner{
		opts: o, world: w, log: audit.NewLog(io.MultiWriter(file, &copied), audit.Run{Name: "nemesis", World: "chaos", Seed: o.Seed, Disk: true}, nil),
	}
	r.load = newLoad(w, o.Nodes, r.log, o.Seed)
	r.nemesis = &nemesis{arena: w, nodes: o.Nodes, log: r.log, say: r.say, returned: r.watchReturn}
	err = r.play(ctx)
	r.background.Wait()
	err = errors.Join(err, w.Close(), r.log.Err())
	return r.report(copied.Bytes(), ctx.Err() != nil || err != nil), err
}

// runner is one run.
type runner struct {
	opts    Options
	world   *World
	log     *audit.Log
	load    *load
	nemesis *nemesis

	background sync.WaitGroup // who waits for nodes that came back
	whole      time.Time      // when the last faults were ended
	quiet      time.Duration  // from then until everybody was ready and knew the same

	mu       sync.Mutex
	findings []string      // owned by mu
	slowest  time.Duration // from a restart to ready; owned by mu
	returns  int           // restarts that ended ready; owned by mu
}

func (r *runner) say(format string, args ...any) { fmt.Fprintf(r.opts.Out, format+"\n", args...) }

func (r *runner) find(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings = append(r.findings, fmt.Sprintf(format, args...))
}

// play does the steps of a run.
func (r *runner) play(ctx context.Context) error {
	for _, err := range r.world.Lacks() {
		r.say("not here: %v", err)
	}
	for _, step := range []func(context.Context) error{r.start, r.storm, r.makeWhole, r.settle, r.ask} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// start brings the network up.
func (r *runner) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	begin := time.Now()
	ops := make([]*audit.Op, r.opts.Nodes)
	for i := range ops {
		ops[i] = r.log.Begin(audit.Event{Kind: audit.Join, Node: i + 1})
	}
	err := r.world.Grow(ctx, r.opts.Nodes)
	for _, op := range ops {
		op.End(audit.Event{Error: textOf(err)})
	}
	if err != nil {
		return err
	}
	if err := r.world.Settle(ctx); err != nil {
		return err
	}
	for n := range r.opts.Nodes {
		r.log.Note(audit.Event{Kind: audit.Ready, Node: n + 1})
	}
	r.say("%d daemons are ready after %.1f s, each in a network namespace of its own", r.opts.Nodes, time.Since(begin).Seconds())
	return nil
}

// storm breaks the network while clients use it.
func (r *runner) storm(ctx context.Context) error {
	acts := Schedule(Plan{Seed: r.opts.Seed, Nodes: r.opts.Nodes, For: r.opts.For, ReadOnly: r.world.lab.noReadOnly == nil})
	if err := r.world.Loss(r.opts.Loss); err != nil {
		return err
	}
	r.log.Note(audit.Event{Kind: audit.Other, Note: fmt.Sprintf("loss %g", r.opts.Loss)})
	r.say("a loss of %.3g %%, and %d acts in %s, from the seed %d:", r.opts.Loss*100, len(acts), r.opts.For, r.opts.Seed)
	loadCtx, cancel := context.WithTimeout(ctx, r.opts.For)
	defer cancel()
	var group sync.WaitGroup
	var loadErr error
	group.Go(func() { loadErr = r.load.run(loadCtx) })
	group.Go(func() { r.watchFallen(loadCtx) })
	err := r.nemesis.run(ctx, acts)
	if err != nil {
		cancel()
	}
	group.Wait()
	return errors.Join(err, loadErr, ctx.Err())
}

// watchFallen notes daemons that ended without being told to.
func (r *runner) watchFallen(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		for _, text := range r.world.fallen() {
			r.say("          %s", text)
			r.find("%s", text)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// watchReturn waits until a node that was started again is ready, or is down again.
func (r *runner) watchReturn(n int) {
	begin := time.Now()
	r.background.Go(func() {
		for time.Since(begin) < quietLimit {
			state, _, err := r.world.State(n)
			switch {
			case err != nil && !r.world.running(n):
				return
			case state == "ready":
				r.log.Note(audit.Event{Kind: audit.Ready, Node: n})
				r.mu.Lock()
				defer r.mu.Unlock()
				r.slowest = max(r.slowest, time.Since(begin))
				r.returns++
				return
			}
			time.Sleep(lookEvery)
		}
		r.find("n%d was started again and is not ready after %s", n, quietLimit)
	})
}

// makeWhole ends every fault.
func (r *runner) makeWhole(context.Context) error {
	r.say("making everything whole")
	r.whole = time.Now()
	if err := r.world.closeWires(); err != nil {
		return err
	}
	r.log.Note(audit.Event{Kind: audit.Heal})
	return together(upTo(r.opts.Nodes), func(n int) error {
		if err := r.world.repair(n); err != nil {
			return err
		}
		if r.world.running(n) {
			return nil
		}
		return r.nemesis.one(DoRestart, n)
	})
}

// settle waits until every node is ready and knows the same facts.
func (r *runner) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, quietLimit)
	defer cancel()
	for {
		err := r.world.quiet(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			r.find("not quiet %s after everything was whole: %v", quietLimit, err)
			break
		}
		time.Sleep(lookEvery)
	}
	r.quiet = time.Since(r.whole)
	r.say("quiet after %.1f s: every node is ready, and all know as many facts", r.quiet.Seconds())
	return nil
}

// ask asks every node about every agent, once the auditor excuses nobody any more.
func (r *runner) ask(ctx context.Context) error {
	rest := time.NewTimer(audit.Grace - r.quiet + time.Second)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, policy := range []string{"first", "most-recent"} {
		begin := time.Now()
		r.load.askAll(ctx, policy)
		r.say("asked %d nodes about %d agents (%s) in %.1f s", r.opts.Nodes, r.load.count(), policy, time.Since(begin).Seconds())
	}
	return ctx.Err()
}

// report sums up, with the verdict of the auditor.
func (r *runner) report(log []byte, partial bool) Report {
	rep := Report{
		Nodes: r.opts.Nodes, Seed: r.opts.Seed, For: r.opts.For, Agents: r.load.count(), Partial: partial,
		Faults: sums(r.world.ledger.all()), Quiet: r.quiet, Slowest: r.slowest, Returns: r.returns,
		Findings: r.findings, Log: r.opts.Log, Logs: r.opts.World.Logs,
	}
	rep.Names, rep.Operations = r.load.tallies()
	events, err := audit.Read(bytes.NewReader(log))
	if err != nil {
		rep.Findings = append(rep.Findings, err.Error())
		return rep
	}
	rep.Violations = audit.Check(events)
	if err := neverHappened(rep.Faults); err != nil && !partial {
		rep.Findings = append(rep.Findings, err.Error())
	}
	return rep
}
