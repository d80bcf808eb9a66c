// Command cairn runs a Cairn node and speaks to one: it tells where an agent is,
// and that an agent is no more.
//
// main is flags, a Config, one call. Each verb has a file of its own with its
// help; what they share is in session.go (one run), client.go (the daemon), output.go
// (the formats of -o), exit.go (what an exit code means) and escape.go (strangers'
// text on a terminal). Rules of the interface: data on standard output, messages on
// standard error with the prefix "cairn: ", in lower case, without a period, and
// with the next step where there is one.
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
	// SIGHUP, where a terminal went away, is no different; nohup's wish is kept.
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop)
	os.Exit(int(run(ctx, os.Args[1:], env{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		getenv: os.Getenv,
	})))
}
