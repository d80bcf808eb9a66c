package node

import (
	"encoding/json"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node/metrics"
)

// observed is a node with its API, that publishes, resolves and revokes beside another one
// between two scrapes.
func observed(t *testing.T) (a *Node, s scrapes) {
	t.Helper()
	a = newTestNode(t, Config{Dir: t.TempDir(), API: "127.0.0.1:0"})
	b := newTestNode(t, Config{Dir: t.TempDir()}, a)
	s.before = scrape(t, a)
	for _, n := range []*Node{a, b} {
		agent := mustAgent(t, n, "one")
		if _, err := n.PublishAgent(t.Context(), "one", placeAt("https://one.example"), 0); err != nil {
			t.Fatal(err)
		}
		mustResolve(t, a, agent.ID(), Policy{Mode: PolicyMostRecent})
		certificate, err := n.Agents().Certificate("one")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Revoke(t.Context(), certificate); err != nil {
			t.Fatal(err)
		}
		until(t, "a has it", func() bool { return a.final(agent.ID()) != nil })
	}
	s.after = scrape(t, a)
	s.after["up"] = 1                        // Prometheus' own
	s.after["cairn_store_free_bytes"] = 1e12 // whatever this machine has
	return a, s
}

// panel is as much of a panel of Grafana as matters here.
type panel struct {
	Type, Title string
	Targets     []struct{ Expr, LegendFormat string }
	GridPos     struct{ X, Y, W, H int }
}

// Every query of the dashboard is about metrics that a node has, and gives something; so are
// the alert rules, all of which are quiet where all is well.
func TestDashboardAndRulesAtAHealthyNode(t *testing.T) {
	_, s := observed(t)
	var board struct {
		Panels     []panel
		Templating struct{ List []struct{ Name string } }
	}
	raw, err := os.ReadFile("../deploy/grafana/cairn.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	titles := map[string]bool{}
	for _, p := range board.Panels {
		if titles[p.Title] || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q is there twice, or has no place", p.Title)
		}
		titles[p.Title] = true
		if (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("panel %q: a %s of %d queries", p.Title, p.Type, len(p.Targets))
		}
		for _, target := range p.Targets {
			v, names, err := evaluate(target.Expr, s)
			if err != nil {
				t.Error(err)
			}
			for _, name := range names {
				asked[name] = true
			}
			if len(v) == 0 && !(runtime.GOOS != "linux" && strings.Contains(target.Expr, "process_")) {
				t.Errorf("panel %q: nothing comes of %s", p.Title, target.Expr)
			}
			if strings.Count(target.Expr, `instance=~"$instance"`) == 0 {
				t.Errorf("panel %q: %s is about every node", p.Title, target.Expr)
			}
		}
	}
	for _, r := range rules(t) {
		v, names, err := evaluate(r.Expr, scrapes{after: s.after}) // since the start
		if err != nil {
			t.Error(err)
		}
		if len(v) > 0 {
			t.Errorf("%s fires at a healthy node: %v", r.Alert, v)
		}
		for _, name := range names {
			asked[name] = true
			if _, ok := s.after.Sum(name); !ok {
				t.Errorf("%s asks for %s, which no node has", r.Alert, name)
			}
		}
	}
	if len(asked) < 40 {
		t.Errorf("only %d metrics are looked at: this test has gone blind", len(asked))
	}
}

// rule is an alert rule.
type rule struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func rules(t *testing.T) []rule {
	t.Helper()
	raw, err := os.ReadFile("../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	dec := yaml.NewDecoder(strings.NewReader(string(raw)))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil || len(file.Groups) != 1 {
		t.Fatal(len(file.Groups), err)
	}
	for _, r := range file.Groups[0].Rules {
		if _, err := time.ParseDuration(r.For); err != nil || r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" {
			t.Errorf("%s lacks something: %v", r.Alert, err)
		}
	}
	return file.Groups[0].Rules
}

