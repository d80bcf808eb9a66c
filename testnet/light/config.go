package light

import (
	"cmp"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/links"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

const (
	// MaxNodes bounds a world.
	MaxNodes = 4_000_000
	// maxUnplaced bounds the worlds of a model that does not tell places.
	maxUnplaced = 1024
	// maxSeats bounds the places of a model.
	maxSeats = 1 << 14
	// maxEnds bounds the ends of all links.
	maxEnds = 1 << 30
	// bucketSize is how many peers of each distance a routing table holds.
	bucketSize = 20
)

// Config says what a world is made of. The zero value of a field means its
// documented default.
type Config struct {
	// Nodes is how many there are, 2 to MaxNodes. Required.
	Nodes int
	// Seed fixes all that is drawn: positions, tables, links, mesh, who publishes and
	// who asks for what.
	Seed uint64
	// Model says how far apart nodes are; default wan.Cities(Seed). One that is not
	// wan.Placed does for small worlds only.
	Model wan.Model
	// Charge is what a node takes to verify before it hands on, answers or uses.
	Charge time.Duration
	// Replication is k, how many nodes hold a value; default that of the overlay.
	Replication int
	// Parallel is how many questions a lookup keeps in the air; default that of the
	// overlay.
	Parallel int
	// Links is how a node chooses its links; default links.DefaultPolicy().
	Links links.Policy
	// Rule makes the rule by which messages are handed on in a world whose links
	// stand; default Trees, what nodes do today.
	Rule func(*World) Forwarder
}

// withDefaults returns a checked copy.
func (c Config) withDefaults() (Config, error) {
	if c.Model == nil {
		c.Model = wan.Cities(c.Seed)
	}
	c.Replication = cmp.Or(c.Replication, overlay.DefaultReplication)
	c.Parallel = cmp.Or(c.Parallel, overlay.DefaultParallel)
	if c.Links == (links.Policy{}) {
		c.Links = links.DefaultPolicy()
	}
	if c.Rule == nil {
		c.Rule = Trees
	}
	switch {
	case c.Nodes < 2 || c.Nodes > MaxNodes:
		return c, fmt.Errorf("%d nodes: want 2 to %d", c.Nodes, MaxNodes)
	case c.Charge < 0 || c.Charge > time.Second:
		return c, fmt.Errorf("a charge of %s: want 0 to 1s", c.Charge)
	case c.Replication < 1 || c.Replication > bucketSize:
		return c, fmt.Errorf("replication %d: want 1 to %d", c.Replication, bucketSize)
	case c.Parallel < 1 || c.Parallel > bucketSize:
		return c, fmt.Errorf("%d questions at a time: want 1 to %d", c.Parallel, bucketSize)
	case c.Links.Near < 0 || c.Links.Random < 0 || c.Links.Links() < 1 || c.Links.Cap < c.Links.Links():
		return c, fmt.Errorf("%d near and %d random links, %d at most: want at least one, and room for them", c.Links.Near, c.Links.Random, c.Links.Cap)
	case c.Nodes*c.Links.Cap > maxEnds:
		return c, fmt.Errorf("%d nodes of up to %d links: want %d ends of links in all, at most", c.Nodes, c.Links.Cap, maxEnds)
	}
	return c, nil
}
