package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet/audit"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

const (
	goodScenario = "# A good promise.\n\nnodes 3\nagent a1\npublish a1 on 1\n\nstatus a1 on 1\n----\na1 active seq 1 on 1\n"
	badScenario  = "# A bad promise.\n\nnodes 3\nagent a1\n\nstatus a1 on 1\n----\na1 active seq 1 on 1\n"
)

// virtualRun is the program in virtual time, as in the child of a run.
func virtualRun(t *testing.T, limit time.Duration, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	out, errs := new(screen), new(screen)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		code = run(ctx, args, env{stdout: out, stderr: errs, self: nowhere, virtual: true})
	})
	return code, out.text(), errs.text()
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunScenarios(t *testing.T) {
	good, bad, unreadable := write(t, goodScenario), write(t, badScenario), write(t, "# A promise.\n\nnodes x\n")
	long := write(t, "# A long promise.\n\nnodes 3\nwait 2m\n")
	for name, row := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"held":           {[]string{good}, exitOK, "held     " + good + "  A good promise.\n         3 nodes, seed 1, ", good + ":5: publish a1 on 1\n"},
		"broken":         {[]string{bad}, exitFailed, "BROKEN   " + bad + "  A bad promise.", "1 of 1 runs broke a promise"},
		"broken, where":  {[]string{bad}, exitFailed, bad + ":8: status a1 on 1\nwant a1 active seq 1 on 1\n got a1 unknown on 1\n", ""},
		"unreadable":     {[]string{good, unreadable}, exitUsage, "", unreadable + ":3: nodes: want nodes 40"},
		"not there":      {[]string{"nowhere.txt"}, exitUsage, "", "nowhere.txt: no such file"},
		"no file":        {nil, exitUsage, "", "expected \"<file> ...\""},
		"a bad option":   {[]string{"--set", "nodes=x", good}, exitUsage, "", "set nodes=x: "},
		"a good option":  {[]string{"--set", "nodes=5", good}, exitOK, "5 nodes, seed 1", ""},
		"repeated":       {[]string{"--repeat", "2", good}, exitOK, "3 nodes, seed 2", ""},
		"never":          {[]string{"--repeat", "0", good}, exitUsage, "", "--repeat 0: want 1 or more"},
		"rewrite others": {[]string{"--rewrite", "--set", "nodes=5", good}, exitUsage, "", "neither --set nor --repeat"},
		"interrupted":    {[]string{long}, exitFailed, "PARTIAL  " + long, "cairn-testnet: interrupted"},
		"no such log":    {[]string{"--log", "/nowhere/x", good}, exitFailed, "", "/nowhere/x"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := virtualRun(t, time.Minute, append([]string{"run"}, row.args...)...)
			if code != row.code || !strings.Contains(stdout, row.stdout) || !strings.Contains(stderr, row.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", code, row.code, stdout, stderr)
			}
		})
	}
}

// With -o json standard output is one object for each run, and nothing else.
func TestRunJSON(t *testing.T) {
	code, stdout, _ := virtualRun(t, time.Hour, "run", "-o", "json", write(t, badScenario), write(t, goodScenario))
	var reports []scenario.Report
	for in := json.NewDecoder(strings.NewReader(stdout)); in.More(); {
		var r scenario.Report
		if err := in.Decode(&r); err != nil {
			t.Fatal(err)
		}
		reports = append(reports, r)
	}
	if code != exitFailed || len(reports) != 2 || reports[0].Held || len(reports[0].Failures) != 1 || !reports[1].Held || reports[1].Took <= 0 {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
}

// --rewrite makes a file say what happens, and then leaves it alone; --log writes what
// the auditor reads.
func TestRunRewriteAndLog(t *testing.T) {
	path, log := write(t, badScenario), filepath.Join(t.TempDir(), "ops.jsonl")
	if code, _, stderr := virtualRun(t, time.Hour, "run", "--rewrite", "--log", log, path); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	b, err := os.ReadFile(path)
	if want := strings.Replace(badScenario, "active seq 1", "unknown", 1); err != nil || string(b) != want {
		t.Errorf("%v\n%s", err, b)
	}
	if code, _, stderr := virtualRun(t, time.Hour, "run", path); code != exitOK {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if events, err := audit.Read(f); err != nil || len(events) < 10 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// The same file on sockets.
func TestRunReal(t *testing.T) {
	var out, errs screen
	if code := run(t.Context(), []string{"run", "--real", write(t, goodScenario)}, env{stdout: &out, stderr: &errs, self: nowhere}); code != exitOK {
		t.Errorf("exit code %d\n%s\n%s", code, out.text(), errs.text())
	}
}
