// Package bubble lets a program run in virtual time. The clock of testing/synctest
// is only for tests, so the program starts itself once more, and the child is one
// test whose body is what is to be run:
//
//	func main() {
//		if bubble.Inside() {
//			bubble.Host(func(ctx context.Context) int { return run(ctx, os.Args[1:]) })
//		}
//		...
//		code, err := bubble.Spawn(ctx, os.Args[1:], os.Stdout, os.Stderr) // for a verb that wants virtual time
//	}
//
// Inside, time.Now starts at midnight UTC of 2000-01-01 and moves only while every
// goroutine of the bubble waits; see package testnet/sim for what that means.
package bubble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const (
	// marker is set in the environment of a child.
	marker = "CAIRN_TESTNET_BUBBLE"
	// lookEvery is how often, in virtual time, the inside looks for a signal.
	lookEvery = time.Second
	// echo is how long, in real time, a second signal is taken for the first one.
	echo = 500 * time.Millisecond
	// endGrace is how long, in real time, a child gets to end after its signal.
	endGrace = 20 * time.Second
)

// Inside reports whether this process was started by Spawn.
func Inside() bool { return os.Getenv(marker) != "" }

// Host runs body in virtual time and ends the process with the exit code that it
// returns. The context ends with the first SIGINT or SIGTERM; one more, half a second
// later, ends the process. Whatever body starts must have ended when it returns, or Host waits for
// ever. Standard output carries nothing but what body writes.
func Host(body func(ctx context.Context) int) {
	var signalled atomic.Bool
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signalled.Store(true)
		time.Sleep(echo) // a terminal signals us, and so does our parent
		signal.Stop(signals)
	}()
	os.Args = os.Args[:1] // the rest is for body, not for package testing
	testing.Main(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "Bubble", F: func(t *testing.T) {
			code := 1
			synctest.Test(t, func(t *testing.T) { code = watched(t.Context(), &signalled, body) })
			os.Exit(code) // before package testing has its say
		}}}, nil, nil)
}

// watched runs body with a context that ends with a signal. A channel from outside
// the bubble would stop its clock, so the signal is looked for.
func watched(ctx context.Context, signalled *atomic.Bool, body func(context.Context) int) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if signalled.Load() {
				cancel()
			}
			select {
			case <-time.After(lookEvery):
			case <-ctx.Done():
			}
		}
	}()
	return body(ctx)
}

// Spawn starts this program again, with args, inside a bubble, and returns its exit
// code. When ctx ends the child is told to end, and killed where it does not. The
// error says that it could not be run, or did not end by itself.
func Spawn(ctx context.Context, args []string, stdout, stderr io.Writer) (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("bubble: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), marker+"=1")
	cmd.Stdout, cmd.Stderr = stdout, stderr
	apart(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endGrace
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &ended) && ended.Exited():
		return ended.ExitCode(), nil
	}
	return 0, fmt.Errorf("bubble: %w", err)
}
