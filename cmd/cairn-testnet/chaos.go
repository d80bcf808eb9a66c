package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/testnet/chaos"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

type chaosCmd struct {
	Files       []string      `arg:"" optional:"" name:"scenario" help:"Scenario files to play in place of the schedule; see run."`
	Nodes       int           `default:"20" help:"Daemons to start, 3 to 200."`
	For         time.Duration `default:"10m" placeholder:"TIME" help:"How long things break, at least 20s."`
	Loss        share         `default:"5%" placeholder:"SHARE" help:"Share of packets that vanish meanwhile, such as 5%."`
	Seed        uint64        `placeholder:"S" help:"Fixes what breaks when, and what clients do. Default: one of the clock."`
	Replication int           `placeholder:"K" help:"How many nodes hold an agent's record, 1 to 20. Default: 5; with scenarios what they say."`
	Log         string        `placeholder:"FILE" help:"Write the log of operations here. Default: beside the daemons' logs."`
	Keep        string        `placeholder:"DIR" help:"Folder for the daemons' logs. Default: a temporary one, removed where nothing was found."`
	Set         []string      `placeholder:"OPTION" sep:"none" help:"With scenarios: change an option of the nodes command, such as nodes=12 or k=5; several times."`
	Cairn       string        `placeholder:"PATH" help:"The cairn binary. Default: the one beside this binary, else the one in the search path."`
}

// Help is the long help.
func (chaosCmd) Help() string {
	return `Runs real daemons, each in a network namespace of its own, and breaks them: lost packets, partitions, cuts in one direction, SIGKILL, SIGSTOP, disks that are full or read-only, all restarted at once. Clients publish, move, find and revoke agents meanwhile. In the end everything is made whole, every node is asked about every agent, and the log of all operations is audited. A fault that the kernel did not see happen fails the run as well.

It needs Linux, root, iproute2, nftables and util-linux, and says what is missing. It works in namespaces that are made for it: no address of this machine changes, and nothing leaves it. Ctrl-C ends every process that it started, and with them all the rest.

    sudo cairn-testnet chaos
    sudo cairn-testnet chaos --nodes 8 --for 1m --seed 7 --keep /tmp/chaos
    sudo cairn-testnet chaos testnet/chaos/testdata/*.txt

With scenario files it plays those, in the language of cairn-testnet run, one after the other. They can freeze, fill and break what virtual time has not; of strangers, clocks and latencies there are none here.

Exit codes: 0 nothing was found, 1 something was, 2 a file or an option cannot be read.`
}

// share is a flag such as 5% or 0.05.
type share float64

// UnmarshalText reads the flag.
func (s *share) UnmarshalText(b []byte) error {
	digits, percent := strings.CutSuffix(string(b), "%")
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return fmt.Errorf("%q: want a share such as 5%%", b)
	}
	if percent {
		f /= 100
	}
	*s = share(f)
	return nil
}

// Run runs the nemesis, once it is inside.
func (c *chaosCmd) Run(s *session) error {
	if !chaos.Inside() {
		return c.enter(s)
	}
	return c.inside(s)
}

// enter runs this program again in namespaces of its own.
func (c *chaosCmd) enter(s *session) error {
	if err := chaos.Check(); err != nil {
		return err
	}
	self, err := s.env.self()
	if err != nil {
		return err
	}
	code, err := chaos.Enter(s.ctx, self, s.args, s.env.stdout, s.env.stderr)
	if err != nil {
		return err
	}
	if code != exitOK {
		return errSaid
	}
	return nil
}

// inside does the work.
func (c *chaosCmd) inside(s *session) error {
	files, err := c.load()
	if err != nil {
		return usageError{err}
	}
	cairn, err := findCairn(s, c.Cairn)
	if err != nil {
		return err
	}
	logs := c.Keep
	if logs == "" {
		logs, err = os.MkdirTemp("", "cairn-chaos-")
	} else {
		err = os.MkdirAll(logs, 0o755)
	}
	if err != nil {
		return err
	}
	log := c.Log
	if log == "" {
		log = filepath.Join(logs, "ops.jsonl")
	}
	world := chaos.Config{Cairn: cairn, Logs: logs, Replication: c.Replication}
	if len(files) > 0 {
		err = c.scenarios(s, files, world, log)
	} else {
		err = c.nemesis(s, world, log)
	}
	if c.Keep == "" && err == nil {
		return os.RemoveAll(logs)
	}
	return err
}

// load reads the scenarios before any of them is played.
func (c *chaosCmd) load() ([]*scenario.File, error) {
	return (&runCmd{Files: c.Files, Set: c.Set, Repeat: 1}).load()
}

// nemesis runs the schedule.
func (c *chaosCmd) nemesis(s *session, world chaos.Config, log string) error {
	seed := c.Seed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	rep, err := chaos.Run(s.ctx, chaos.Options{
		World: world, Nodes: c.Nodes, For: c.For, Loss: float64(c.Loss), Seed: seed, Log: log, Out: s.env.stdout,
	})
	if c.Keep == "" && err == nil && rep.OK() { // they go away
		rep.Logs = ""
		if c.Log == "" {
			rep.Log = ""
		}
	}
	if rep.Nodes > 0 {
		err = errors.Join(err, rep.Write(s.env.stdout))
	}
	if err == nil && !rep.OK() {
		err = errors.New("something was found, see above")
	}
	return err
}

// scenarios plays files, one after the other.
func (c *chaosCmd) scenarios(s *session, files []*scenario.File, world chaos.Config, log string) error {
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer out.Close()
	stage, player, broken := &chaos.Stage{World: world}, &runCmd{Output: human}, 0
	opts := scenario.Options{Make: stage.Make, World: "chaos", Log: out}
	for _, f := range files {
		rep, err := player.once(s, f, opts)
		if err != nil {
			return err
		}
		faults, err := stage.Faults()
		for _, sum := range faults {
			fmt.Fprintf(s.env.stdout, "        %d x %s: %d %s\n", sum.Faults, sum.Kind, sum.Count, sum.Unit)
		}
		if err != nil {
			fmt.Fprintf(s.env.stdout, "        %v\n", err)
		}
		if err != nil || !rep.Held {
			broken++
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d scenarios broke a promise; the daemons' logs are in %s", broken, len(files), world.Logs)
	}
	return nil
}
