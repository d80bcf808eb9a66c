package demo_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/cairn-overlay/cairn/testnet/demo"
)

// cairn is the path of the binary, built once for all tests.
var cairn string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cairn-demo-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	cairn = filepath.Join(dir, "cairn")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", cairn, "../../cmd/cairn")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// story is an output that calls back at the first line with a text.
type story struct {
	mu    sync.Mutex
	b     bytes.Buffer
	until string
	then  func()
}

func (s *story) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.Write(p)
	if s.then != nil && strings.Contains(s.b.String(), s.until) {
		s.then()
		s.then = nil
	}
	return len(p), nil
}

// tidy makes the temporary folder one of the test's own, and wants it empty again
// at the end.
func tidy(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

// The whole demonstration, with as few daemons as it can do with, as make demo
// runs it.
func TestDemo(t *testing.T) {
	for name, examples := range map[string]string{"examples": "../../examples", "built-in cards": ""} {
		t.Run(name, func(t *testing.T) {
			tidy(t)
			var out bytes.Buffer
			err := demo.Run(t.Context(), demo.Config{Cairn: cairn, Nodes: demo.MinNodes, Examples: examples, Out: &out})
			if err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			for _, want := range []string{"each of the other", "Proved: ", fmt.Sprintf("%d of %d nodes refuse it", demo.MinNodes+1, demo.MinNodes+1)} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not say %q:\n%s", want, out.String())
				}
			}
		})
	}
}

// An interrupted demonstration ends what it started and removes what it wrote.
func TestInterrupted(t *testing.T) {
	for _, moment := range []string{"Start ", "ready after", "Publish agents"} {
		t.Run(moment, func(t *testing.T) {
			tidy(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := demo.Run(ctx, demo.Config{Cairn: cairn, Nodes: demo.MinNodes, Out: &story{until: moment, then: cancel}})
			if err == nil {
				t.Fatal("an interrupted demonstration succeeded")
			}
		})
	}
}

// What cannot work says why.
func TestFails(t *testing.T) {
	no, err := exec.LookPath("false")
	if err != nil {
		t.Skip(err)
	}
	for _, row := range []struct {
		name string
		cfg  demo.Config
		want string
	}{
		{"no binary", demo.Config{Cairn: filepath.Join(t.TempDir(), "cairn")}, "the cairn binary"},
		{"too few nodes", demo.Config{Cairn: cairn, Nodes: demo.MinNodes - 1}, "want 5 to"},
		{"the daemon ends at once", demo.Config{Cairn: no}, "n1 ended before it was ready"},
	} {
		t.Run(row.name, func(t *testing.T) {
			tidy(t)
			var out bytes.Buffer
			row.cfg.Out = &out
			err := demo.Run(t.Context(), row.cfg)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("%v, want %q", err, row.want)
			}
		})
	}
}
