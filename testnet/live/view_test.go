package live

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/web"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// shown starts a network of nodes in cities and its page, and ends both with the test.
// seen gets what becomes known to whom.
func shown(t *testing.T, nodes int, seen chan<- string) (*View, *web.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	v := New(wan.Cities(1), slog.DiscardHandler)
	cfg := v.Watch(testnet.Config{Nodes: nodes, Memory: true})
	tell := cfg.Seen
	cfg.Seen = func(i int, s node.Seen) {
		seen <- fmt.Sprintf("%s by %s, handed over: %t", name(i), s.Via, v.nameOf(s.From.String()) != "")
		tell(i, s)
	}
	w, err := testnet.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	page, err := v.Open(w, testnet.DefaultNetwork, "test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := page.Close(); err != nil {
			t.Error(err)
		}
	})
	return v, page
}

// What the page asks for happens to the network, and what happens is seen.
func TestViewOfANetwork(t *testing.T) {
	seen := make(chan string, 16)
	v, _ := shown(t, 4, seen)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	scene := v.Look()
	if len(scene.Nodes) != 4 || len(scene.Links) != 6 {
		t.Fatalf("%d nodes and %d links, want 4 and 6", len(scene.Nodes), len(scene.Links))
	}
	for _, n := range scene.Nodes {
		if n.State != "ready" || n.Place == "" || n.Lat == 0 || n.Turn == 0 || n.Peers != 3 {
			t.Errorf("a node is %+v", n)
		}
	}
	if l := scene.Links[0]; l.A != "n1" || l.B != "n2" || l.RTT < 1 {
		t.Errorf("the first link is %+v", l)
	}

	for name, row := range map[string][2]string{"no name": {" ", "https://a.example"}, "no URL": {"a", "a.example"}, "not https": {"a", "http://a.example"}} {
		if _, err := v.Publish(ctx, "n1", row[0], row[1]); err == nil {
			t.Errorf("published with %s", name)
		}
	}
	r, err := v.Publish(ctx, "n1", "translator", "https://translator.example/a2a")
	if err != nil || r.Acks == 0 || r.Reason != "" {
		t.Fatalf("published: %+v, %v", r, err)
	}
	if a, err := v.Resolve(ctx, "n3", "translator", "most-recent"); err != nil || a.Status != "active" || len(a.Path) == 0 || !slices.Equal(a.URLs, []string{"https://translator.example/a2a"}) {
		t.Errorf("resolved: %+v, %v", a, err)
	}
	if _, err := v.Revoke(ctx, "n2", strings.Repeat("b", 59)); err == nil {
		t.Error("an agent of somebody else was revoked")
	}
	if _, err := v.Revoke(ctx, "n2", r.ID); err != nil {
		t.Fatal(err)
	}
	var knows []string
	for range 4 {
		knows = append(knows, <-seen)
	}
	slices.Sort(knows)
	if want := []string{"n1 by gossip, handed over: true", "n2 by local, handed over: false", "n3 by gossip, handed over: true", "n4 by gossip, handed over: true"}; !slices.Equal(knows, want) {
		t.Errorf("it became known to %q, want %q", knows, want)
	}
	if a, err := v.Resolve(ctx, "n4", r.ID, "first"); err != nil || a.Status != "revoked" || a.URLs != nil {
		t.Errorf("resolved: %+v, %v", a, err)
	}
	if agents := v.Look().Agents; len(agents) != 1 || !agents[0].Revoked || agents[0].Node != "n1" {
		t.Errorf("agents: %+v", agents)
	}

	floor := v.Floor("n2")
	if len(floor) != 4 || floor["n2"] != 0 || floor["n1"] <= 0 {
		t.Errorf("the floor is %v", floor)
	}
	d, err := v.Inspect("n1")
	if err != nil || !d.Up || d.Status == nil || len(d.Peers) != 3 || d.Peers[0].RTT <= 0 || d.Peers[0].Place == "" {
		t.Errorf("n1: %+v, %v", d, err)
	}
	if _, err := v.Inspect("n5"); err == nil {
		t.Error("there is an n5")
	}
}

// Nodes are broken and mended, and the page sees it.
func TestViewOfFaults(t *testing.T) {
	v, _ := shown(t, 3, nil)
	state := func(i int) web.Node { return v.Look().Nodes[i] }
	if err := v.Kill("n3"); err != nil {
		t.Fatal(err)
	}
	if n := state(2); n.State != "down" {
		t.Errorf("killed: %+v", n)
	}
	if d, err := v.Inspect("n3"); err != nil || d.Up {
		t.Errorf("killed: %+v, %v", d, err)
	}
	if err := v.Kill("n3"); err == nil {
		t.Error("it was killed twice")
	}
	if err := v.Restart("n3"); err != nil {
		t.Fatal(err)
	}
	if n := state(2); n.State == "down" {
		t.Errorf("restarted: %+v", n)
	}
	for _, side := range [][]string{nil, {"n1", "n2", "n3"}, {"n9"}} {
		if err := v.Partition(side); err == nil {
			t.Errorf("split off %q", side)
		}
	}
	if err := v.Partition([]string{"n1"}); err != nil {
		t.Fatal(err)
	}
	if a, b := state(0), state(1); a.Side != 1 || b.Side != 0 || a.Peers != 0 {
		t.Errorf("split: %+v and %+v", a, b)
	}
	if err := v.Heal(); err != nil {
		t.Fatal(err)
	}
	if n := state(0); n.Side != 0 {
		t.Errorf("healed: %+v", n)
	}
}
