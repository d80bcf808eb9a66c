package weaktest_test

import (
	"os"
	"slices"
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
