package node

import (
	"errors"
	"fmt"

	"golang.org/x/time/rate"

	"github.com/cairn-overlay/cairn/node/presence"
	"github.com/cairn-overlay/cairn/records"
)

// challengesPerSecond bounds what strangers' challenges can cost: an answer reads a key file
// and takes some signatures.
const challengesPerSecond = 50

// errChallenges: too many challenges at once.
var errChallenges = errors.New("too many challenges")

// servePresence has the node show that it holds the keys of the agents that it publishes.
func (n *Node) servePresence() error {
	if n.keys == nil {
		return nil
	}
	limit := rate.NewLimiter(challengesPerSecond, challengesPerSecond)
	presence.Serve(n.host, func(c records.Challenge, over records.Binding) (*records.Possession, error) {
		if !limit.Allow() {
			n.count.add("challenges_refused_total", 1)
			return nil, errChallenges
		}
		return n.possess(c, over)
	})
	n.onClose(func() error { n.host.RemoveStreamHandler(presence.Protocol); return nil })
	return nil
}

// possess answers for an own agent.
func (n *Node) possess(c records.Challenge, over records.Binding) (*records.Possession, error) {
	lease, ok := n.leases.get(c.Agent)
	if !ok || n.final(c.Agent) != nil {
		return nil, presence.ErrNotHere
	}
	key, err := n.keys.Signer(lease.Name)
	if err != nil {
		n.log.Warn("a challenge is not answered", "agent", c.Agent, "err", err)
		return nil, fmt.Errorf("challenge: %w", err)
	}
	holder := presence.Holder{Proof: lease.Record.Proof(), Key: key}
	if c.Command != "" {
		if holder.Grants, err = n.keys.HeldGrants(lease.Name); err != nil {
			return nil, fmt.Errorf("challenge: %w", err)
		}
	}
	n.count.add("challenges_answered_total", 1)
	return holder.Answer(c, over)
}
