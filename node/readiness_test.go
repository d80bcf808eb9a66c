package node

import (
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
)

// round is one reconciliation of a readiness script, at seconds after the start.
type round struct {
	at       int
	peer     peer.ID
	seasoned bool // the peer was ever ready
	failed   bool
	reached  bool // only a connection, no round
}

func TestReadiness(t *testing.T) {
	const boot = peer.ID("boot")
	for _, row := range []struct {
		name    string
		anchors []peer.ID
		known   []peer.ID
		rebuilt bool
		rounds  []round
		at      int
		ageless bool
		want    State
	}{
		{"alone", nil, nil, false, nil, 0, true, StateReady},
		{"a store was lost, so nobody is alone", nil, nil, true, nil, 30, true, StateStarting},
		{"a store was lost, and a peer comes by itself", nil, nil, true, []round{{at: 1, peer: "a", seasoned: true}}, 61, true, StateReady},
		{"bootstrap given, nobody reached", []peer.ID{boot}, nil, false, nil, 30, true, StateStarting},
		{"bootstrap given, nobody reached for a minute", []peer.ID{boot}, nil, false, nil, 60, true, StateDegraded},
		{"one bootstrap, the only peer", []peer.ID{boot}, nil, false, []round{{at: 1, peer: boot, seasoned: true}}, 1, true, StateReady},
		{"round failed", []peer.ID{boot}, nil, false, []round{{at: 1, peer: boot, seasoned: true, failed: true}}, 1, true, StateStarting},
		{"three reached, one round is too few", []peer.ID{boot}, nil, false, []round{{reached: true, peer: "a"}, {reached: true, peer: "b"}, {at: 1, peer: boot, seasoned: true}}, 1, true, StateStarting},
		{"three reached, three rounds", []peer.ID{boot}, nil, false, []round{{at: 1, peer: "a", seasoned: true}, {at: 1, peer: "b", seasoned: true}, {at: 2, peer: boot, seasoned: true}}, 2, true, StateReady},
		{"A34 strangers with empty sets, no anchor among them", []peer.ID{boot}, nil, false, []round{{at: 1, peer: "a", seasoned: true}, {at: 1, peer: "b", seasoned: true}, {at: 1, peer: "c", seasoned: true}}, 2, true, StateStarting},
		{"A34 peers that were never ready do not count at first", []peer.ID{boot}, nil, false, []round{{at: 1, peer: boot}}, 2, true, StateStarting},
		{"a network being born: newcomers do not wait for each other", []peer.ID{boot}, nil, false, []round{{at: 1, peer: "a"}, {at: 1, peer: "b"}, {at: 1, peer: boot, seasoned: true}}, 2, true, StateReady},
		{"a network being born: after a minute they do", []peer.ID{boot}, nil, false, []round{{at: 1, peer: boot}}, 60, true, StateReady},
		{"A6 strangers do not by waiting", []peer.ID{boot}, []peer.ID{"a"}, false, []round{{at: 1, peer: "a", seasoned: true}, {at: 1, peer: "b", seasoned: true}, {at: 1, peer: "c", seasoned: true}}, 600, true, StateDegraded},
		{"A34 one slow peer holds nobody up for ever", []peer.ID{boot}, nil, false, []round{{reached: true, peer: "slow"}, {at: 1, peer: boot, seasoned: true}}, 61, true, StateReady},
		{"two that were away do not vouch for each other while more are known", []peer.ID{boot}, []peer.ID{boot, "a", "b", "c"}, false, []round{{at: 1, peer: boot, seasoned: true}}, 2, true, StateStarting},
		{"the known ones come", []peer.ID{boot}, []peer.ID{boot, "a", "b", "c"}, false, []round{{at: 1, peer: boot, seasoned: true}, {at: 2, peer: "a", seasoned: true}, {at: 2, peer: "c", seasoned: true}}, 2, true, StateReady},
		{"the known ones are gone for good", []peer.ID{boot}, []peer.ID{boot, "a", "b", "c"}, false, []round{{at: 1, peer: boot, seasoned: true}}, 60, true, StateReady},
		{"a dead bootstrap beside a live one is not waited for", []peer.ID{boot, "dead"}, nil, false, []round{{at: 1, peer: boot, seasoned: true}}, 1, true, StateReady},
		{"public profile: completeness ages", []peer.ID{boot}, nil, false, []round{{at: 1, peer: boot, seasoned: true}}, 302, false, StateDegraded},
		{"public profile: a later round renews it", []peer.ID{boot}, nil, false, []round{{at: 1, peer: boot, seasoned: true}, {at: 200, peer: boot, seasoned: true}}, 302, false, StateReady},
	} {
		t.Run(row.name, func(t *testing.T) {
			start := time.Unix(1_800_000_000, 0)
			now := start
			r := newReadiness(func() time.Time { return now }, start, row.ageless, row.anchors, row.known, row.rebuilt, func() {})
			r.begin()
			for _, step := range row.rounds {
				now = start.Add(time.Duration(step.at) * time.Second)
				if step.reached {
					r.connected(step.peer)
					continue
				}
				rep := gossip.SyncReport{Peer: step.peer, EverReady: step.seasoned, Complete: !step.failed}
				if step.failed {
					rep.Err = errors.New("cut off")
				}
				r.synced(rep)
			}
			now = start.Add(time.Duration(row.at) * time.Second)
			r.tick()
			if got, why, _ := r.state(); got != row.want {
				t.Fatalf("state %s (%s), want %s", got, why, row.want)
			}
		})
	}
}

