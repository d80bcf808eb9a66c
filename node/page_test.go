package node

import (
	"log/slog"
	"testing"
)

// One node's page shows the node, its links and what it hears; what it cannot know is left out.
func TestPageOfANode(t *testing.T) {
	page := NewPage(slog.DiscardHandler)
	a := newTestNode(t, page.Watch(Config{Dir: t.TempDir()}))
	b := newTestNode(t, Config{}, a)
	server, err := page.Open(a, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()

	r, err := page.Publish(t.Context(), thisNode, "herbalist", "https://herbalist.example/a2a")
	if err != nil {
		t.Fatal(err)
	}
	scene := page.Look()
	if len(scene.Nodes) != 2 || scene.Nodes[0].Name != thisNode || scene.Nodes[1].State != "peer" || len(scene.Links) != 1 {
		t.Fatalf("it shows %+v", scene)
	}
	if len(scene.Agents) != 1 || scene.Agents[0].URL != "https://herbalist.example/a2a" || scene.Agents[0].Revoked {
		t.Errorf("its agents are %+v", scene.Agents)
	}
	if d, err := page.Inspect(thisNode); err != nil || d.Status == nil || len(d.Peers) != 1 || d.Link != nil {
		t.Errorf("of itself it says %+v, %v", d, err)
	}
	if d, err := page.Inspect(scene.Nodes[1].Name); err != nil || d.Peer != b.ID().String() || d.Status != nil || d.Link == nil {
		t.Errorf("of its peer it says %+v, %v", d, err)
	}
	if _, err := page.Inspect("nobody"); err == nil {
		t.Error("it says something of nobody")
	}
	if _, err := page.Revoke(t.Context(), thisNode, r.ID); err != nil {
		t.Fatal(err)
	}
	if agents := page.Look().Agents; len(agents) != 1 || !agents[0].Revoked {
		t.Errorf("after the revocation its agents are %+v", agents)
	}
	if answer, err := page.Resolve(t.Context(), thisNode, r.ID, "first"); err != nil || answer.Status != "revoked" {
		t.Errorf("it is %+v, %v", answer, err)
	}
}
