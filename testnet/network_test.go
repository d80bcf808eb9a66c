package testnet_test

import (
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/testnet"
)

// What cannot be done says so, and leaves the network as it was.
func TestMisuse(t *testing.T) {
	for name, cfg := range map[string]testnet.Config{
		"no nodes":           {},
		"too many":           {Nodes: testnet.MaxNodes + 1},
		"memory and disk":    {Nodes: 1, Memory: true, Dir: t.TempDir()},
		"an API in memory":   {Nodes: 1, Memory: true, API: func(int) string { return "127.0.0.1:0" }},
		"no network's name":  {Nodes: 1, Memory: true, Network: "Not A Name"},
		"no replication":     {Nodes: 1, Memory: true, Replication: 21},
		"an API that is not": {Nodes: 1, API: func(int) string { return "127.0.0.1:no" }},
	} {
		if w, err := testnet.New(t.Context(), cfg); err == nil {
			t.Errorf("%s: accepted (close: %v)", name, w.Close())
		}
	}
	w := start(t, testnet.Config{Nodes: 2})
	if _, err := w.Restart(1); err == nil || !strings.Contains(err.Error(), "n2 is up") {
		t.Errorf("restart of a node that is up: %v", err)
	}
	if err := w.Kill(1); err != nil {
		t.Fatal(err)
	}
	if err := w.Stop(1); err == nil || !strings.Contains(err.Error(), "n2 is down") {
		t.Errorf("stop of a node that is down: %v", err)
	}
	if got := names(w.Nodes()); len(got) != 1 || got[0] != "n1" {
		t.Errorf("nodes that are up: %v", got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for verb, err := range map[string]error{"kill": w.Kill(0), "close": w.Close()} {
		if (err == nil) != (verb == "close") {
			t.Errorf("%s after close: %v", verb, err)
		}
	}
	if _, err := w.Add(); err == nil {
		t.Error("a node was added to a closed network")
	}
}