func TestClockNeverRunsBack(t *testing.T) {
	now := time.Unix(2000, 0)
	c := newClock(func() time.Time { return now }, now, time.Unix(1000, 0))
	if got := c.Now(); !got.Equal(now) {
		t.Fatalf("now %v", got)
	}
	now = time.Unix(500, 0)
	if got := c.Now(); !got.Equal(time.Unix(2000, 0)) {
		t.Fatalf("ran back to %v", got)
	}
	if c.Behind() != 1500*time.Second {
		t.Fatalf("behind %v", c.Behind())
	}
}

func TestAgentName(t *testing.T) {
	for title, want := range map[string]string{
		"Weather Agent": "weather-agent", "": "agent", "  ¡Hola!  ": "hola", "../../etc": "etc", "日本": "agent",
	} {
		if got := agentName(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}

// TestWhatReadinessWaitsFor says it in numbers that a reader can follow.
func TestWhatReadinessWaitsFor(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	now := start
	r := newReadiness(func() time.Time { return now }, start, true, []peer.ID{"boot"}, []peer.ID{"boot", "gone"}, false, func() {})
	r.begin()
	says := func(want string) {
		t.Helper()
		if state, why, _ := r.state(); state == StateReady || why != want {
			t.Errorf("%s: %q, want %q", state, why, want)
		}
	}
	says("no bootstrap or known peer could be reached yet")
	r.connected("boot")
	says("facts are not complete: reconciled with 0 of 2 peers; in 1m0s those that can be reached are enough")
	now = start.Add(10 * time.Second)
	r.synced(gossip.SyncReport{Peer: "boot", Complete: true, EverReady: true})
	says("facts are not complete: reconciled with 1 of 2 peers; in 50s those that can be reached are enough")
	r.synced(gossip.SyncReport{Peer: "new", Complete: true})
	says("facts are not complete: reconciled with 1 of 2 peers, and with 1 that were never ready themselves; in 50s those that can be reached are enough")
}

// The node that is its own first seed begins, unless somebody else may have begun before.
func TestFirstOfItsSeeds(t *testing.T) {
	never := func(p peer.ID) gossip.SyncReport { return gossip.SyncReport{Peer: p, Complete: true} }
	ever := func(p peer.ID) gossip.SyncReport { return gossip.SyncReport{Peer: p, Complete: true, EverReady: true} }
	for name, tt := range map[string]struct {
		known, seeds, inbound []peer.ID
		rebuilt               bool
		rounds                []gossip.SyncReport
		want                  bool
	}{
		"nobody":                             {want: true},
		"newcomers have come":                {inbound: []peer.ID{"a", "b"}, rounds: []gossip.SyncReport{never("a"), never("b")}, want: true},
		"one of them has not said":           {inbound: []peer.ID{"a", "b"}, rounds: []gossip.SyncReport{never("a")}},
		"another seed is a newcomer":         {seeds: []peer.ID{"s"}, rounds: []gossip.SyncReport{never("s")}, want: true},
		"another seed has not said":          {seeds: []peer.ID{"s"}, inbound: []peer.ID{"a"}, rounds: []gossip.SyncReport{never("a")}},
		"another seed was ready":             {seeds: []peer.ID{"s"}, rounds: []gossip.SyncReport{ever("s")}, want: true},
		"somebody was ready, who is no seed": {inbound: []peer.ID{"a"}, rounds: []gossip.SyncReport{ever("a")}},
		"peers of an earlier run are away":   {known: []peer.ID{"k"}},
		"the store was rebuilt":              {rebuilt: true},
	} {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		r := newReadiness(func() time.Time { return now }, now, false, nil, tt.known, tt.rebuilt, func() {})
		r.awaitSeeds()
		r.begin()
		for _, p := range tt.inbound {
			r.connected(p)
		}
		for _, p := range tt.seeds {
			r.anchor(p)
		}
		if state, _, _ := r.state(); state != StateStarting {
			t.Errorf("%s: %s before anything was heard", name, state)
		}
		for _, round := range tt.rounds {
			r.synced(round)
		}
		r.isFirst()
		if state, why, _ := r.state(); (state == StateReady) != tt.want {
			t.Errorf("%s: %s, %s", name, state, why)
		}
	}
}
