//go:build soak

package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cairn-overlay/cairn/testnet/demo"
)

// node is one daemon. Its addresses stay the same when it starts again.
type node struct {
	*demo.Process
	name string
	dir  string
	url  string // of its HTTP API
	log  string // the file with all that it ever logged
	args []string
	addr string // to join through; set once it was ready
}

// fleet is a network of daemons on the loopback interface.
type fleet struct {
	t     *testing.T
	root  string
	name  string
	ports *ports
	more  []string // arguments of every daemon
	nodes []*node
}

// newFleet starts n daemons, one after the other, and waits until all are ready.
// They end with the test.
func newFleet(t *testing.T, n int, more ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, root: t.TempDir(), ports: newPorts(), more: more}
	f.name = fmt.Sprintf("soak-%d-%d", os.Getpid(), f.ports.next(t))
	t.Cleanup(f.stop)
	for range n {
		d := f.add()
		f.launch(d)
		f.mustReady(d)
	}
	t.Logf("%d daemons are ready on the network %s", n, f.name)
	return f
}

// add makes the place of one more daemon.
func (f *fleet) add() *node {
	f.t.Helper()
	name := fmt.Sprintf("n%d", len(f.nodes)+1)
	d := &node{name: name, dir: filepath.Join(f.root, name), log: filepath.Join(f.root, name+".log")}
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = log.Close() }) // a log for people
	api, swarm := f.ports.next(f.t), f.ports.next(f.t)
	d.url = fmt.Sprintf("http://127.0.0.1:%d", api)
	d.args = append([]string{
		"--network", f.name, "--api", fmt.Sprintf("127.0.0.1:%d", api),
		"--listen", fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", swarm), "--listen", fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1", swarm),
	}, f.more...)
	d.Process = demo.NewProcess(name, d.dir, log)
	f.nodes = append(f.nodes, d)
	return d
}

// launch starts a daemon that joins through the others, and does not wait.
func (f *fleet) launch(d *node) {
	f.t.Helper()
	args := d.args
	for _, o := range f.nodes {
		if o != d && o.addr != "" {
			args = append(args[:len(args):len(args)], "--bootstrap", o.addr)
		}
	}
	if err := d.Start(binary, args...); err != nil {
		f.t.Fatal(err)
	}
}

// mustReady waits until a daemon is ready.
func (f *fleet) mustReady(d *node) {
	f.t.Helper()
	if err := d.WaitReady(f.t.Context()); err != nil {
		f.t.Fatal(d.says("%v", err))
	}
	d.addr = d.Addrs()[0]
}

// says puts a daemon's name before a message and the end of its log behind it.
func (d *node) says(format string, args ...any) string {
	var tail strings.Builder
	for line := range strings.Lines(d.Tail()) {
		fmt.Fprintf(&tail, "\n%.240s", strings.TrimSpace(line))
	}
	return fmt.Sprintf("%s: %s\nthe last log lines of %s:%s", d.name, fmt.Sprintf(format, args...), d.name, &tail)
}

// others are the running daemons without one.
func (f *fleet) others(without *node) []*node {
	var all []*node
	for _, d := range f.nodes {
		if d != without && d.Running() {
			all = append(all, d)
		}
	}
	return all
}

// stop ends every daemon.
func (f *fleet) stop() {
	client.CloseIdleConnections() // a daemon that stops waits for open ones
	var group sync.WaitGroup
	for _, d := range f.nodes {
		group.Go(func() {
			if err := d.Stop(); err != nil {
				f.t.Error(d.says("%v", err))
			}
		})
	}
	group.Wait()
}
