package worlds_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cairn-overlay/cairn/testnet/audit"
	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/worlds"
)

// fault is what the auditor finds where a scenario is played with stock libraries.
// With nodes of ours it finds nothing: package scenario plays the same files.
type fault struct {
	scenario string
	rule     audit.Rule
	node     int // that shows it, where it must be this one
}

// What stock libraries do not promise is found by the auditor, not only by what a
// scenario expects.
func TestStockFaults(t *testing.T) {
	for name, f := range map[string]fault{
		"a node that was away never hears":            {scenario: "late/cut-off", rule: audit.Final, node: 6},
		"a success that only echo liars acknowledged": {scenario: "attack/only-liars", rule: audit.Readable, node: 2},
	} {
		t.Run(name, func(t *testing.T) { f.find(t) })
	}
}

// find plays the scenario and wants the fault.
func (f fault) find(t *testing.T) {
	t.Helper()
	found := playStock(t, f.scenario)
	for _, v := range found {
		if v.Rule == f.rule && strings.HasPrefix(v.Text, fmt.Sprintf("node %d on ", f.node)) {
			t.Log(v)
			return
		}
	}
	t.Errorf("the auditor found %v, want %s at node %d", found, f.rule, f.node)
}

// playStock plays a scenario with stock libraries and returns what the auditor says of
// its log.
func playStock(t *testing.T, name string) (found []audit.Violation) {
	t.Helper()
	f, err := scenario.Load("../testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		if _, err := f.Play(t.Context(), scenario.Options{Make: worlds.Stock, World: "stock", Log: &log}); err != nil {
			t.Error(err)
		}
	})
	events, err := audit.Read(&log)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Check(events)
}

// What stock libraries keep they are not blamed for.
func TestStockKeepsLeases(t *testing.T) {
	if found := playStock(t, "lease/ends"); len(found) > 0 {
		t.Errorf("the auditor found %v", found)
	}
}

// A disk is refused, since none is there by default.
func TestStockHasNoDisk(t *testing.T) {
	f, err := scenario.Load("../testdata/restart/killed.txt")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		rep, err := f.Play(t.Context(), scenario.Options{Make: worlds.Stock, World: "stock"})
		if err != nil || rep.Held || !strings.Contains(rep.Failures[0].Text, "disk") {
			t.Errorf("%+v, %v", rep, err)
		}
	})
}
