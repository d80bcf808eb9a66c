package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// process is a program that runs beside a script.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and its output is read

	mu    sync.Mutex
	lines []string      // of stdout and stderr; owned by mu
	more  chan struct{} // closed and replaced with every line; owned by mu
}

// spawn starts cairn in the script's folder; it does not outlive the script.
func spawn(ts *testscript.TestScript, name string, args []string) *process {
	args = append([]string{"cairn"}, args...)
	if mount := ts.Value("disks").(map[string]string)[name]; mount != "" {
		args = append([]string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount + ` && exec "$0" "$@"`}, args...)
	}
	p := &process{cmd: exec.Command(args[0], args[1:]...), done: make(chan struct{}), more: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"))
	p.cmd.Dir = ts.MkAbs(".")
	stdout, err := p.cmd.StdoutPipe()
	ts.Check(err)
	stderr, err := p.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	go func() {
		defer close(p.done)
		var readers sync.WaitGroup
		readers.Go(func() { p.read(stdout) })
		readers.Go(func() { p.read(stderr) })
		readers.Wait()
		_ = p.cmd.Wait() // ProcessState tells
	}()
	processes(ts)[name] = p
	ts.Defer(func() {
		_ = p.cmd.Process.Kill() // it may have ended long ago
		<-p.done
		ts.Logf("[%s]\n%s", name, p.said())
	})
	return p
}

func (p *process) read(r io.Reader) {
	for s := bufio.NewScanner(r); s.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
	}
}

// said is all that the process has written so far.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// find returns the first line with text in it, and a channel that closes when
// there is more to look at.
func (p *process) find(text string) (line string, more <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if strings.Contains(line, text) {
			return line, p.more
		}
	}
	return "", p.more
}

// wait returns the first line with text in it, as soon as there is one.
func (p *process) wait(text string) (string, error) {
	limit := time.After(patience)
	for {
		line, more := p.find(text)
		if line != "" {
			return line, nil
		}
		select {
		case <-more:
		case <-p.done:
			if line, _ := p.find(text); line != "" {
				return line, nil
			}
			return "", errors.New("it has ended")
		case <-limit:
			return "", errors.New("it took too long")
		}
	}
}

func processes(ts *testscript.TestScript) map[string]*process {
	return ts.Value("processes").(map[string]*process)
}

func known(ts *testscript.TestScript, name string) *process {
	p := processes(ts)[name]
	if p == nil {
		ts.Fatalf("nothing named %s was spawned", name)
	}
	return p
}

func cmdSpawn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: spawn NAME ARGS...")
	}
	spawn(ts, args[0], args[1:])
}

func cmdDaemon(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: daemon NAME ARGS...")
	}
	name := args[0]
	fixed := []string{"daemon", "--dir", ts.MkAbs(name), "--listen", "/ip4/127.0.0.1/tcp/0", "-o", "json"}
	line, err := spawn(ts, name, append(fixed, args[1:]...)).wait(`{"event":"ready"`)
	if err != nil {
		ts.Fatalf("daemon %s is not ready: %v", name, err)
	}
	var ready struct {
		Peer, API string
		Addrs     []string
	}
	ts.Check(json.Unmarshal([]byte(line), &ready))
	if ready.Peer == "" || len(ready.Addrs) == 0 || !strings.HasSuffix(ready.Addrs[0], "/p2p/"+ready.Peer) {
		ts.Fatalf("daemon %s: not the promised line: %s", name, line)
	}
	ts.Setenv(name+"_peer", ready.Peer)
	ts.Setenv(name+"_addr", ready.Addrs[0])
	ts.Setenv(name+"_api", ready.API)
	ts.Setenv(name+"_listen", strings.TrimSuffix(ready.Addrs[0], "/p2p/"+ready.Peer))
}

func cmdSays(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: says NAME TEXT")
	}
	if _, err := known(ts, args[0]).wait(args[1]); err != nil {
		ts.Fatalf("%s never said %q: %v", args[0], args[1], err)
	}
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": os.Kill}
	if neg || len(args) != 2 || signals[args[1]] == nil {
		ts.Fatalf("usage: signal NAME INT|TERM|HUP|KILL")
	}
	ts.Check(known(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

func cmdEnded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended NAME CODE")
	}
	p := known(ts, args[0])
	select {
	case <-p.done:
	case <-time.After(patience):
		ts.Fatalf("%s does not end", args[0])
	}
	if got := strconv.Itoa(p.cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("%s ended with %s, want %s", args[0], got, args[1])
	}
}
