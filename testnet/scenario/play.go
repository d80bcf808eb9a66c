package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// patience bounds a command that names no limit of its own.
const patience = 10 * time.Minute

// Options say how a scenario is played.
type Options struct {
	// Make makes the world. Required.
	Make Maker
	// World names it in the log: "sim", "loopback" and so on.
	World string
	// Log gets the operations log, one JSON object a line; may be nil.
	Log io.Writer
	// Progress is called before each command; may be nil.
	Progress func(line int, text string)
	// Rewrite takes all output as what was wanted: see [File.Rewritten].
	Rewrite bool
}

// play is one run of a scenario.
type play struct {
	file  *File
	opts  Options
	want  Spec
	world World
	log   *audit.Log
	rep   *Report

	agents    map[string][]*agent
	skew      map[int]time.Duration // of nodes' clocks
	strangers []io.Closer           // to be closed before the world
	last      int                   // number of the newest node
	out       []string              // output of the block so far
	doubts    []string              // what fails a block whose output nobody compares
	mark      time.Time             // when "within" counts from

	watched map[records.AgentID][]int // who watches
	ears    sync.WaitGroup            // who listens to nodes
	deaf    context.CancelFunc
	mu      sync.Mutex
	learned map[[32]byte]map[int]time.Time     // when a fact reached a node, by its item; owned by mu
	ended   map[records.AgentID]time.Time      // when a revocation was asked for; owned by mu
	placed  map[records.AgentID]placed         // the last publish; owned by mu
	yields  map[records.Mark]map[int]time.Time // when a node's watch yielded a record; owned by mu
}

// Play plays the scenario once and reports. Whatever goes wrong with the promise is in
// the report; the error says that the run could not be brought to its end, as when ctx
// ended. The world is closed when Play returns.
func (f *File) Play(ctx context.Context, opts Options) (*Report, error) {
	var log bytes.Buffer
	p := &play{
		file: f, opts: opts, rep: &Report{File: f.Name, Promise: f.Promise}, agents: make(map[string][]*agent), skew: make(map[int]time.Duration),
		learned: make(map[[32]byte]map[int]time.Time), ended: make(map[records.AgentID]time.Time),
		watched: make(map[records.AgentID][]int), placed: make(map[records.AgentID]placed), yields: make(map[records.Mark]map[int]time.Time),
	}
	listen, deaf := context.WithCancel(ctx)
	p.deaf = deaf
	begin := time.Now()
	p.begin(&log)
	err := p.blocks(listen)
	p.rep.Took = time.Since(begin)
	err = errors.Join(err, p.close())
	if err == nil {
		err = p.audit(&log)
	}
	p.rep.Partial = err != nil
	p.rep.Held = err == nil && len(p.rep.Failures) == 0
	return p.rep, err
}

// begin opens the log.
func (p *play) begin(log *bytes.Buffer) {
	first := p.file.blocks[0].commands[0].do.(*nodesVerb)
	p.want = first.spec
	p.rep.Nodes, p.rep.Seed = p.want.Nodes, p.want.Seed
	var out io.Writer = log
	if p.opts.Log != nil {
		out = io.MultiWriter(log, p.opts.Log)
	}
	p.log = audit.NewLog(out, audit.Run{Name: p.file.Name, World: p.opts.World, Seed: p.want.Seed, Disk: p.want.Disk}, nil)
}

// blocks plays one block after the other, up to the first that fails.
func (p *play) blocks(ctx context.Context) error {
	for _, b := range p.file.blocks {
		p.out, p.doubts = nil, nil
		for _, c := range b.commands {
			if err := p.command(ctx, c); err != nil {
				if ctx.Err() != nil {
					return fmt.Errorf("%s:%d: %w", p.file.Name, c.line, context.Cause(ctx))
				}
				p.fail(c.line, c.text, err.Error())
				return nil
			}
		}
		last := b.commands[len(b.commands)-1]
		if !b.ruled && len(p.doubts) > 0 {
			p.fail(last.line, last.text, strings.Join(p.doubts, "\n"))
			return nil
		}
		p.rep.output = append(p.rep.output, p.out)
		if !p.compare(b) {
			return nil
		}
	}
	return nil
}

// command carries one out.
func (p *play) command(ctx context.Context, c command) error {
	if p.opts.Progress != nil {
		p.opts.Progress(c.line, c.text)
	}
	if _, looks := c.do.(looker); !looks {
		p.mark = time.Now()
	}
	if p.world != nil {
		p.log.Note(audit.Event{Kind: audit.Other, Note: fmt.Sprintf("line %d: %s", c.line, c.text)})
	}
	return c.do.do(ctx, p)
}

