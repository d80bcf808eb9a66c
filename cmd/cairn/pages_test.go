package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// fence is a block of code of a page: its info string, and what is in it.
type fence struct{ info, body string }

var fences = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func fencesOf(page string) (all []fence) {
	for _, m := range fences.FindAllStringSubmatch(page, -1) {
		all = append(all, fence{m[1], m[2]})
	}
	return all
}

// TestPageRuns runs a page of the documentation as one session of a shell. Blocks of
// "sh daemon" run beside it, from when their node is ready; a block without a name has
// what the one before prints, line by line, where ... is anything.
func TestPageRuns(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	raw, err := os.ReadFile("../../docs/getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	blocks := fencesOf(string(raw))
	script := []string{"set -eu", "cd", `trap 'for d in n*; do [ ! -S $d/api.sock ] || cairn stop --dir $d; done' EXIT`}
	for i, b := range blocks {
		switch b.info {
		case "sh":
			script = append(script, fmt.Sprintf("echo '=== %d'", i), b.body)
		case "sh daemon":
			script = append(script, fmt.Sprintf("{\n%s} > daemon.%d 2>&1 &", b.body, i),
				fmt.Sprintf("until grep -q '^the node is ready' daemon.%d; do sleep 0.1; done", i))
		case "":
		default:
			t.Fatalf("a block of %q: want sh, sh daemon, or what it prints", b.info)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience) // a whole page, on a busy machine
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-c", strings.Join(script, "\n"))
	shell.Env = append(os.Environ(), "HOME="+home)
	shell.Cancel = func() error { return shell.Process.Signal(syscall.SIGTERM) }
	shell.WaitDelay = time.Second
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, b := range blocks {
		if b.info != "" {
			continue
		}
		_, printed, _ := strings.Cut(string(out), fmt.Sprintf("=== %d\n", i-1))
		printed, _, _ = strings.Cut(printed, "=== ")
		for line := range strings.Lines(b.body) {
			if want := printedAs(line); !want.MatchString(printed) {
				t.Errorf("the page says that this is printed: %sit was:\n%s", line, printed)
			}
		}
	}
}

// printedAs matches a line of output, where ... is anything.
func printedAs(line string) *regexp.Regexp {
	return regexp.MustCompile("(?m)^" + strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(line)), `\.\.\.`, ".*") + "$")
}

func TestPrintedAs(t *testing.T) {
	for _, row := range []struct {
		line, printed string
		want          bool
	}{
		{"ready\n", "ready\n  peer x\n", true},
		{"ready\n", "not ready\n", false},
		{"...1 connected...\n", "ready\n  peers  1 connected, 1 in the table\n", true},
		{"...1 connected...\n", "peers 0 connected\n", false},
	} {
		if got := printedAs(row.line).MatchString(row.printed); got != row.want {
			t.Errorf("%q in %q: %v", row.line, row.printed, got)
		}
	}
}

// call is cairn with its arguments within a line of a shell, up to a comment.
var call = regexp.MustCompile(`(?:^|\$ |[|;&] |\$\()(?:bin/)?cairn ((?: ?[^|;&<>)\s#][^;\s]*)*)`)

// calls are the arguments of each call of cairn in the code of a page.
func calls(page string) (all [][]string) {
	page = strings.ReplaceAll(page, "\\\n", " ")
	inside := false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "```") {
			inside = !inside
		}
		code, indented := strings.CutPrefix(line, "    ")
		if !inside && !indented {
			continue
		}
		for _, m := range call.FindAllStringSubmatch(strings.TrimSpace(code), -1) {
			all = append(all, strings.Fields(strings.TrimRight(m[1], ")")))
		}
	}
	return all
}

// TestPagesSpeakTheGrammar: whatever pages and the README say to type is understood. What
// it does is told by the scripts.
func TestPagesSpeakTheGrammar(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range append(pages, "../../README.md") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range calls(string(raw)) {
			seen++
			if err := understood(args); err != nil {
				t.Errorf("%s: cairn %s: %v", filepath.Base(path), strings.Join(args, " "), err)
			}
		}
	}
	if seen < 40 {
		t.Errorf("%d calls in all of the pages", seen)
	}
	for _, wrong := range []string{"frobnicate", "status --frob", "resolve"} {
		if understood(strings.Fields(wrong)) == nil {
			t.Errorf("cairn %s is understood", wrong)
		}
	}
}

// understood reports why the grammar does not take a command line; nothing is run or read.
func understood(args []string) error {
	grammar := cli{from: &sources{}}
	parser, err := newParser(&grammar, env{})
	if err != nil {
		return err
	}
	parsed, err := kong.Trace(parser, args)
	if err != nil {
		return err
	}
	if parsed.Error != nil {
		return parsed.Error
	}
	if err := parsed.Reset(); err != nil { // to the defaults
		return err
	}
	if _, err := parsed.Apply(); err != nil {
		return err
	}
	return parsed.Validate()
}
