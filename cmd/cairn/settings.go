package main

import (
	"math"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/traces"
	"github.com/cairn-overlay/cairn/node/web"
)

// otelEndpoint is the variable that says to every program where OpenTelemetry's collector is.
const otelEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

// settings are what a daemon can be told, with those of global that are tagged setting:
// one table. Each field is a flag, a key of a configuration file, and a variable of the
// environment, all of one name; its help is the documentation of all three. The tag's
// value path marks the name of a file, which is relative to the file that says it.
type settings struct {
	Listen      []string `setting:"" sep:"none" placeholder:"MULTIADDR" help:"Listen for peers here; repeats. Default: TCP and QUIC on port 7474 of every address, of this machine alone with --profile local."`
	Announce    []string `setting:"" sep:"none" placeholder:"MULTIADDR" help:"Tell peers these addresses in place of the node's own, such as those of a published port of a container; repeats."`
	Bootstrap   []string `setting:"" sep:"none" placeholder:"MULTIADDR" help:"Join through this node (.../p2p/12D3...); repeats. A DNS name of your own network may stand without the peer's ID, as /dns4/cairn.example/tcp/7474; the node that the first such name leads to begins the network. Without any, and with no peer known from an earlier run, the node begins a network of its own."`
	Network     string   `setting:"" placeholder:"NAME" help:"Name of a separate network; networks of different names never merge."`
	Profile     string   `setting:"" enum:",local,lan,wan" default:"" placeholder:"PROFILE" help:"local, lan or wan; cairn config profiles shows in what they differ. Default: local where every listen address is loopback, lan where every one is private, else wan."`
	Replication int      `setting:"" default:"20" placeholder:"K" help:"How many nodes hold an agent's record, 1 to 20. Default: 20. All nodes of a network use the same."`
	FactRoom    int64    `setting:"" name:"fact-room" placeholder:"MIB" help:"Room for revocations, in MiB: about 13,000 fit into one. When it is out, the node holds all of a half of the key space only, and so on, and says so. Default: an eighth of the memory."`
	NoMDNS      bool     `setting:"" name:"no-mdns" help:"Do not look for peers on the local network."`
	APIHost     []string `setting:"" name:"api-host" sep:"none" placeholder:"NAME" help:"A name that this API is called by, beside the loopback ones; repeats. Other names in a Host header are refused."`
	APIOrigin   []string `setting:"" name:"api-origin" sep:"none" placeholder:"URL" help:"Web pages of this origin, such as https://console.example, may read what is open; repeats."`
	APIExpose   bool     `setting:"" name:"api-expose" help:"Allow an --api address that others can reach; this needs a token of your own."`
	Traces      string   `setting:"" placeholder:"URL" help:"Send spans of OpenTelemetry to the collector at this URL, such as http://127.0.0.1:4318: what publishes, resolves and revokes did. Default: $$OTEL_EXPORTER_OTLP_ENDPOINT, else nobody is told."`
	Web         bool     `setting:"" help:"Show the node on a page in the browser, on this machine: its links, what it hears, its store and log. Whoever has the link, which is in the messages of the start, may publish and revoke with the node's agents."`
	WebAddr     string   `setting:"" name:"web-addr" placeholder:"ADDR" help:"Where the page is, which this asks for, too; an address of this machine alone. Default: 127.0.0.1:0, which takes a free port."`
}

// settingFlags lists all settings, in the order of the help.
func settingFlags(app *kong.Application) []*kong.Flag {
	var flags []*kong.Flag
	for _, verb := range app.Leaves(false) {
		if verb.Name != "daemon" {
			continue
		}
		for _, f := range append(verb.Flags, app.Flags...) {
			if f.Tag.Has("setting") {
				flags = append(flags, f)
			}
		}
	}
	return flags
}

// settingHelp documents a setting.
func settingHelp(f *kong.Flag) string {
	switch f.Name {
	case "api":
		return apiSetting
	case "token-file":
		return tokenSetting
	}
	return strings.ReplaceAll(f.Help, "$$", "$")
}

