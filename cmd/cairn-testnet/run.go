package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
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
}

// session is what a verb gets.
type session struct {
	ctx context.Context
	env env
}

// say writes a message for people.
func (s *session) say(format string, args ...any) { fmt.Fprintf(s.env.stderr, format+"\n", args...) }

// cli is the grammar.
type cli struct {
	Up      upCmd      `cmd:"" help:"Run a network of nodes until Ctrl-C."`
	Demo    demoCmd    `cmd:"" help:"Show what Cairn promises, with separate daemons."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

const about = `Runs networks of Cairn nodes on one machine.

    cairn-testnet demo               a story of two dozen seconds: found, moved, revoked, and refused ever after
    cairn-testnet up --nodes 20      a network to play with; the cairn command speaks to each node

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
	if err := chosen.Run(&session{ctx: ctx, env: e}); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(e.stderr, "cairn-testnet: interrupted")
		} else {
			fmt.Fprintln(e.stderr, "cairn-testnet:", err)
		}
		return exitFailed
	}
	return exitOK
}
