package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/cairn-overlay/cairn/testnet/bubble"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// env is the world around one run of the program.
type env struct {
	stdout io.Writer
	stderr io.Writer
	self   func() (string, error) // path of this binary
	// virtual: time is that of a bubble, see virtually.
	virtual bool
}

// session is what a verb gets.
type session struct {
	ctx  context.Context
	args []string // of the program
	env  env
}

// usageError is what the user asked for and cannot get.
type usageError struct{ error }

// errSaid is the error of a verb that has told the user already.
var errSaid = errors.New("failed")

// virtually runs body in virtual time: here where time is virtual, else in a child
// that gets the same arguments.
func (s *session) virtually(body func() error) error {
	if s.env.virtual {
		return body()
	}
	code, err := bubble.Spawn(s.ctx, s.args, s.env.stdout, s.env.stderr)
	switch {
	case err != nil:
		return err
	case code != exitOK:
		return errSaid
	}
	return nil
}

// say writes a message for people.
func (s *session) say(format string, args ...any) { fmt.Fprintf(s.env.stderr, format+"\n", args...) }

// cli is the grammar.
type cli struct {
	Up      upCmd      `cmd:"" help:"Run a network of nodes until Ctrl-C."`
	Demo    demoCmd    `cmd:"" help:"Show what Cairn promises, with separate daemons."`
	Run     runCmd     `cmd:"" help:"Play scenarios: files that say what a network promises."`
	Audit   auditCmd   `cmd:"" help:"Hold an operations log against what every network must keep."`
	Bench   benchCmd   `cmd:"" help:"Measure: ours, the usual libraries, and the floor."`
	Chaos   chaosCmd   `cmd:"" help:"Break separate daemons in network namespaces (Linux, root)."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

const about = `Runs networks of Cairn nodes on one machine.

    cairn-testnet demo               a story of a few seconds: found, moved, revoked, and refused ever after
    cairn-testnet run FILE...        scenarios: what a network promises, played in virtual time
    cairn-testnet up --nodes 20      a network to play with; the cairn command speaks to each node
    cairn-testnet bench all          how fast, how big, how much on the wire, and the least it could be

Exit codes: 0 ok, 1 failed, 2 usage.`

// run is the program: it parses args, runs one verb and returns the exit code.
func run(ctx context.Context, args []string, e env) int {
	var grammar cli
	helped := false
	parser, err := kong.New(&grammar,
		kong.Name("cairn-testnet"), kong.Description(about), kong.Writers(e.stdout, e.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Exit(func(int) { helped = true }),
	)
	if err != nil {
		fmt.Fprintln(e.stderr, "cairn-testnet:", err)
		return exitFailed
	}
	if len(args) == 0 || args[0] == "help" {
		args = append(args[min(1, len(args)):], "--help")
	}
	chosen, err := parser.Parse(args)
	switch {
	case helped:
		return exitOK
	case err != nil:
		fmt.Fprintf(e.stderr, "cairn-testnet: %v\nrun: cairn-testnet --help\n", err)
		return exitUsage
	}
	var usage usageError
	err = chosen.Run(&session{ctx: ctx, args: args, env: e})
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSaid):
	case errors.As(err, &usage):
		fmt.Fprintln(e.stderr, "cairn-testnet:", err)
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintln(e.stderr, "cairn-testnet: interrupted")
	default:
		fmt.Fprintln(e.stderr, "cairn-testnet:", err)
	}
	return exitFailed
}
