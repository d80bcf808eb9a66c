package bubble_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/testnet/bubble"
)

// TestMain is the program that the test spawns: itself.
func TestMain(m *testing.M) {
	if bubble.Inside() {
		args := os.Args[1:]
		bubble.Host(func(ctx context.Context) int { return program(ctx, args) })
	}
	os.Exit(m.Run())
}

func program(ctx context.Context, args []string) int {
	begin, hours := time.Now(), time.Hour
	if args[0] == "wait" {
		fmt.Println("waiting")
		hours = 1_000_000 * time.Hour
	}
	select {
	case <-time.After(hours):
	case <-ctx.Done():
		fmt.Println("interrupted")
		return 4
	}
	fmt.Println(time.Since(begin), args)
	return 3
}

// An hour passes in no time, and neither the output nor the exit code is anybody's
// but the program's.
func TestSpawn(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code, err := bubble.Spawn(t.Context(), []string{"--like", "this"}, &stdout, &stderr)
	if err != nil || code != 3 {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr.String())
	}
	if got := stdout.String(); got != "1h0m0s [--like this]\n" {
		t.Errorf("printed %q", got)
	}
}

// screen calls back at the first write.
type screen struct {
	shown []byte
	then  func()
}

func (s *screen) Write(p []byte) (int, error) {
	s.then()
	s.shown = append(s.shown, p...)
	return len(p), nil
}

// When the context ends, so does the one inside, and the program has its say.
func TestSpawnInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stdout := &screen{then: cancel}
	code, err := bubble.Spawn(ctx, []string{"wait"}, stdout, os.Stderr)
	if got := string(stdout.shown); code != 4 || got != "waiting\ninterrupted\n" {
		t.Errorf("exit code %d, %v, printed %q", code, err, got)
	}
}
