package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Process is one cairn daemon as a process of its own, for tests that need separate
// ones. It can be started again after it has ended. Whoever starts and ends it does
// so from one goroutine at a time, and waits for nothing meanwhile.
type Process struct{ d daemon }

// NewProcess makes the place of a daemon on the data directory dir. Its name stands
// in errors; log gets what it writes on standard error, across restarts.
func NewProcess(name, dir string, log io.Writer) *Process {
	return &Process{daemon{name: name, dir: dir, copy: log}}
}

// Behind has every later Start run the binary through another program, such as one
// that enters a network namespace first: argv, and behind it the binary with its
// arguments. That program must become the binary (exec), so that the process is the
// daemon.
func (p *Process) Behind(argv ...string) { p.d.behind = argv }

// Start starts the cairn binary as a daemon with args beside --dir and the output's form.
func (p *Process) Start(cairn string, args ...string) error { return p.d.start(cairn, args...) }

// WaitReady waits for the ready line. It fails where the process ends before, and
// after 45 s.
func (p *Process) WaitReady(ctx context.Context) error { return p.d.waitReady(ctx) }

// Ready reports whether the ready line came, and when. It counts from the last Start.
func (p *Process) Ready() (at time.Time, ok bool) {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	return p.d.readyAt, p.d.readyAt.After(p.d.started)
}

// Addrs are the multiaddrs of the last ready line.
func (p *Process) Addrs() []string {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	return p.d.line.Addrs
}

// PID is the process ID of the last Start.
func (p *Process) PID() int { return p.d.cmd.Process.Pid }

// Signal sends a signal to the process. One that has ended gets none, which is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.d.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.d.name, err)
	}
	return nil
}

// Exited is closed when the process of the last Start has ended.
func (p *Process) Exited() <-chan struct{} { return p.d.exited }

// Running reports whether the process is there.
func (p *Process) Running() bool { return p.d.running() }

// Kill ends the process at once (SIGKILL) and waits for its end.
func (p *Process) Kill() error { return p.d.kill() }

// Stop asks the process to end (SIGINT), waits, and kills it where it does not.
func (p *Process) Stop() error { return p.d.stop() }

// Tail is the end of the log: its last dozen lines.
func (p *Process) Tail() string { return p.d.tail() }
