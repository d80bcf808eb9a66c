package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// errHelp says that help was asked for and printed.
var errHelp = errors.New("help")

// run is the program: it parses args, runs one verb and returns the exit code.
// Data goes to e.stdout, messages to e.stderr.
func run(ctx context.Context, args []string, e env) exitCode {
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:len(args):len(args)], "--help")
	}
	grammar := cli{from: &sources{env: e}}
	parser, err := newParser(&grammar, e)
	if err != nil {
		fmt.Fprintln(e.stderr, "cairn:", err)
		return exitFailed
	}
	if len(args) == 0 {
		return noVerb(parser, e)
	}
	s := &session{ctx: ctx, env: e, global: &grammar.global, from: grammar.from}
	chosen, err := parser.Parse(args)
	if errors.Is(err, errHelp) {
		return exitOK
	}
	if err == nil {
		err = s.begin(chosen.Selected().Target.Addr().Interface())
	} else if known := (*failure)(nil); !errors.As(err, &known) {
		err = usage(err, "run: %s --help", helpPath(err))
	}
	if err == nil {
		err = chosen.Run(s)
	}
	return s.finish(err)
}

// newParser builds the command line of the grammar.
func newParser(grammar *cli, e env) (*kong.Kong, error) {
	return kong.New(grammar,
		kong.Name("cairn"),
		kong.Description(about),
		kong.Writers(e.stdout, e.stderr),
		kong.NoDefaultHelp(),
		kong.Exit(func(int) {}),
		kong.ExplicitGroups(groups()),
	)
}

// noVerb answers a call without arguments: the help, as a message.
func noVerb(parser *kong.Kong, e env) exitCode {
	parser.Stdout = e.stderr
	_, err := parser.Parse([]string{"--help"})
	if !errors.Is(err, errHelp) {
		fmt.Fprintln(e.stderr, "cairn:", err)
	}
	return exitUsage
}

// helpPath names the verb that a parse error is about, as far as it was understood.
func helpPath(err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if verb := parse.Context.Selected(); verb != nil {
			return verb.FullPath()
		}
	}
	return "cairn"
}

// writeAll writes p; a reader who has had enough (a closed pipe) is an error too.
func writeAll(w io.Writer, p []byte) error {
	_, err := w.Write(p)
	return err
}