// Each rule fires where what it is about has happened: in a node to which it happened, or,
// where that takes a broken disk or an hour, in what such a node would show.
func TestRulesFire(t *testing.T) {
	lonely := lonelyNode(t)
	late := newTestNode(t, Config{API: "127.0.0.1:0", APIToken: strings.Repeat("t", 40), Now: func() time.Time { return time.Now().Add(-10 * time.Minute) }})
	early := newTestNode(t, Config{})
	joinLate(t, early, late)
	before := scrape(t, late)
	late.lostFact()
	after := scrape(t, late)
	shown := func(changed map[string]float64) scrapes {
		s := scrapes{before: before, after: maps.Clone(before)}
		for series, value := range changed {
			if _, ok := before[series]; !ok && series != "up" {
				t.Errorf("no node shows %s", series)
			}
			s.after[series] = value
		}
		return s
	}
	world := map[string]scrapes{
		"CairnDown":                  shown(map[string]float64{"up": 0}),
		"CairnNotReady":              {after: lonely},
		"CairnNoPeers":               {after: lonely},
		"CairnNoTopic":               shown(map[string]float64{"cairn_gossip_peers": 0}),
		"CairnClockOff":              {after: after},
		"CairnClockUnusable":         {after: after},
		"CairnFactsLost":             {before: before, after: after},
		"CairnFactsStale":            shown(map[string]float64{"cairn_facts_complete_age_seconds": 250}),
		"CairnStoreCorrupt":          shown(map[string]float64{"cairn_store_corrupt_values_total": 1}),
		"CairnDiskFull":              shown(map[string]float64{"cairn_store_writable": 0}),
		"CairnDiskLow":               shown(map[string]float64{"cairn_store_free_bytes": 1e8}),
		"CairnRangeHalved":           shown(map[string]float64{"cairn_facts_range_share": .5}),
		"CairnPublishesPartial":      shown(map[string]float64{`cairn_publishes_total{outcome="partial"}`: 1}),
		"CairnRenewalsFailing":       shown(map[string]float64{"cairn_renewals_failed_total": 1}),
		"CairnRevocationUnconfirmed": shown(map[string]float64{"cairn_revokes_given_up_total": 1}),
		"CairnReconciliationFailing": shown(map[string]float64{`cairn_gossip_sync_outcomes_total{outcome="failed"}`: before[`cairn_gossip_sync_outcomes_total{outcome="failed"}`] + 1}),
		"CairnDropping":              shown(map[string]float64{`cairn_gossip_dropped_total{queue="lane"}`: 5000}),
		"CairnJunk":                  shown(map[string]float64{"cairn_overlay_liars_total": 5000}),
	}
	for _, r := range rules(t) {
		s, ok := world[r.Alert]
		if !ok {
			t.Errorf("%s: nothing makes it fire", r.Alert)
			continue
		}
		if v, _, err := evaluate(r.Expr, s); err != nil || len(v) == 0 {
			t.Errorf("%s does not fire: %v", r.Alert, err)
		}
		delete(world, r.Alert)
	}
	if len(world) > 0 {
		t.Errorf("there are no rules %q", slices.Sorted(maps.Keys(world)))
	}
}

// lonelyNode is what a node shows whose bootstrap cannot be reached.
func lonelyNode(t *testing.T) metrics.Scrape {
	t.Helper()
	key, err := nodeKey("")
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	nobody := multiaddr.StringCast("/ip4/127.0.0.1/udp/1/quic-v1")
	n, err := New(Config{Listen: loopbackQUIC(), NoMDNS: true, API: "127.0.0.1:0", APIToken: strings.Repeat("t", 40),
		Bootstrap: []peer.AddrInfo{{ID: id, Addrs: []multiaddr.Multiaddr{nobody}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}()
	return scrape(t, n)
}

// joinLate connects two nodes, and waits until the second one has compared its clock.
func joinLate(t *testing.T, early, late *Node) {
	t.Helper()
	if err := late.host.Connect(t.Context(), early.AddrInfo()); err != nil {
		t.Fatal(err)
	}
	until(t, "clocks are compared", func() bool { return late.Status().ClockPeers > 0 })
}
