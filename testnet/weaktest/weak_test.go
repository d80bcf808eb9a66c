//go:build cairn_weak

package weaktest_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/weaktest"
	"github.com/cairn-overlay/cairn/testnet/worlds"
)

// fileEnv names the scenario that a child plays.
const fileEnv = "CAIRN_WEAK_SCENARIO"

// childLimit bounds a child, in real time.
const childLimit = 5 * time.Minute

var full = flag.Bool("full", false, "play every row of the table, not only the quick ones")

// With its defence off the scenario breaks, in the way that the table says; with all
// of them on, in the same build, it holds.
func TestWeakBuilds(t *testing.T) {
	for _, r := range weaktest.Table() {
		if !r.Quick && !*full {
			continue
		}
		name := string(r.Defence) + "/" + r.Scenario + r.Test
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := func(ctx context.Context) *exec.Cmd { return tested(ctx, r) }
			if r.Scenario != "" {
				if _, err := scenario.Load(book + r.Scenario + ".txt"); err != nil { // and so the cache knows of the file
					t.Fatal(err)
				}
				command = func(ctx context.Context) *exec.Cmd { return played(ctx, t, r) }
			}
			if out, ok := run(t, command, ""); !ok {
				t.Errorf("with all defences on:\n%s", out)
			}
			out, ok := run(t, command, r.Defence)
			switch want := ": " + string(r.Rule) + ": "; {
			case ok:
				t.Error("nothing shows that the defence is off")
			case r.Rule != "" && !strings.Contains(out, want):
				t.Errorf("the auditor did not find the rule %q broken:\n%s", r.Rule, out)
			case r.Scenario != "" && !strings.Contains(out, r.Scenario+".txt:") || r.Test != "" && !strings.Contains(out, "--- FAIL: "+r.Test):
				t.Errorf("it failed for another reason:\n%s", out)
			}
		})
	}
}

// run runs a command with one defence off, or none, and reports whether it went well.
func run(t *testing.T, command func(context.Context) *exec.Cmd, off weak.Defence) (out string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), childLimit)
	defer cancel()
	cmd := command(ctx)
	cmd.Env = append(cmd.Environ(), weak.Env+"="+string(off))
	b, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return string(b), err == nil
}

// played is this program once more, with one scenario to play.
func played(ctx context.Context, t *testing.T, r weaktest.Row) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestPlay$")
	cmd.Env = append(os.Environ(), fileEnv+"="+book+r.Scenario+".txt")
	return cmd
}

// tested is a test of another package.
func tested(ctx context.Context, r weaktest.Row) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", "test", "-tags", "cairn_weak", "-count=1", "-run", "^"+r.Test+"$", "./"+r.Package)
	cmd.Dir = "../.."
	return cmd
}

// TestPlay plays the one scenario that its parent asks for.
func TestPlay(t *testing.T) {
	path := os.Getenv(fileEnv)
	if path == "" {
		t.Skip("nobody asks")
	}
	f, err := scenario.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		rep, err := f.Play(t.Context(), scenario.Options{Make: worlds.Virtual, World: "sim"})
		if err != nil {
			t.Error(err)
		}
		for _, failed := range rep.Failures {
			t.Error(rep.String(failed))
		}
	})
}
