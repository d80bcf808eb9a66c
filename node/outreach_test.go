package node

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
)

// Reaching out begins at once, gets rarer, and begins anew after it was not wanted.
func TestOutreachGetsRarer(t *testing.T) {
	var o outreach
	start := time.Unix(1_800_000_000, 0)
	for _, row := range []struct {
		at     time.Duration
		wanted bool
		due    bool
	}{
		{0, false, false},
		{1 * time.Second, true, true},
		{10 * time.Second, true, false},
		{11 * time.Second, true, true},
		{30 * time.Second, true, false},
		{31 * time.Second, true, true},
		{24 * time.Hour, true, true},
		{24*time.Hour + reachMost - time.Second, true, true}, // 80 s after the one before
		{25 * time.Hour, false, false},
		{25*time.Hour + time.Second, true, true},
	} {
		if due := o.due(start.Add(row.at), row.wanted); due != row.due {
			t.Errorf("after %v: due %v, want %v", row.at, due, row.due)
		}
	}
	for range 20 {
		o.due(o.next, true)
	}
	if o.pause != reachMost {
		t.Errorf("the pause grows to %v, want %v", o.pause, reachMost)
	}
}

// A founder's first peers are its anchors: those who come later cannot keep it content when
// these are gone (A37), whatever the profile.
func TestFounderMissesItsFirst(t *testing.T) {
	for name, ageless := range map[string]bool{"local": true, "wan": false} {
		now := time.Unix(1_800_000_000, 0)
		r := newReadiness(func() time.Time { return now }, now, ageless, nil, nil, false, func() {})
		r.begin()
		hear := func(p peer.ID) { r.synced(gossip.SyncReport{Peer: p, EverReady: true, Complete: true}) }
		for _, p := range []peer.ID{"first", "second", "third"} {
			hear(p)
		}
		for range 20 {
			now = now.Add(overdueAfter / 20)
			hear("late")
		}
		anchors, overdue := r.overdue()
		if !overdue || len(anchors) != 3 {
			t.Errorf("%s: overdue %v, asks %v; want the first three", name, overdue, anchors)
		}
		hear("second")
		if _, overdue := r.overdue(); overdue {
			t.Errorf("%s: overdue when one of the first has agreed", name)
		}
	}
}
