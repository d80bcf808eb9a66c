package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

type statusCmd struct {
	Counters bool `help:"Show every counter too."`
}

func (statusCmd) Help() string {
	return `Says how the daemon stands: ready or not and why, peers, what it holds and keeps alive. Exit code 0 where it is ready, 7 where it is not, 1 where none is running.

    cairn status
    cairn status -o json`
}

// Run prints the status.
func (c *statusCmd) Run(s *session) error {
	return s.withDaemon(func(ctx context.Context, client *api.Client) error {
		st, err := client.Status(ctx)
		if err != nil {
			return err
		}
		if err := s.print(statusView{st, c.Counters}); err != nil {
			return err
		}
		if st.State != "ready" {
			return exitUnverified
		}
		return nil
	})
}

type statusView struct {
	api.Status
	counters bool
}

func (v statusView) show(t *text) {
	t.line("%s", v.State)
	t.field("because", "%s", v.Reason)
	t.field("peer", "%s", v.Peer)
	for _, a := range v.Addrs {
		t.field("address", "%s", a)
	}
	t.field("network", "%s", v.Network)
	t.field("version", "%s, up %s", v.Version, showSpan(time.Duration(v.UptimeMS)*time.Millisecond))
	t.field("peers", "%d connected, %d in the table, %d on the fact topic", v.Peers, v.TablePeers, v.GossipPeers)
	t.field("reach", "%s", v.reach())
	t.field("revocations", "%d held, %d bytes, %s", v.Facts, v.FactBytes, v.completeness())
	if v.RangeBits > 0 {
		t.field("range", "%s: the room of %d bytes is out, and what is asked about others takes the word of others; %d held of these", v.Range, v.FactRoom, v.FactsBeyond)
	}
	if v.FactCutOff != "" {
		t.field("kept from", "%s: revocations of what ended earlier are dropped", v.FactCutOff)
	}
	t.field("clock", "%s", v.clock())
	t.field("records", "%d held for others and for itself", v.Records)
	t.field("published", "%d kept alive here", v.Published)
	t.field("disk", "%s", v.disk())
	if v.counters {
		for _, name := range slices.Sorted(maps.Keys(v.Counters)) {
			t.field("counter", "%s %d", name, v.Counters[name])
		}
	}
}

// clock says how the clock compares with those of others.
func (v statusView) clock() string {
	if v.ClockPeers == 0 {
		return "not compared with any peer's"
	}
	off := time.Duration(v.ClockOffsetMS) * time.Millisecond
	if off.Abs() < 2*time.Second {
		return "as those of " + count(v.ClockPeers, "peer")
	}
	way := "ahead of"
	if off < 0 {
		way = "behind"
	}
	return fmt.Sprintf("%s %s those of %s", showSpan(off.Abs()), way, count(v.ClockPeers, "peer"))
}

// reach says whether others can dial the node.
func (v statusView) reach() string {
	switch v.Reachability {
	case "public":
		return "public: others can dial this node"
	case "private":
		return "private: others reach this node only over connections that it made itself, and relays"
	}
	return "unknown: nobody has tried to dial this node yet, or all is local"
}

// disk says what the store takes and what is left.
func (v statusView) disk() string {
	text := showBytes(v.StoreBytes) + " taken by the store"
	if v.DiskFree >= 0 {
		text += ", " + showBytes(v.DiskFree) + " free"
	}
	return text
}

// completeness says how old the knowledge of all revocations is.
func (v statusView) completeness() string {
	if v.CompleteAgeMS < 0 {
		return "not yet complete"
	}
	return fmt.Sprintf("complete %s ago", showSpan(time.Duration(v.CompleteAgeMS)*time.Millisecond))
}