// looker is a command that changes nothing: "within" behind it counts from the last
// one that did.
type looker interface{ looks() }

// refuse says what the world lacks for the commands of the file, before the first of
// them is carried out.
func (p *play) refuse() error {
	var errs []error
	for _, b := range p.file.blocks {
		for _, c := range b.commands {
			if c.verb.needs == nil {
				continue
			}
			if lack := c.verb.needs(p.world); lack != "" {
				errs = append(errs, fmt.Errorf("line %d, %s: this world has no %s", c.line, c.verb.name, lack))
			}
		}
	}
	return errors.Join(errs...)
}

// say adds a line of output.
func (p *play) say(format string, args ...any) { p.out = append(p.out, fmt.Sprintf(format, args...)) }

// doubt is say for what is no good unless the scenario expects it.
func (p *play) doubt(format string, args ...any) {
	p.say(format, args...)
	p.doubts = append(p.doubts, p.out[len(p.out)-1])
}

// maxText bounds the lines of one failure.
const maxText = 10

func (p *play) fail(line int, command, text string) {
	if lines := strings.Split(text, "\n"); len(lines) > maxText {
		text = strings.Join(append(lines[:maxText], fmt.Sprintf("and %d more", len(lines)-maxText)), "\n")
	}
	p.rep.Failures = append(p.rep.Failures, Failure{Line: line, Command: command, Text: text})
}

// compare holds the output of a block against what the file wants.
func (p *play) compare(b block) bool {
	if !b.ruled || p.opts.Rewrite {
		return true
	}
	for i := range max(len(b.want), len(p.out)) {
		line, want, got := b.after, "no more output", "no more output"
		if i < len(b.want) {
			line, want = b.want[i].line, b.want[i].pattern
		}
		if i < len(p.out) {
			got = p.out[i]
		}
		if i >= len(b.want) || i >= len(p.out) || !matches(want, got) {
			p.fail(line, b.commands[len(b.commands)-1].text, fmt.Sprintf("want %s\n got %s", want, got))
			return false
		}
	}
	return true
}

// close ends everything that was started.
func (p *play) close() error {
	p.deaf()
	var errs []error
	for _, s := range p.strangers {
		errs = append(errs, s.Close())
	}
	p.ears.Wait()
	if p.world != nil {
		errs = append(errs, p.world.Close())
	}
	return errors.Join(append(errs, p.log.Err())...)
}

// audit holds the log against the promises that every run must keep.
func (p *play) audit(log *bytes.Buffer) error {
	events, err := audit.Read(log)
	if err != nil {
		return err
	}
	for _, v := range audit.Check(events) {
		p.rep.Violations = append(p.rep.Violations, v.String())
		p.fail(0, "the auditor", v.String())
	}
	return nil
}

// listen follows the facts of nodes that have just come up.
func (p *play) listen(ctx context.Context, nodes ...int) {
	world, ok := p.world.(Telling)
	if !ok {
		return
	}
	for _, n := range nodes {
		p.ears.Go(func() {
			world.Follow(ctx, n, func(f records.Fact) { p.learn(n, f) })
		})
	}
}

// learn notes that a fact reached a node.
func (p *play) learn(n int, f records.Fact) {
	p.log.Note(audit.Event{Kind: audit.Learn, Node: n, Agent: f.ID(), Proof: f.Bytes()})
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.learned[f.Item()]
	if of == nil {
		of = make(map[int]time.Time)
		p.learned[f.Item()] = of
	}
	if _, known := of[n]; !known {
		of[n] = time.Now()
	}
}

// forget lets what a node knew be news again: it is down.
func (p *play) forget(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, of := range p.learned {
		delete(of, n)
	}
}

// heard is when a tombstone reached a node.
func (p *play) heard(id records.AgentID, n int) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.learned[records.DeadItem(id)][n]
	return at, ok
}

// nodes returns the nodes of a set, which must all be up.
func (p *play) nodes(s set) ([]int, error) {
	up := p.world.Up()
	nodes := s.in(up)
	if len(nodes) == 0 {
		return nil, errors.New("no node of those is up")
	}
	for _, n := range nodes {
		if err := p.isUp(n); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

func (p *play) isUp(n int) error {
	for _, u := range p.world.Up() {
		if u == n {
			return nil
		}
	}
	return fmt.Errorf("n%d is not up", n)
}

// each does something at several nodes at once and joins what went wrong.
func each(nodes []int, do func(n int) error) error {
	errs := make([]error, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() { errs[i] = do(n) })
	}
	group.Wait()
	return errors.Join(errs...)
}
