package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// run is one run of the demonstration.
type run struct {
	cfg     Config
	cli     cli
	story   *story
	client  *http.Client
	network string
	dir     string

	daemons []*daemon
	agents  []*agent
	dead    *agent               // the one that is revoked
	refused map[*daemon]string   // what the table says of each daemon
	slowest time.Duration        // of the daemons that were up
	stopped map[*daemon]struct{} // ended on purpose
}

// agent is one published agent.
type agent struct {
	id, name, file string
	doc            []byte
	home           *daemon // where it was published
	places         []string
}

// Run plays the demonstration and tells it on cfg.Out. An error means that a step
// failed. It ends every process that it started, and removes what it wrote unless
// cfg.Keep is set; ending ctx ends it early, just as cleanly.
func Run(ctx context.Context, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	r := &run{
		cfg: cfg, cli: cli{cfg.Cairn}, story: &story{out: cfg.Out, start: time.Now()},
		client:  &http.Client{Timeout: 5 * time.Second},
		refused: make(map[*daemon]string), stopped: make(map[*daemon]struct{}),
	}
	if r.network, err = networkName(); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if r.dir, err = workDir(); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	err = r.play(ctx)
	if err != nil && ctx.Err() == nil {
		r.explain(err)
	}
	if err = errors.Join(err, r.cleanUp()); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

func (r *run) play(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		r.startAll, r.publishAll, r.resolveAll, r.move, r.switchOff, r.revoke, r.comeBack, r.comeNew, r.killHolder, r.conclude,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// blame is an error with the daemon that it is about.
type blame struct {
	daemon *daemon
	err    error
}

func (b *blame) Error() string { return b.err.Error() }
func (b *blame) Unwrap() error { return b.err }

// explain shows the last log lines of the daemon that an error is about, and of
// those that ended by themselves.
func (r *run) explain(err error) {
	suspects := slices.DeleteFunc(slices.Clone(r.daemons), func(d *daemon) bool {
		_, onPurpose := r.stopped[d]
		return onPurpose || d.running()
	})
	var b *blame
	if errors.As(err, &b) && !slices.Contains(suspects, b.daemon) {
		suspects = append(suspects, b.daemon)
	}
	for _, d := range suspects {
		fmt.Fprintf(r.cfg.Out, "\nthe last log lines of %s:\n%s\n", d.name, d.tail())
	}
}

// cleanUp ends the processes and removes the directories.
func (r *run) cleanUp() error {
	r.client.CloseIdleConnections() // a daemon that stops waits for open ones
	errs := make([]error, len(r.daemons))
	var group sync.WaitGroup
	for i, d := range r.daemons {
		group.Go(func() { errs[i] = d.stop() })
	}
	group.Wait()
	if r.cfg.Keep {
		r.story.line("kept: %s", r.dir)
	} else {
		errs = append(errs, os.RemoveAll(r.dir))
	}
	return errors.Join(errs...)
}

// newDaemon makes a place for one more node.
func (r *run) newDaemon() *daemon {
	name := fmt.Sprintf("n%d", len(r.daemons)+1)
	d := &daemon{name: name, dir: filepath.Join(r.dir, name)}
	r.daemons = append(r.daemons, d)
	return d
}

// launch starts a daemon that joins through others.
func (r *run) launch(d *daemon, through ...*daemon) error {
	args := []string{
		"--network", r.network, "--replication", fmt.Sprint(replication), "--api", "127.0.0.1:0",
		"--listen", "/ip4/127.0.0.1/tcp/0", "--listen", "/ip4/127.0.0.1/udp/0/quic-v1",
	}
	for _, t := range through {
		args = append(args, "--bootstrap", t.line.Addrs[0])
	}
	delete(r.stopped, d)
	return d.start(r.cfg.Cairn, args...)
}

// startAll starts the daemons: the first alone, the others through it and, as
// soon as there are more, through three.
func (r *run) startAll(ctx context.Context) error {
	r.story.chapter(fmt.Sprintf("Start %d nodes", r.cfg.Nodes),
		fmt.Sprintf("Each is a process of its own (cairn daemon) with its own directory, on the network %s.", r.network))
	for range r.cfg.Nodes {
		d := r.newDaemon()
		if err := r.launch(d, r.anchors(d)...); err != nil {
			return err
		}
		if err := d.waitReady(ctx); err != nil {
			return &blame{d, err}
		}
		r.story.line("%-4s %s  %-26s ready after %s", d.name, short(d.line.Peer), d.line.API, ms(d.readyAt.Sub(d.started)))
	}
	return nil
}

// anchors are up to three running nodes to join through.
func (r *run) anchors(d *daemon) []*daemon {
	var through []*daemon
	for _, o := range r.daemons {
		if o != d && o.running() && len(through) < 3 {
			through = append(through, o)
		}
	}
	return through
}

// others are the running nodes without those given.
func (r *run) others(without ...*daemon) []*daemon {
	return slices.DeleteFunc(slices.Clone(r.daemons), func(d *daemon) bool { return slices.Contains(without, d) || !d.running() })
}
