package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

type peersCmd struct{}

func (peersCmd) Help() string {
	return `Lists the peers that the daemon is connected with, its own links first. ROLE is what the daemon chose a link for: near for its short round trip, shortcut for the way that it saves revocations, random so that nobody can predict it; "chose us" where the peer has chosen this node, and "-" where neither has: it may go at any time. Then who dialled, the round trip, for how long it is connected, whether it stands in the routing table (it is asked in lookups) and on the fact topic (it passes revocations on), and the program that it says it is.

    cairn peers
    cairn peers -o jsonl | jq -r .id
    cairn peers -o jsonl | jq -r 'select(.role == "near") | .rtt_ms'`
}

// Run lists the peers.
func (peersCmd) Run(s *session) error {
	return s.withDaemon(func(ctx context.Context, c *api.Client) error {
		peers, err := c.Peers(ctx)
		if err != nil {
			return err
		}
		if len(peers) == 0 {
			s.say("no peers are connected; join others with: cairn daemon --bootstrap ADDRESS")
		}
		return printList(s, peers, peerTable)
	})
}

func peerTable(peers []api.Peer) [][]string {
	if len(peers) == 0 {
		return nil
	}
	rows := [][]string{{"PEER", "ROLE", "DIRECTION", "RTT", "SINCE", "TABLE", "TOPIC", "VERSION", "ADDRESSES"}}
	for _, p := range peers {
		since := showSpan(time.Duration(p.SinceMS) * time.Millisecond)
		rows = append(rows, []string{p.ID, showRole(p), p.Direction, showRTT(p.RTTMS), since, yesNo(p.Table), yesNo(p.Gossip), p.Agent, strings.Join(p.Addrs, " ")})
	}
	return rows
}

// showRole says in a word why the connection stays.
func showRole(p api.Peer) string {
	switch {
	case p.Role != "":
		return p.Role
	case p.Chosen:
		return "chose us"
	}
	return "-"
}

func showRTT(ms float64) string {
	if ms <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1fms", ms)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
