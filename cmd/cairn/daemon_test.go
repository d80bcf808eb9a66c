package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
)

// fakeNode is a node whose state the test sets.
type fakeNode struct {
	ready, stop chan struct{}

	mu    sync.Mutex
	state node.State // owned by mu
}

func (f *fakeNode) set(s node.State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = s
}

func (f *fakeNode) State() (node.State, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == node.StateReady {
		return f.state, ""
	}
	return f.state, "no bootstrap could be reached"
}

func (f *fakeNode) AddrInfo() peer.AddrInfo {
	return peer.AddrInfo{ID: "node", Addrs: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/tcp/4001")}}
}
func (f *fakeNode) ID() peer.ID                { return "node" }
func (f *fakeNode) APIURL() string             { return "http://127.0.0.1:1234" }
func (f *fakeNode) Ready() <-chan struct{}     { return f.ready }
func (f *fakeNode) StopAsked() <-chan struct{} { return f.stop }

// events are the lines on stdout, by name.
func events(t *testing.T, stdout string) []string {
	t.Helper()
	var names []string
	for line := range strings.Lines(stdout) {
		var e struct {
			Event, Peer, API string
			Addrs            []string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Peer == "" || e.API != "http://127.0.0.1:1234" || len(e.Addrs) != 1 || !strings.HasSuffix(e.Addrs[0], "/p2p/"+e.Peer) {
			t.Errorf("not the promised line: %s", line)
		}
		names = append(names, e.Event)
	}
	return names
}

// watched runs watchState while act changes the world, in virtual time.
func watched(t *testing.T, bootstrap []string, act func(*fakeNode, context.CancelFunc)) (stdout, stderr string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var out, msg strings.Builder
		n := &fakeNode{ready: make(chan struct{}), stop: make(chan struct{}), state: node.StateStarting}
		s := &session{ctx: ctx, env: env{stdout: &out, stderr: &msg, getenv: func(string) string { return "" }}, global: &global{Output: asJSON}}
		var done sync.WaitGroup
		done.Go(func() {
			if err := (&daemonCmd{settings: settings{Bootstrap: bootstrap, Replication: node.DefaultReplication}}).watchState(s, n, s.supervisor()); err != nil {
				t.Error(err)
			}
		})
		act(n, cancel)
		done.Wait()
		stdout, stderr = out.String(), msg.String()
	})
	return stdout, stderr
}

func TestReadyIsOneLine(t *testing.T) {
	stdout, _ := watched(t, nil, func(n *fakeNode, stop context.CancelFunc) {
		n.set(node.StateReady)
		close(n.ready)
		time.Sleep(10 * time.Minute)
		stop()
	})
	if got := events(t, stdout); len(got) != 1 || got[0] != "ready" {
		t.Errorf("events %q, want one ready", got)
	}
}

func TestUnreachableBootstrap(t *testing.T) {
	where := "/ip4/192.0.2.1/tcp/7474/p2p/12D3KooWNe56QYqjX4Ngf94baBrsjs9Dw4DDLybS1HNaGwVUcHbv"
	stdout, stderr := watched(t, []string{where}, func(n *fakeNode, stop context.CancelFunc) {
		time.Sleep(time.Minute)
		n.set(node.StateDegraded)
		time.Sleep(time.Second)
		stop()
	})
	if got := events(t, stdout); len(got) != 1 || got[0] != "degraded" {
		t.Errorf("events %q, want one degraded and never ready", got)
	}
	if !strings.Contains(stdout, "no bootstrap could be reached") {
		t.Errorf("no reason in %s", stdout)
	}
	if got := strings.Count(stderr, "not ready: "); got < 6 || got > 8 {
		t.Errorf("said %d times in a minute what it waits for, want about 7: %s", got, stderr)
	}
	if !strings.Contains(stderr, where) {
		t.Errorf("no word of the bootstrap in %s", stderr)
	}
}

func TestWaitingIsSaidAtOnce(t *testing.T) {
	_, stderr := watched(t, nil, func(n *fakeNode, stop context.CancelFunc) {
		synctest.Wait()
		stop()
	})
	if !strings.HasPrefix(stderr, "cairn: not ready: ") {
		t.Errorf("said %q", stderr)
	}
}

func TestStateComesAndGoes(t *testing.T) {
	stdout, _ := watched(t, nil, func(n *fakeNode, _ context.CancelFunc) {
		for _, s := range []node.State{node.StateReady, node.StateDegraded, node.StateReady} {
			n.set(s)
			time.Sleep(5 * time.Minute)
		}
		close(n.stop)
	})
	if got := strings.Join(events(t, stdout), " "); got != "ready degraded ready" {
		t.Errorf("events %q", got)
	}
}
