package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node"
)

const (
	// exampleAPI is the address of an HTTP API in help and hints.
	exampleAPI = "127.0.0.1:7475"
	// waitRound is how often a daemon that waits for peers says so; stateRound is
	// how often it looks at its own state.
	waitRound  = 10 * time.Second
	stateRound = 500 * time.Millisecond
)

type daemonCmd struct {
	settings
}

func (daemonCmd) Help() string {
	return `Runs a node until it is stopped: it holds other agents' records, keeps your agents' leases alive, answers questions, and knows every revocation. What is not given as a flag comes from the environment ($CAIRN_LISTEN for --listen, and so on), then from a configuration file (cairn config show). It says when it is ready; with -o json one line has the peer ID, the addresses and the API's URL. The other verbs find it through the data directory. With a bootstrap that cannot be reached it is not ready, and says what it waits for.

    cairn daemon
    cairn daemon --bootstrap /ip4/192.0.2.7/tcp/7474/p2p/12D3...
    cairn daemon --dir a --listen /ip4/127.0.0.1/tcp/0 --api 127.0.0.1:0 -o json
    cairn daemon --config /etc/cairn/cairn.toml
    cairn daemon --web

Ctrl-C, SIGTERM and SIGHUP stop it in good order; a second one stops it at once. A service manager is told by sd_notify.`
}

// Run runs the node until a signal, or until somebody asks it to stop.
func (c *daemonCmd) Run(s *session) error {
	cfg, err := c.node(s)
	if err != nil {
		return err
	}
	s.tameLoggers()
	page := node.NewPage(cfg.Logger.Handler())
	if c.shown() {
		cfg = page.Watch(cfg)
	}
	n, err := node.New(cfg)
	if err != nil {
		return c.explainStart(err)
	}
	closePage, err := c.show(s, page, n)
	if err != nil {
		return errors.Join(err, n.Close())
	}
	super := s.supervisor()
	super.tell("READY=1")
	err = c.watchState(s, n, super)
	super.tell("STOPPING=1")
	s.say("stopping")
	return errors.Join(err, closePage(), n.Close())
}

// show opens the page where one is wanted, and tells its link: on standard error, so that
// the key in it is in no pipe.
func (c *daemonCmd) show(s *session, page *node.Page, n *node.Node) (end func() error, err error) {
	if !c.shown() {
		return func() error { return nil }, nil
	}
	server, err := page.Open(n, cmp.Or(c.WebAddr, "127.0.0.1:0"))
	if err != nil {
		return nil, &failure{exitUsage, err, "choose another --web-addr, such as 127.0.0.1:7480"}
	}
	s.say("the page, for whoever has this link: %s", server.URL())
	return server.Close, nil
}

// explainStart adds the next step to the usual reasons why a node cannot start.
func (c *daemonCmd) explainStart(err error) error {
	for text, f := range map[string]failure{
		"address already in use":          {exitFailed, err, "another program has the port: choose others with --listen and --api, such as --api 127.0.0.1:0"},
		"cannot assign requested address": {exitFailed, err, "it is no address of this machine: choose one that is, or 0.0.0.0 for all of them"},
		"no transport for protocol":       {exitUsage, err, "listen on TCP or QUIC, such as /ip4/0.0.0.0/tcp/7474 or /ip4/0.0.0.0/udp/7474/quic-v1"},
	} {
		if strings.Contains(err.Error(), text) {
			return &f
		}
	}
	return err
}

// running is what watchState needs of a *node.Node.
type running interface {
	ID() peer.ID
	AddrInfo() peer.AddrInfo
	APIURL() string
	State() (node.State, string)
	Ready() <-chan struct{}
	StopAsked() <-chan struct{}
}

// watchState tells each change of the node's state until the node is to stop.
func (c *daemonCmd) watchState(s *session, n running, super *supervisor) error {
	tick := time.NewTicker(stateRound)
	defer tick.Stop()
	last, waited := node.StateStarting, time.Time{}
	ready := n.Ready()
	for {
		state, reason := n.State() // waits for the node's locks: a sign that it lives
		super.alive(time.Now())
		if state != last {
			super.tell("STATUS=" + string(state) + ": " + c.waitsFor(reason))
			if err := s.print(c.event(s, n, state, reason)); err != nil {
				return err
			}
			last = state
		}
		if state != node.StateReady && time.Since(waited) >= waitRound {
			s.say("not ready: %s", c.waitsFor(reason))
			waited = time.Now()
		}
		select {
		case <-ready:
			ready = nil // the state says the rest
		case <-tick.C:
		case <-n.StopAsked():
			return nil
		case <-s.ctx.Done():
			return nil
		}
	}
}

// waitsFor adds what was to be reached to the node's own reason, where nobody was.
func (c *daemonCmd) waitsFor(reason string) string {
	if len(c.Bootstrap) == 0 || !strings.HasPrefix(reason, "no bootstrap") {
		return reason
	}
	return fmt.Sprintf("%s (waiting for %s)", reason, strings.Join(c.Bootstrap, ", "))
}

// daemonEvent is what the daemon prints when its state changes.
type daemonEvent struct {
	Event  node.State `json:"event"` // ready, degraded
	Peer   string     `json:"peer"`
	Addrs  []string   `json:"addrs"`
	API    string     `json:"api"` // empty where none is open
	Reason string     `json:"reason,omitempty"`
	dir    string     // flags that lead other verbs here
	join   string     // flags that another daemon needs besides the address
}

func (c *daemonCmd) event(s *session, n running, state node.State, reason string) daemonEvent {
	e := daemonEvent{Event: state, Peer: n.ID().String(), Addrs: []string{}, API: n.APIURL(), Reason: reason, dir: s.dirFlag()}
	if c.Network != "" {
		e.join += " --network " + c.Network
	}
	if c.Replication != node.DefaultReplication {
		e.join += " --replication " + itoa(c.Replication)
	}
	for _, a := range n.AddrInfo().Addrs {
		e.Addrs = append(e.Addrs, a.String()+"/p2p/"+e.Peer)
	}
	return e
}

func (e daemonEvent) show(t *text) {
	if e.Event != node.StateReady {
		t.line("the node is %s: %s", e.Event, e.Reason)
		t.field("so", "it answers what it can prove, and calls no agent active")
		return
	}
	t.line("the node is ready")
	t.field("peer", "%s", e.Peer)
	for _, a := range e.Addrs {
		t.field("address", "%s", a)
	}
	t.field("api", "%s", e.API)
	t.field("next", "cairn agent new NAME%s, then cairn publish CARD.json --agent NAME%s", e.dir, e.dir)
	t.field("", "join from elsewhere: cairn daemon%s --bootstrap ADDRESS", e.join)
}
