package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/cairn-overlay/cairn/testnet/bench"
	"github.com/cairn-overlay/cairn/testnet/bubble"
)

// TestMain is also the program that a verb starts: itself, as main does.
func TestMain(m *testing.M) {
	if bench.IsSubject() {
		os.Exit(bench.Subject(os.Stdin, os.Stdout, os.Stderr))
	}
	if bubble.Inside() {
		args := os.Args[1:]
		bubble.Host(func(ctx context.Context) int {
			return run(ctx, args, env{stdout: os.Stdout, stderr: os.Stderr, self: nowhere, virtual: true})
		})
	}
	goleak.VerifyTestMain(m)
}

// screen is an output that calls back when it shows a text.
type screen struct {
	mu    sync.Mutex
	b     bytes.Buffer
	until string
	then  func()
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.b.Write(p)
	if s.then != nil && strings.Contains(s.b.String(), s.until) {
		s.then()
	}
	return n, err
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func nowhere() (string, error) { return "", errors.New("nowhere") }

func TestCommandLine(t *testing.T) {
	t.Setenv("PATH", "")
	for _, row := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"no arguments", nil, exitOK, "cairn-testnet up --nodes 20", ""},
		{"help", []string{"--help"}, exitOK, "Exit codes: 0 ok", ""},
		{"help of a verb", []string{"help", "up"}, exitOK, "curl http://", ""},
		{"version", []string{"version"}, exitOK, "cairn-testnet dev (go", ""},
		{"unknown verb", []string{"fly"}, exitUsage, "", "run: cairn-testnet --help"},
		{"unknown flag", []string{"up", "--height", "3"}, exitUsage, "", "unknown flag --height"},
		{"too many nodes", []string{"up", "--nodes", "501"}, exitFailed, "", "want 1 to 500"},
		{"ports that do not exist", []string{"up", "--api", "65530"}, exitFailed, "", "do not exist"},
		{"no laboratory", []string{"chaos"}, exitFailed, "", "cannot make the laboratory here"},
		{"a loss of nothing known", []string{"chaos", "--loss", "some"}, exitUsage, "", "want a share such as 5%"},
		{"no cairn binary", []string{"demo"}, exitFailed, "", "make build"},
		{"no such cairn binary", []string{"demo", "--cairn", "/nowhere/cairn"}, exitFailed, "", "/nowhere/cairn"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var stdout, stderr screen
			code := run(t.Context(), row.args, env{stdout: &stdout, stderr: &stderr, self: nowhere})
			if code != row.code || !strings.Contains(stdout.text(), row.stdout) || !strings.Contains(stderr.text(), row.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", code, row.code, stdout.text(), stderr.text())
			}
		})
	}
}

// up says how to speak to its nodes, stops cleanly when it is asked to, and leaves
// only what it was told to keep.
func TestUp(t *testing.T) {
	for _, keep := range []bool{false, true} {
		temp, kept := t.TempDir(), filepath.Join(t.TempDir(), "net")
		t.Setenv("TMPDIR", temp)
		args := []string{"up", "--nodes", "3", "--network", "up-test"}
		if keep {
			args = append(args, "--dir", kept)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stdout, stderr := &screen{until: "Ctrl-C stops all of them", then: cancel}, &screen{}
		if code := run(ctx, args, env{stdout: stdout, stderr: stderr, self: nowhere}); code != exitOK {
			t.Fatalf("exit code %d\n%s\n%s", code, stdout.text(), stderr.text())
		}
		cancel()
		for _, want := range []string{"n3 ", "http://127.0.0.1:", "cairn --dir ", "--network up-test"} {
			if !strings.Contains(stdout.text(), want) {
				t.Errorf("stdout lacks %q:\n%s", want, stdout.text())
			}
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		if _, err := os.Stat(filepath.Join(kept, "n3", "node.key")); keep && err != nil {
			t.Errorf("not kept: %v", err)
		}
	}
}
