// Command cairn runs a Cairn node and speaks to one: it tells where an agent is,
// and that an agent is no more.
//
// main is flags, a Config, one call. Each verb has a file of its own with its
// help; what they share is in session.go (the daemon, the data directory, output),
// exit.go (what an exit code means) and escape.go (strangers' text on a terminal).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set when the binary is built: -ldflags '-X main.version=v1.2.3'.
var version = "dev"

func main() {
	// The first signal ends ctx, and with it what runs; the second one, which
	// nobody catches any more, ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(int(run(ctx, os.Args[1:], env{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		getenv: os.Getenv,
	})))
}
