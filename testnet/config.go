package testnet

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/host"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

const (
	// DefaultNetwork is the network's name where Config gives none.
	DefaultNetwork = "testnet"
	// MaxNodes bounds one network: each node costs sockets, goroutines and megabytes.
	MaxNodes = 500
	// Outside is the number of a host that is no node.
	Outside = -1
)

// Config says what a network is made of. The zero value of a field means its
// documented default.
type Config struct {
	// Nodes is how many nodes start, 1 to MaxNodes; with NewHost as many as that
	// bears. Required.
	Nodes int
	// Replication is k, how many nodes hold a value; default node.DefaultReplication.
	Replication int
	// WAN gives the nodes the public profile; without NewHost, loopback addresses leave
	// them alone then. Otherwise they have the local one.
	WAN bool
	// Room is how many bytes of facts each node has room for; default that of the machine.
	Room int64
	// Network enters every protocol ID, so that two networks of one test never
	// merge; default DefaultNetwork.
	Network string
	// Version is what the nodes say they are; default "testnet".
	Version string
	// Dir holds one data directory per node, n1, n2 and so on, and stays after
	// Close. Empty makes a temporary one that Close removes.
	Dir string
	// Memory keeps the stores in memory: nothing waits for a disk, and a node
	// that restarts comes back with its key and address but knows nothing.
	Memory bool
	// QUIC makes the nodes listen over QUIC as well; TCP alone is cheaper.
	QUIC bool
	// Places puts the nodes into the places of a model: each packet between two of them
	// takes the time that it takes there, over QUIC alone. Nil: they are as near as loopback
	// sockets are. Not with NewHost, which has a wire of its own.
	Places wan.Model
	// Seen hears of each fact that is new to node i, from the node's own goroutines as
	// soon as its answers change; it must return at once. May be nil.
	Seen func(i int, s node.Seen)
	// API returns the TCP address of the HTTP API of node i, such as
	// "127.0.0.1:0". Nil, or an empty address, opens none; not with Memory. A node
	// with a data directory has a control socket there in any case, so that the
	// cairn command speaks to it with --dir.
	API func(i int) string
	// NewHost builds the host of node i at each of its starts, and, where i is
	// Outside, one that looks at nodes from outside. Nil builds hosts on loopback
	// sockets. With it nothing here touches a socket: QUIC and API are not used, and
	// whoever made the wire also partitions it. The network closes the hosts.
	NewHost func(i int) (host.Host, error)
	// Now is the wall clock of node i, and, where i is Outside, of agents; default
	// time.Now for everybody.
	Now func(i int) time.Time
	// Logger gets what the nodes have to say, each with its number; nil discards.
	Logger *slog.Logger
	// Started is called after each node that New started, with how many there are
	// now; from several goroutines, one at a time. May be nil.
	Started func(up, of int)
}

// withDefaults returns a checked copy.
func (c Config) withDefaults() (Config, error) {
	if c.Nodes < 1 || c.Nodes > MaxNodes && c.NewHost == nil {
		return c, fmt.Errorf("%d nodes: want 1 to %d", c.Nodes, MaxNodes)
	}
	if c.Memory && (c.Dir != "" || c.API != nil) {
		return c, fmt.Errorf("a network in memory has no data directories and no API")
	}
	if c.Places != nil && c.NewHost != nil {
		return c, fmt.Errorf("places are of loopback sockets: hosts of one's own have none")
	}
	if c.Replication == 0 {
		c.Replication = node.DefaultReplication
	}
	if c.Network == "" {
		c.Network = DefaultNetwork
	}
	c.Version = cmp.Or(c.Version, "testnet")
	if c.API == nil {
		c.API = func(int) string { return "" }
	}
	if c.Now == nil {
		c.Now = func(int) time.Time { return time.Now() }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Started == nil {
		c.Started = func(int, int) {}
	}
	return c, nil
}
