package node

import (
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/traces"
)

const (
	// DefaultPort is where a node listens for peers, over TCP and QUIC.
	DefaultPort = 7474
	// DefaultReplication is k: how many nodes hold an agent's value.
	DefaultReplication = 20
	// DefaultLease is how long a published record holds before it must be renewed.
	DefaultLease = time.Hour

	minLease = api.MinLease
)

// Config says what a node is made of. The zero value of a field means its
// documented default.
type Config struct {
	// Dir is the data directory, created with mode 0700 where missing. Empty
	// keeps everything in memory: it is gone after Close.
	Dir string
	// KeyFile opens the agents' keys under Dir where they are sealed, see keyring.Unlock;
	// empty: they are not. Those that the node makes are sealed with it.
	KeyFile string
	// Passphrase gives that of the key file; nil: it has none.
	Passphrase keyring.Passphrase
	// Listen are multiaddrs for peers; default TCP and QUIC on DefaultPort of
	// every IPv4 and IPv6 address, of the loopback ones in ProfileLocal.
	Listen []multiaddr.Multiaddr
	// Announce are told to peers in place of the addresses that the node listens on and is
	// seen at, such as those of a published port of a container; empty: those.
	Announce []multiaddr.Multiaddr
	// Bootstrap are nodes to join through. A node with a bootstrap that it never
	// reached is not ready.
	Bootstrap []peer.AddrInfo
	// Seeds are where nodes to join through listen, when their peer IDs are not known: a
	// DNS name or an IP address, and a TCP port. They are asked while the node is
	// not ready or has no peer, and count like Bootstrap: whoever answers there is believed,
	// so that names, and the way to them, must be trusted. The node that the first one leads
	// to begins the network, where nobody whom it meets was ever ready.
	Seeds []multiaddr.Multiaddr
	// Network names a separate network: it enters every protocol ID and the
	// topic, so that two networks never merge. Empty is the main one; else 1 to 32
	// of [a-z0-9-].
	Network string
	// Profile of the network; ProfileAuto decides by the listen addresses.
	Profile Profile
	// Limits are what the node may take of its machine; zero follows the machine. A Host
	// of an application's own has its own limits.
	Limits Limits
	// Replication is k, 1 to 20; default DefaultReplication.
	Replication int
	// NoView keeps no view of the network's members: lookups then start from the routing
	// table alone.
	NoView bool
	// NoMDNS turns off discovery on the local network, which is otherwise on
	// unless every listen address is loopback.
	NoMDNS bool
	// API is a TCP address for the HTTP API, such as "127.0.0.1:0"; empty opens none.
	API string
	// APIExpose allows an API address off loopback; it needs APIToken.
	APIExpose bool
	// APIToken is the bearer token of the HTTP API; empty makes one in the data
	// directory.
	APIToken string
	// APIHosts are names that the HTTP API is called by, beside the loopback ones
	// and literal addresses: with a port, that port; without one, any.
	APIHosts []string
	// APIOrigins are web origins, such as "https://console.example", whose pages may
	// read what is open; none by default.
	APIOrigins []string
	// Socket opens the control socket in the data directory.
	Socket bool
	// Host is an application's own libp2p host; Listen and the node key are then
	// not used, and Close does not close it. Nil builds one.
	Host host.Host
	// Now is the wall clock, for the validity of records only; default time.Now.
	Now func() time.Time
	// Seen hears of each fact that is new to the node, from the node's own goroutines as
	// soon as its answers change, which is before the disk has it; it must return at once.
	// May be nil.
	Seen func(Seen)
	// Traces is the base URL of a collector of OpenTelemetry (OTLP over HTTP), which gets spans of
	// what publishes, resolves and revokes did; empty: nobody does.
	Traces string
	// Logger gets what the node has to say; nil discards.
	Logger *slog.Logger
	// Version is shown to peers and in the status.
	Version string

	preset Preset // what Profile decides; set by withDefaults
}

var networkName = regexp.MustCompile(`^[a-z0-9-]{0,32}$`)

// Check returns an error of ErrUsage where New would not take the configuration as it is;
// it looks at the configuration alone, not at the disk or the network.
func (c Config) Check() error {
	_, err := c.withDefaults()
	return err
}

// withDefaults returns a checked copy.
func (c Config) withDefaults() (Config, error) {
	if !networkName.MatchString(c.Network) {
		return c, fmt.Errorf("network %q: want 1 to 32 of a-z, 0-9 and -: %w", c.Network, ErrUsage)
	}
	if c.Replication == 0 {
		c.Replication = DefaultReplication
	}
	if c.Replication < 1 || c.Replication > DefaultReplication {
		return c, fmt.Errorf("replication %d: want 1 to %d: %w", c.Replication, DefaultReplication, ErrUsage)
	}
	for _, seed := range c.Seeds {
		if err := checkSeed(seed); err != nil {
			return c, err
		}
	}
	if c.Host != nil {
		c.Listen = c.Host.Addrs()
	}
	if c.Profile == ProfileAuto {
		c.Profile = profileOf(c.Listen)
	}
	var err error
	if c.preset, err = PresetOf(c.Profile); err != nil {
		return c, err
	}
	if len(c.Listen) == 0 && c.Host == nil {
		c.Listen = c.preset.Listen
	}
	if c.Traces != "" {
		if err := traces.Check(c.Traces); err != nil {
			return c, fmt.Errorf("traces: %w: %w", err, ErrUsage)
		}
	}
	if c.Limits.Memory < 0 || c.Limits.Files < 0 || c.Limits.Facts < 0 {
		return c, fmt.Errorf("negative limits: %w", ErrUsage)
	}
	c.Limits = c.Limits.withDefaults()
	if c.Socket && c.Dir == "" {
		return c, fmt.Errorf("a control socket needs a data directory: %w", ErrUsage)
	}
	if c.Seen == nil {
		c.Seen = func(Seen) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	return c, nil
}

// loopbackOnly reports whether nothing outside this machine can reach the node.
func (c Config) loopbackOnly() bool { return allAddrs(c.Listen, manet.IsIPLoopback) }

// allAddrs reports whether every address passes; unspecified addresses
// (0.0.0.0, ::) stand for all of a machine's and never do.
func allAddrs(addrs []multiaddr.Multiaddr, pass func(multiaddr.Multiaddr) bool) bool {
	for _, a := range addrs {
		if manet.IsIPUnspecified(a) || !pass(a) {
			return false
		}
	}
	return len(addrs) > 0
}
