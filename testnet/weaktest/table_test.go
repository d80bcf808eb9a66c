package weaktest_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/testnet/audit"
	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/weaktest"
)

// book is the folder of scenarios.
const book = "../testdata/"

// Every defence has its row, and every promise of the auditor is shown to be broken by
// one that is part of every run.
func TestTableIsComplete(t *testing.T) {
	table := weaktest.Table()
	for _, d := range weak.Defences {
		if !slices.ContainsFunc(table, func(r weaktest.Row) bool { return r.Defence == d }) {
			t.Errorf("nothing shows that %s is off", d)
		}
	}
	for _, rule := range audit.Rules {
		if !slices.ContainsFunc(table, func(r weaktest.Row) bool { return r.Rule == rule && r.Quick }) {
			t.Errorf("no weak build of every run breaks %s", rule)
		}
	}
	for _, r := range table {
		switch {
		case (r.Scenario == "") == (r.Test == ""), (r.Package == "") != (r.Test == ""), r.Quick && r.Scenario == "", r.Attack == "":
			t.Errorf("%+v: want a scenario, or a package and a test, and an attack", r)
		case r.Scenario != "":
			if _, err := scenario.Load(book + r.Scenario + ".txt"); err != nil {
				t.Error(err)
			}
		default:
			if _, err := os.Stat("../../" + r.Package); err != nil {
				t.Error(err)
			}
		}
	}
}

// The page of threats has every row of the table, and no defence that is not there.
func TestPageHasTheTable(t *testing.T) {
	b, err := os.ReadFile("../../docs/threats.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[string]string) // by the first cell
	for line := range strings.SplitSeq(string(b), "\n") {
		if cells := strings.Split(line, "|"); len(cells) == 7 && strings.HasPrefix(cells[1], " `") {
			lines[strings.Trim(cells[1], " `")] = line
		}
	}
	if len(lines) != len(weak.Defences) {
		t.Errorf("the page has %d defences, want %d", len(lines), len(weak.Defences))
	}
	for _, r := range weaktest.Table() {
		shows := r.Scenario
		if r.Test != "" {
			shows = r.Package + " " + r.Test
		}
		for _, want := range []string{r.Attack, "`" + shows + "`", string(r.Rule)} {
			if !strings.Contains(lines[string(r.Defence)], want) {
				t.Errorf("the line of %s on the page lacks %q", r.Defence, want)
			}
		}
	}
	for _, rule := range audit.Rules {
		if !strings.Contains(string(b), "| `"+string(rule)+"` |") {
			t.Errorf("the page has no line for the promise %s", rule)
		}
	}
}
