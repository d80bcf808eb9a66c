// Command cairn-testnet runs networks of Cairn nodes on one machine: to try
// things out, to build against, and to see what Cairn promises.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/cairn-overlay/cairn/testnet/bench"
	"github.com/cairn-overlay/cairn/testnet/bubble"
)

// version is set when the binary is built: -ldflags '-X main.version=v1.2.3'.
var version = "dev"

func main() {
	if bench.IsSubject() {
		os.Exit(bench.Subject(os.Stdin, os.Stdout, os.Stderr))
	}
	args, e := os.Args[1:], env{stdout: os.Stdout, stderr: os.Stderr, self: os.Executable, virtual: bubble.Inside()}
	if e.virtual { // the child of a verb that wants virtual time, see session.virtually
		bubble.Host(func(ctx context.Context) int { return run(ctx, args, e) })
	}
	// The first signal ends ctx, and with it what runs; the second one, which
	// nobody catches any more, ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, args, e))
}
