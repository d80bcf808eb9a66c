package chaos

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

func TestReport(t *testing.T) {
	clean := Report{
		Nodes: 20, Seed: 7, For: time.Minute, Agents: 3, Operations: map[string]int{"resolve active": 9}, Names: []string{"resolve active"},
		Faults: []Sum{{Kind: "kill", Faults: 2, Count: 2, Unit: "processes ended"}}, Log: "ops.jsonl", Logs: "logs",
	}
	broken, fallen, partial := clean, clean, clean
	broken.Violations = make([]audit.Violation, mostShown+2)
	fallen.Findings = []string{"n3 ended by itself"}
	partial.Partial = true
	for name, row := range map[string]struct {
		rep   Report
		ok    bool
		wants []string
	}{
		"clean":      {clean, true, []string{"The auditor found nothing", "processes ended", "resolve active", "ops.jsonl"}},
		"violations": {broken, false, []string{"VIOLATION", "... and 2 more", "22 violations and 0 other findings; seed 7"}},
		"a finding":  {fallen, false, []string{"FOUND n3 ended by itself", "1 other findings"}},
		"cut short":  {partial, false, []string{"Partial"}},
	} {
		var out bytes.Buffer
		if err := row.rep.Write(&out); err != nil {
			t.Fatal(err)
		}
		if row.rep.OK() != row.ok {
			t.Errorf("%s: ok is %t", name, row.rep.OK())
		}
		for _, want := range row.wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s lacks %q:\n%s", name, want, out.String())
			}
		}
	}
}

func TestOptions(t *testing.T) {
	good := Options{Log: "ops.jsonl", Out: io.Discard}
	for name, row := range map[string]struct {
		edit func(*Options)
		want string // empty: it is taken
	}{
		"as it is":          {func(*Options) {}, ""},
		"no log":            {func(o *Options) { o.Log = "" }, "Log"},
		"two nodes":         {func(o *Options) { o.Nodes = 2 }, "want 3 to 200"},
		"too many nodes":    {func(o *Options) { o.Nodes = MaxNodes + 1 }, "want 3 to 200"},
		"a moment":          {func(o *Options) { o.For = time.Second }, "want at least 20s"},
		"nothing arrives":   {func(o *Options) { o.Loss = 1 }, "want 0 to 0.5"},
		"less than no loss": {func(o *Options) { o.Loss = -1 }, "want 0 to 0.5"},
	} {
		o := good
		row.edit(&o)
		_, err := o.withDefaults()
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}