// variable is the name of a setting in the environment. CAIRN_API is another thing: where
// the other verbs find a daemon.
func variable(key string) string {
	if key == "api" {
		key = "api-listen"
	}
	return "CAIRN_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// node turns the settings into the node's configuration.
func (c *settings) node(s *session) (node.Config, error) {
	dir, err := s.dir()
	if err != nil {
		return node.Config{}, err
	}
	cfg := node.Config{
		Dir: dir, KeyFile: s.keyFile(), Passphrase: s.passphrase, Network: c.Network, Profile: node.Profile(c.Profile), Replication: c.Replication, NoMDNS: c.NoMDNS,
		API: s.global.API, APIExpose: c.APIExpose, APIHosts: c.APIHost, APIOrigins: c.APIOrigin, Socket: true, Logger: s.log, Version: version,
	}
	if c.Replication < 1 || c.Replication > node.DefaultReplication {
		return cfg, badInput("leave it out for the default", "%s %d: want 1 to %d", s.from.name("replication"), c.Replication, node.DefaultReplication)
	}
	if c.FactRoom < 0 || c.FactRoom > math.MaxInt64>>20 {
		return cfg, badInput("leave it out for the default", "%s %d: want MiB", s.from.name("fact-room"), c.FactRoom)
	}
	cfg.Limits.Facts = c.FactRoom << 20
	if strings.Contains(cfg.API, "://") {
		return cfg, badInput("give an address such as "+exampleAPI, "%s %s: the daemon takes an address, not a URL", s.from.name("api"), cfg.API)
	}
	from := s.from.name("traces")
	cfg.Traces = c.Traces
	if cfg.Traces == "" {
		cfg.Traces, from = s.env.getenv(otelEndpoint), "$"+otelEndpoint
	}
	if cfg.Traces != "" {
		if err := traces.Check(cfg.Traces); err != nil {
			return cfg, badInput("leave it out, and nobody is told", "%s: %w", from, err)
		}
	}
	if c.WebAddr != "" {
		if err := web.CheckAddr(c.WebAddr); err != nil {
			return cfg, badInput("choose another one, such as 127.0.0.1:7480", "%s: %w", s.from.name("web-addr"), err)
		}
	}
	if cfg.APIToken, err = s.token(); err != nil {
		return cfg, err
	}
	if cfg.Listen, err = parseAddrs(s.from.name("listen"), c.Listen); err != nil {
		return cfg, err
	}
	if cfg.Announce, err = parseAddrs(s.from.name("announce"), c.Announce); err != nil {
		return cfg, err
	}
	if cfg.Bootstrap, cfg.Seeds, err = parseBootstrap(s.from.name("bootstrap"), c.Bootstrap); err != nil {
		return cfg, err
	}
	return cfg, cfg.Check()
}

// shown reports whether the node is to be shown on a page.
func (c *settings) shown() bool { return c.Web || c.WebAddr != "" }

func parseAddrs(name string, texts []string) ([]multiaddr.Multiaddr, error) {
	var addrs []multiaddr.Multiaddr
	for _, text := range texts {
		a, err := multiaddr.NewMultiaddr(text)
		if err != nil {
			return nil, badInput("give a multiaddr such as /ip4/0.0.0.0/tcp/7474", "%s %s: %w", name, text, err)
		}
		addrs = append(addrs, a)
	}
	return addrs, nil
}

// parseBootstrap reads .../p2p/ID addresses, joins those of one peer, and keeps those
// without a peer apart: a name and a TCP port, such as /dns4/cairn.example/tcp/7474.
func parseBootstrap(name string, texts []string) (infos []peer.AddrInfo, seeds []multiaddr.Multiaddr, err error) {
	const next = "copy an address of the other daemon's ready line; it ends in /p2p/12D3..."
	var addrs []multiaddr.Multiaddr
	for _, text := range texts {
		a, err := multiaddr.NewMultiaddr(text)
		if err != nil {
			return nil, nil, badInput(next, "%s %s: %w", name, text, err)
		}
		if _, id := peer.SplitAddr(a); id == "" && strings.HasPrefix(text, "/dns") && !strings.HasPrefix(text, "/dnsaddr") {
			seeds = append(seeds, a)
			continue
		}
		addrs = append(addrs, a)
	}
	infos, err = peer.AddrInfosFromP2pAddrs(addrs...)
	if err != nil {
		return nil, nil, badInput(next, "%s: %w", name, err)
	}
	return infos, seeds, nil
}
