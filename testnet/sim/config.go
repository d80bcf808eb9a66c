package sim

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

const (
	// DefaultBandwidth is what a node's link carries, each way, in bits per second.
	DefaultBandwidth = 50_000_000
	// MaxLoss is the largest share of packets that may vanish: with more, nothing gets
	// through for minutes.
	MaxLoss = 0.9
	// MaxNodes is how many addresses there are.
	MaxNodes = 4096
)

// Config says what a network is made of. The zero value of a field means its
// documented default.
type Config struct {
	// Nodes is how many nodes start, 1 to MaxNodes. Required.
	Nodes int
	// Replication is k, how many nodes hold a value; default node.DefaultReplication.
	Replication int
	// WAN gives the nodes the public profile, with its limits for each network of
	// addresses: each node is in a /16 of its own. Otherwise they have the local one.
	WAN bool
	// Room is how many bytes of facts each node has room for; default that of the machine.
	Room int64
	// NATs lets nodes be put behind NATs, see [Network.Hide]: all others relay for them.
	NATs bool
	// Dir holds one data directory per node, so that a node that restarts remembers.
	// Empty keeps the stores in memory: one that restarts knows nothing.
	Dir string
	// Wire is what lies between the nodes.
	Wire WireConfig
	// Now is the wall clock of node i, see [testnet.Config]; default time.Now.
	Now func(i int) time.Time
	// Logger gets what the nodes have to say, each with its number; nil discards.
	Logger *slog.Logger
	// Started is called after each node that New started, with how many there are
	// now; from several goroutines, one at a time. May be nil.
	Started func(up, of int)
}

// WireConfig says what lies between hosts.
type WireConfig struct {
	// Seed fixes keys, places, losses and jitter.
	Seed uint64
	// Model says how far apart hosts are; default wan.Cities(Seed).
	Model wan.Model
	// Bandwidth of each host's link, each way, in bits per second; default
	// DefaultBandwidth. What a link cannot carry queues and is then dropped
	// (FQ-CoDel).
	Bandwidth int
	// Loss is the share of packets that vanish, 0 to MaxLoss, decided for each by the
	// seed, the two hosts and its number between them. SetLoss changes it.
	Loss float64
	// Jitter is the most that a packet is late; each draws from 0 to this. SetJitter
	// changes it.
	Jitter time.Duration
	// Charge is what a host needs before it acts on a packet, to read, verify and hand
	// on: computing is free in virtual time, so it is added to the delay of every
	// packet, the same for whoever runs on the wire. Floors are to count it once for
	// each hop, so twice for each round trip.
	Charge time.Duration
}

// withDefaults returns a checked copy.
func (c WireConfig) withDefaults() (WireConfig, error) {
	if c.Model == nil {
		c.Model = wan.Cities(c.Seed)
	}
	if c.Bandwidth == 0 {
		c.Bandwidth = DefaultBandwidth
	}
	if c.Bandwidth < 0 {
		return c, fmt.Errorf("a bandwidth of %d bits per second: want more than 0", c.Bandwidth)
	}
	if c.Charge < 0 {
		return c, fmt.Errorf("a charge of %s: want 0 or more", c.Charge)
	}
	return c, errors.Join(checkLoss(c.Loss), checkJitter(c.Jitter))
}

func checkLoss(share float64) error {
	if !(share >= 0 && share <= MaxLoss) {
		return fmt.Errorf("a loss of %g: want 0 to %g", share, MaxLoss)
	}
	return nil
}

func checkJitter(most time.Duration) error {
	if most < 0 {
		return fmt.Errorf("a jitter of %s: want 0 or more", most)
	}
	return nil
}
