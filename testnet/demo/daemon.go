package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

const (
	// keptLines is how much of a daemon's log is kept for the case of failure.
	keptLines = 12
	// stopLimit is how long a daemon gets to stop in good order.
	stopLimit = 10 * time.Second
	// lookEvery is the pause between two looks at something that is to change.
	lookEvery = 2 * time.Millisecond
)

// readyLine is what a daemon prints when it is ready.
type readyLine struct {
	Event string   `json:"event"`
	Peer  string   `json:"peer"`
	Addrs []string `json:"addrs"`
	API   string   `json:"api"`
}

// daemon is one node: a process, or what is left of it while it is down.
type daemon struct {
	name string
	dir  string
	copy io.Writer // gets the whole log too, where it is not nil
	// behind is the command line that the binary's is put behind; empty for none.
	behind []string

	cmd     *exec.Cmd
	started time.Time
	ready   chan struct{} // closed when the ready line came
	exited  chan struct{} // closed when the process has ended

	mu      sync.Mutex
	line    readyLine // owned by mu until ready is closed
	readyAt time.Time // owned by mu until ready is closed
	log     []string  // last lines on stderr; owned by mu
	end     error     // how the process ended; owned by mu until exited is closed
}

// start starts the process.
func (d *daemon) start(cairn string, args ...string) error {
	d.ready, d.exited = make(chan struct{}), make(chan struct{})
	line := slices.Concat(d.behind, []string{cairn, "daemon", "--dir", d.dir, "-o", "json", "--log-level", "info"}, args)
	d.cmd = exec.Command(line[0], line[1:]...)
	apart(d.cmd)
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		return err
	}
	d.started = time.Now()
	if err := d.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	var readers sync.WaitGroup
	readers.Go(func() { d.readEvents(stdout) })
	readers.Go(func() { d.readLog(stderr) })
	go func() {
		readers.Wait()
		err := d.cmd.Wait()
		d.mu.Lock()
		d.end = err
		d.mu.Unlock()
		close(d.exited)
	}()
	return nil
}

// readEvents waits for the ready line, then drains.
func (d *daemon) readEvents(r io.Reader) {
	lines := bufio.NewScanner(r)
	seen := false
	for lines.Scan() {
		var line readyLine
		if seen || json.Unmarshal(lines.Bytes(), &line) != nil || line.Event != "ready" {
			continue
		}
		seen = true
		d.mu.Lock()
		d.line, d.readyAt = line, time.Now()
		d.mu.Unlock()
		close(d.ready)
	}
}

func (d *daemon) readLog(r io.Reader) {
	if d.copy != nil {
		r = io.TeeReader(r, d.copy)
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		d.mu.Lock()
		d.log = append(d.log, lines.Text())
		d.log = d.log[max(0, len(d.log)-keptLines):]
		d.mu.Unlock()
	}
}

// waitReady waits for the ready line.
func (d *daemon) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-d.ready:
		return nil
	case <-d.exited:
		return fmt.Errorf("%s ended before it was ready: %v", d.name, d.end)
	case <-ctx.Done():
		return fmt.Errorf("%s did not become ready: %w", d.name, ctx.Err())
	}
}

// url waits until the daemon's HTTP API is open, which is before it is ready, and
// returns where.
func (d *daemon) url(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		e, err := api.ReadEndpoint(d.dir)
		if err == nil && e.URL != "" && e.PID == d.cmd.Process.Pid {
			return e.URL, nil
		}
		select {
		case <-time.After(lookEvery):
		case <-d.exited:
			return "", fmt.Errorf("%s ended before its API was open: %v", d.name, d.end)
		case <-ctx.Done():
			return "", fmt.Errorf("%s opened no API: %w", d.name, ctx.Err())
		}
	}
}

// running reports whether the process is there.
func (d *daemon) running() bool {
	if d.exited == nil {
		return false
	}
	select {
	case <-d.exited:
		return false
	default:
		return true
	}
}

// kill ends the process at once, as a power cut would.
func (d *daemon) kill() error {
	if err := d.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	<-d.exited
	return nil
}

// stop asks the process to end, and kills it where it does not.
func (d *daemon) stop() error {
	if !d.running() {
		return nil
	}
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(fmt.Errorf("%s: %w", d.name, err), d.kill())
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-d.exited:
		return nil
	case <-limit.C:
		return errors.Join(fmt.Errorf("%s did not stop within %s", d.name, stopLimit), d.kill())
	}
}

// tail is the end of the daemon's log.
func (d *daemon) tail() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.log, "\n")
}
