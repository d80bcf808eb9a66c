package scenario_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/audit"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// run plays a text on paper.
func run(t *testing.T, text string, w *paper, opts scenario.Options) *scenario.Report {
	t.Helper()
	f, err := scenario.Parse("x.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	opts.Make = w.on
	var rep *scenario.Report
	synctest.Test(t, func(t *testing.T) {
		if rep, err = f.Play(t.Context(), opts); err != nil {
			t.Error(err)
		}
	})
	if !w.closed {
		t.Error("the world is not closed")
	}
	return rep
}

// A promise that is broken is reported with its line and what was seen instead.
func TestBrokenPromises(t *testing.T) {
	const agent = head + "agent a1\n"
	zombie := func(a scenario.Answer) scenario.Answer {
		if a.Status == records.StatusRevoked {
			a.Status = records.StatusUnknown
		}
		return a
	}
	unproven := func(a scenario.Answer) scenario.Answer {
		if a.Proof != nil {
			a.Proof = []byte("trust me")
		}
		return a
	}
	for name, row := range map[string]struct {
		text string
		lie  func(scenario.Answer) scenario.Answer
		want []string // each part of a failure
	}{
		"all well":            {agent + "publish a1 on 2\n", nil, nil},
		"wrong output":        {agent + "publish a1 on 2\nresolve a1 on all\n----\na1 seq 1: confirmed, acked 4 of 4, read back 4\na1 unknown on all\n", nil, []string{"x.txt:9: resolve a1 on all", "want a1 unknown on all", "got a1 active seq 1 on all"}},
		"output too many":     {agent + "publish a1 on 2\n----\n\n", nil, []string{"x.txt:6: publish", "want no more output", "got a1 seq 1: confirmed"}},
		"output missing":      {agent + "----\na1 is there\n", nil, []string{"x.txt:6: agent a1", "want a1 is there", "got no more output"}},
		"an unsafe write":     {agent + "revoke a1 on 2\n", nil, []string{"x.txt:5: revoke a1 on 2", "a1 revoked: partial, acked 1 of 4"}},
		"which is wanted":     {agent + "revoke a1 on 2\n----\na1 revoked: partial, acked <= 3 of 4, read back 0\n", nil, nil},
		"never":               {agent + "expect revoked a1 on 1-2 within 2s\n", nil, []string{"x.txt:5: expect", "n1: still unknown after 2s", "n2: still unknown after 2s"}},
		"not at the first":    {agent + "expect revoked a1 on 3\n", nil, []string{"n3: unknown"}},
		"found elsewhere":     {agent + "publish a1 on 1\nmove a1 on 1\nexpect gone a1 on 3\n", nil, []string{"n3: active seq 2"}},
		"a node that is none": {agent + "publish a1 on 9\n", nil, []string{"x.txt:5: publish a1 on 9", "n9 is not up"}},
		"a zombie": {agent + "revoke a1 on 2\nstatus a1 on 2\n----\na1 revoked: partial, acked 1 of 4, read back 0\na1 unknown on 2\n", zombie,
			[]string{"x.txt: the auditor: line", "final"}},
		"an unproven answer": {agent + "publish a1 on 2\nresolve a1 on 2\n----\na1 seq 1: confirmed, acked 4 of 4, read back 4\na1 active seq 0 on 2\n", unproven,
			[]string{"x.txt: the auditor: line", "proven"}},
		"what the world lacks": {head + "kill 3\nskew 2 +1h\n", nil, []string{"x.txt:3: nodes 4", "line 4, kill: this world has no way to break nodes", "line 5, skew: this world has no clocks that can be set"}},
	} {
		t.Run(name, func(t *testing.T) {
			rep := run(t, row.text, &paper{lie: row.lie}, scenario.Options{World: "paper"})
			var all strings.Builder
			for _, f := range rep.Failures {
				all.WriteString(rep.String(f) + "\n")
			}
			if rep.Held != (len(row.want) == 0) {
				t.Errorf("held: %v\n%s", rep.Held, all.String())
			}
			for _, want := range row.want {
				if !strings.Contains(all.String(), want) {
					t.Errorf("no %q in\n%s", want, all.String())
				}
			}
		})
	}
}

// A rewriting run changes literal lines and nothing else.
func TestRewritten(t *testing.T) {
	const before = `# A promise.

nodes 4

agent a1
publish a1 on 2
resolve a1 on all
status a1 on 2
----
a1 seq 1: confirmed, acked >= 9 of <= 20, read back 4  # a bound stays, also a broken one
a1 unknown on all  # wrong, and goes with its comment
a1 active seq 1 on 2  # right, and stays
one line too many

# prose
status a1 on 3
----
`
	const after = `# A promise.

nodes 4

agent a1
publish a1 on 2
resolve a1 on all
status a1 on 2
----
a1 seq 1: confirmed, acked >= 9 of <= 20, read back 4  # a bound stays, also a broken one
a1 active seq 1 on all
a1 active seq 1 on 2  # right, and stays

# prose
status a1 on 3
----
a1 active seq 1 on 3
`
	f, err := scenario.Parse("x.txt", []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	rep := run(t, before, &paper{}, scenario.Options{Rewrite: true})
	if got := string(f.Rewritten(rep)); got != after {
		t.Errorf("got\n%s", got)
	}
}

// The log of a run can be read, and says what was done.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	run(t, head+"agent a1\npublish a1 on 2\nresolve a1 on 1-3\n", &paper{}, scenario.Options{World: "paper", Log: &log})
	events, err := audit.Read(&log)
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[audit.Kind]int)
	for _, e := range events {
		count[e.Kind]++
	}
	if count[audit.Join] != 8 || count[audit.NewAgent] != 1 || count[audit.Publish] != 2 || count[audit.Resolve] != 6 || events[0].Run.World != "paper" {
		t.Errorf("%v", count)
	}
}

// A run that is interrupted ends at once, closes its world, and says where it was.
func TestInterrupted(t *testing.T) {
	f, err := scenario.Parse("x.txt", []byte(head+"wait 1h\n"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		w := new(paper)
		rep, err := f.Play(ctx, scenario.Options{Make: w.on})
		if err == nil || !strings.Contains(err.Error(), "x.txt:4") || rep.Held || !w.closed || rep.Took > time.Minute {
			t.Errorf("%v after %s; closed: %v", err, rep.Took, w.closed)
		}
	})
}
