package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/live"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// upLimit bounds how long a network may take to find itself.
const upLimit = 3 * time.Minute

type upCmd struct {
	Nodes       int    `default:"20" help:"How many nodes, 1 to 500."`
	Replication int    `placeholder:"K" help:"How many nodes hold an agent's record, 1 to 20. Default: 20."`
	API         int    `name:"api" default:"0" placeholder:"PORT" help:"First port of the HTTP APIs: node 1 gets it, node 2 the next. 0 takes free ones."`
	Dir         string `placeholder:"DIR" help:"Keep the data directories here, DIR/n1 and so on. Default: a temporary folder that is removed."`
	Network     string `default:"testnet" placeholder:"NAME" help:"Name of the network; networks of different names never merge."`
	Web         bool   `help:"Show the network on a page in the browser, and put the nodes into cities all over the world: what travels between two of them takes as long as it does there."`
	WebAddr     string `default:"127.0.0.1:0" placeholder:"ADDR" help:"Where the page is, on this machine; port 0 takes a free one."`
	Near        bool   `help:"With --web: no cities. The nodes are as near to each other as loopback sockets are."`
	Seed        uint64 `default:"1" placeholder:"N" help:"With --web: the seed that draws the cities."`
}

// Help is the long help.
func (upCmd) Help() string {
	return `Starts a network of nodes in this process, on loopback, and runs it until Ctrl-C. Each node has a data directory; the cairn command speaks to it with --dir, anything else over HTTP.

    cairn-testnet up --nodes 20
    cairn-testnet up --nodes 50 --web
    cairn-testnet up --nodes 60 --replication 5 --dir /tmp/net --api 9000

    cairn --dir /tmp/net/n1 publish card.json
    cairn --dir /tmp/net/n7 resolve bafyrei...
    curl http://127.0.0.1:9006/v1/agents/bafyrei...`
}

// Run runs the network until ctx ends.
func (c *upCmd) Run(s *session) error {
	if c.API < 0 || c.API > 0 && c.API+c.Nodes > 1<<16 {
		return fmt.Errorf("--api %d: %d ports from there do not exist", c.API, c.Nodes)
	}
	dir, err := c.dir()
	if err != nil {
		return err
	}
	begin, view := time.Now(), c.view()
	w, err := c.start(s, dir, view)
	if err == nil {
		err = c.tell(s, w, dir, time.Since(begin))
	}
	if err == nil {
		err = c.serve(s, w, view)
	}
	if w != nil {
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
	}
	if c.Dir == "" {
		if rmErr := os.RemoveAll(dir); err == nil {
			err = rmErr
		}
	}
	return err
}

// dir is where the data directories go.
func (c *upCmd) dir() (string, error) {
	if c.Dir == "" {
		return os.MkdirTemp("", "cairn-testnet-")
	}
	return filepath.Abs(c.Dir)
}

// view is what the page shows; nil without one.
func (c *upCmd) view() *live.View {
	switch {
	case !c.Web:
		return nil
	case c.Near:
		return live.New(nil, slog.DiscardHandler)
	}
	return live.New(wan.Cities(c.Seed), slog.DiscardHandler)
}

// serve waits until ctx ends, with the page, if there is one.
func (c *upCmd) serve(s *session, w *testnet.Network, view *live.View) error {
	end := func() error { return nil }
	if view != nil {
		page, err := view.Open(w, c.Network, version, c.WebAddr)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(s.env.stdout, "\nThe page, for whoever has this link:\n\n    %s\n", page.URL()); err != nil {
			return errors.Join(err, page.Close())
		}
		end = page.Close
	}
	<-s.ctx.Done()
	s.say("\nstopping %d nodes", c.Nodes)
	return end()
}

// start brings the network up, with its progress as a message.
func (c *upCmd) start(s *session, dir string, view *live.View) (*testnet.Network, error) {
	ctx, cancel := context.WithTimeout(s.ctx, upLimit)
	defer cancel()
	cfg := testnet.Config{
		Nodes: c.Nodes, Replication: c.Replication, Network: c.Network, Version: version, Dir: dir,
		API:     func(i int) string { return fmt.Sprintf("127.0.0.1:%d", c.port(i)) },
		Started: started(s.env.stderr),
	}
	if view != nil {
		cfg = view.Watch(cfg)
	}
	w, err := testnet.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s.say("waiting until every node knows its place")
	if err := w.Settle(ctx); err != nil {
		return w, err
	}
	return w, nil
}

// started tells a terminal of every node that is up, and anything else of the last.
func started(out io.Writer) func(up, of int) {
	f, ok := out.(*os.File)
	if ok {
		st, err := f.Stat()
		ok = err == nil && st.Mode()&os.ModeCharDevice != 0
	}
	return func(up, of int) {
		switch {
		case ok && up < of:
			fmt.Fprintf(out, "\rstarting: %d of %d nodes", up, of)
		case ok:
			fmt.Fprintf(out, "\rstarting: %d of %d nodes\n", up, of)
		case up == of:
			fmt.Fprintf(out, "started: %d nodes\n", up)
		}
	}
}

func (c *upCmd) port(i int) int {
	if c.API == 0 {
		return 0
	}
	return c.API + i
}

// tell says how to speak to the network.
func (c *upCmd) tell(s *session, w *testnet.Network, dir string, took time.Duration) error {
	table := tabwriter.NewWriter(s.env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tPEER\tAPI\tDATA DIRECTORY")
	for _, n := range w.Nodes() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", n.Name(), n.ID(), n.APIURL(), n.Dir)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	first := w.Node(0).AddrInfo()
	addrs, err := peer.AddrInfoToP2pAddrs(&first)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.env.stdout, `
%d nodes are ready after %.1f s, on the network %s. Speak to any of them:

    cairn --dir %s status
    cairn --dir %s publish CARD.json
    cairn --dir %s resolve ID
    curl %s/v1/agents/ID

Join with a daemon of your own:

    cairn daemon --network %s%s --bootstrap %s

Ctrl-C stops all of them.
`, c.Nodes, took.Seconds(), c.Network, dirOf(dir, 0), dirOf(dir, 0), dirOf(dir, c.Nodes-1), w.Node(0).APIURL(), c.Network, c.replicationFlag(), addrs[0])
	return err
}

func dirOf(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("n%d", i+1)) }

// replicationFlag is what a daemon needs to agree with the network.
func (c *upCmd) replicationFlag() string {
	if c.Replication == 0 {
		return ""
	}
	return fmt.Sprintf(" --replication %d", c.Replication)
}
