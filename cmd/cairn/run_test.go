package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// runIn runs the program in this process.
func runIn(t *testing.T, stdin string, vars map[string]string, args ...string) (code exitCode, stdout, stderr string) {
	t.Helper()
	var out, msg strings.Builder
	code = run(t.Context(), args, env{
		stdin: strings.NewReader(stdin), stdout: &out, stderr: &msg,
		getenv: func(name string) string { return vars[name] },
	})
	return code, out.String(), msg.String()
}

// leaves are all verbs that do something.
func leaves(t *testing.T) []*kong.Node {
	t.Helper()
	parser, err := newParser(&cli{}, env{stdout: io.Discard, stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Leaves(true)
}

func TestEveryVerbTeaches(t *testing.T) {
	for _, verb := range leaves(t) {
		t.Run(verb.FullPath(), func(t *testing.T) {
			code, help, stderr := runIn(t, "", nil, append(strings.Fields(verb.FullPath())[1:], "--help")...)
			if code != exitOK || stderr != "" {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			if !strings.Contains(help, "\n    cairn ") && !strings.Contains(help, "| "+verb.FullPath()) {
				t.Error("no example")
			}
			if verb.Help == "" || !strings.HasSuffix(verb.Help, ".") {
				t.Errorf("the line for lists is %q", verb.Help)
			}
			for _, f := range verb.Flags {
				if f.Help == "" || !strings.HasSuffix(f.Help, ".") {
					t.Errorf("--%s: the help is %q", f.Name, f.Help)
				}
			}
			for _, line := range strings.Split(help, "\n") {
				if len(line) > helpWidth {
					t.Errorf("a line of %d: %s", len(line), line)
				}
			}
			for _, word := range []string{"%!", "${", "$$"} {
				if strings.Contains(help, word) {
					t.Errorf("%q in the help", word)
				}
			}
		})
	}
}

func TestEveryVerbIsOnTheFirstPage(t *testing.T) {
	_, help, _ := runIn(t, "", nil, "--help")
	for _, verb := range leaves(t) {
		if path := strings.TrimPrefix(verb.FullPath(), "cairn "); !strings.Contains(help, "\n  "+path+" ") {
			t.Errorf("%s is not listed", path)
		}
	}
	for _, code := range []string{"0 ok", "1 failed", "2 usage", "3 not found", "4 revoked", "5 expired", "6 partial", "7 unverified", "8 conflict"} {
		if !strings.Contains(strings.Join(strings.Fields(help), " "), code) {
			t.Errorf("exit code %q is not explained", code)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for _, tt := range []struct{ name, args, message string }{
		{"no verb", "", "Usage: cairn"},
		{"unknown verb", "resolv", `did you mean "resolve"`},
		{"half a verb", "agent", "cairn agent --help"},
		{"unknown flag", "status --colour", "unknown flag --colour"},
		{"missing argument", "publish", "cairn publish --help"},
		{"unknown format", "status -o xml", `"human","json","jsonl","raw"`},
		{"no raw form", "status -o raw", "has no raw form"},
		{"no time at all", "status --timeout 0s", "not positive"},
		{"unknown level", "status --log-level loud", "--log-level"},
		{"unknown policy", "resolve x --policy best", "most-recent"},
		{"one path", "resolve x --paths 1", "paths=N"},
		{"paths and a policy", "resolve x --paths 2 --policy first", "is a policy"},
		{"quorum of none", "resolve x --policy quorum=0", "quorum=N"},
		{"a watch of nothing", "watch", "watch --tombstones"},
		{"a watch of both", "watch x --tombstones", "one agent, or all revocations"},
		{"a cursor of an agent", "watch x --after 3", "--after belongs to --tombstones"},
		{"nobody to revoke", "revoke", "revoke --cert FILE"},
		{"all as one", "publish --all x --agent y", "leave --agent out"},
		{"no multiaddr", "daemon --listen 127.0.0.1:1", "multiaddr such as"},
		{"bootstrap without a peer", "daemon --bootstrap /ip4/127.0.0.1/tcp/1", "/p2p/12D3"},
		{"too many replicas", "daemon --replication 21", "want 1 to 20"},
		{"no replicas", "daemon --replication 0", "want 1 to 20"},
		{"a URL to listen on", "daemon --api http://127.0.0.1:1", "not a URL"},
		{"unknown profile", "daemon --profile moon", "--profile"},
		{"no such token file", "status --api http://127.0.0.1:1 --token-file nowhere", "token"},
		{"no time", "record verify x --at noon", "2026-05-01T12:00:00Z"},
		{"no file", "record inspect nowhere", "no such file"},
		{"no life", "agent new x --life 0d", "number of days"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runIn(t, "", map[string]string{"CAIRN_DIR": t.TempDir()}, strings.Fields(tt.args)...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, tt.message) {
				t.Errorf("exit code %d, stdout %q, stderr %q, want 2 and %q", code, stdout, stderr, tt.message)
			}
			for line := range strings.Lines(stderr) {
				if tt.args != "" && !strings.HasPrefix(line, "cairn: ") {
					t.Errorf("a message without its prefix: %q", line)
				}
			}
		})
	}
}

func TestHelpIsAVerbToo(t *testing.T) {
	_, asFlag, _ := runIn(t, "", nil, "agent", "new", "--help")
	code, asVerb, _ := runIn(t, "", nil, "help", "agent", "new")
	if code != exitOK || asVerb != asFlag || asVerb == "" {
		t.Errorf("exit code %d, %q, want %q", code, asVerb, asFlag)
	}
}

func TestWhichDaemon(t *testing.T) {
	vars := map[string]string{"CAIRN_API": "http://env", "CAIRN_DIR": "/env"}
	e := env{getenv: func(name string) string { return vars[name] }}
	for _, tt := range []struct {
		name   string
		g      global
		target string
	}{
		{"flag", global{API: "http://flag"}, "http://flag"},
		{"flag before directory", global{API: "http://flag", Dir: "d"}, "http://flag"},
		{"directory before environment", global{Dir: "d"}, ""},
		{"environment", global{}, "http://env"},
	} {
		if got := tt.g.target(e); got != tt.target {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.target)
		}
	}
}

func TestInterruptedIsSaid(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var msg strings.Builder
	s := &session{ctx: ctx, env: env{stderr: &msg}, global: &global{}}
	if code := s.finish(ctx.Err()); code != exitFailed || msg.String() != "cairn: interrupted\n" {
		t.Errorf("exit code %d, %q", code, msg.String())
	}
}

func TestInterruptWhileReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent, hold := io.Pipe()
	defer hold.Close()
	var msg strings.Builder
	time.AfterFunc(10*time.Millisecond, cancel)
	code := run(ctx, []string{"record", "inspect", "-"}, env{stdin: silent, stdout: io.Discard, stderr: &msg, getenv: func(string) string { return "" }})
	if code != exitFailed || msg.String() != "cairn: interrupted\n" {
		t.Errorf("exit code %d, %q", code, msg.String())
	}
}
