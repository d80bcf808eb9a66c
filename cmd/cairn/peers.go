package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/cairn-overlay/cairn/node/api"
)

type peersCmd struct{}

func (peersCmd) Help() string {
	return `Lists the peers that the daemon is connected with: who dialled, the round trip, whether the peer stands in the routing table (it is asked in lookups) and on the fact topic (it passes revocations on).

    cairn peers
    cairn peers -o jsonl | jq -r .id`
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
	rows := [][]string{{"PEER", "DIRECTION", "RTT", "TABLE", "TOPIC", "VERSION", "ADDRESSES"}}
	for _, p := range peers {
		rtt := "-"
		if p.RTTMS > 0 {
			rtt = fmt.Sprintf("%.1fms", p.RTTMS)
		}
		rows = append(rows, []string{p.ID, p.Direction, rtt, yesNo(p.Table), yesNo(p.Gossip), p.Agent, strings.Join(p.Addrs, " ")})
	}
	return rows
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
