package sim_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

// Nodes behind NATs publish agents that are at the nodes themselves: the records name
// relays, others find them and reach them, at first through a relay and then through a
// hole; and when a node can be reached its records say so.
func TestBehindNAT(t *testing.T) {
	const public, shut = 6, 2
	bubble(t, func(t *testing.T) {
		f, err := sim.NewFabric(sim.WireConfig{Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		var hosts []host.Host
		var nodes []*node.Node
		var anchors []peer.AddrInfo
		begin := func(h host.Host, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = h.Network().Close(); _ = h.Close() })
			n, err := node.New(node.Config{Dir: t.TempDir(), Host: h, Bootstrap: anchors, Profile: node.ProfileLocal, NoMDNS: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := n.Close(); err != nil {
					t.Error(err)
				}
			})
			hosts, nodes = append(hosts, h), append(nodes, n)
		}
		for i := range public {
			begin(f.NewRelayHost(i))
			if i < 2 {
				anchors = append(anchors, nodes[i].AddrInfo())
			}
			time.Sleep(time.Second)
		}
		source := func(_ context.Context, most int) <-chan peer.AddrInfo {
			relays := make(chan peer.AddrInfo, most)
			defer close(relays)
			for _, n := range nodes[:min(public, most)] {
				relays <- n.AddrInfo()
			}
			return relays
		}
		for i := range shut {
			begin(f.NewShutHost(public+i, source))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()

		home := nodes[public]
		agent, err := home.Agents().New("a1", keyring.NewOptions{Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		here := home.AddrInfo().Addrs[0].String() + "/p2p/" + home.ID().String()
		place := records.Location{Endpoints: []records.Endpoint{{URL: here, Protocol: "libp2p"}, {URL: "https://agents.example/a1", Protocol: "a2a"}}}
		if _, err := home.PublishAgent(t.Context(), "a1", place, 0); err != nil {
			t.Fatal(err)
		}
		for i, n := range nodes {
			found := resolveAddrs(t, n, agent.ID())
			if i != public && (!strings.Contains(found, "/p2p-circuit") || !strings.Contains(found, "https://agents.example/a1")) {
				t.Errorf("n%d finds %s", i+1, found)
			}
		}

		other := hosts[public+1]
		deaf, hush := context.WithTimeout(t.Context(), 10*time.Second)
		defer hush()
		stranger, err := f.NewHost(100)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = stranger.Close() })
		if err := stranger.Connect(deaf, peer.AddrInfo{ID: home.ID(), Addrs: hosts[public].Network().ListenAddresses()}); err == nil {
			t.Fatal("the NAT lets strangers in")
		}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(network.WithAllowLimitedConn(t.Context(), "test"), 20*time.Second)
		defer cancel()
		if err := other.Connect(ctx, circuitOf(t, resolveAddrs(t, nodes[public+1], agent.ID()))); err != nil {
			t.Fatalf("through the relay: %v", err)
		}
		t.Logf("reached through a relay after %s", round(time.Since(begun)))
		direct := false
		for range 20 {
			time.Sleep(500 * time.Millisecond)
			if direct = other.Network().Connectedness(home.ID()) == network.Connected; direct {
				break
			}
		}
		if !direct {
			t.Error("no direct connection came of it")
		}
		t.Logf("directly after %s", round(time.Since(begun)))

		f.Open(public)
		emit, err := hosts[public].EventBus().Emitter(new(event.EvtLocalReachabilityChanged), eventbus.Stateful)
		if err != nil {
			t.Fatal(err)
		}
		if err := emit.Emit(event.EvtLocalReachabilityChanged{Reachability: network.ReachabilityPublic}); err != nil {
			t.Fatal(err)
		}
		_ = emit.Close()
		time.Sleep(20 * time.Second)
		for i, n := range nodes[:public] {
			if found := resolveAddrs(t, n, agent.ID()); strings.Contains(found, "/p2p-circuit") {
				t.Errorf("n%d still finds %s", i+1, found)
			}
		}
	})
}

// resolveAddrs are the agent's endpoints as a node finds them.
func resolveAddrs(t *testing.T, n *node.Node, id records.AgentID) string {
	t.Helper()
	res, err := n.Resolve(t.Context(), id, node.Policy{Mode: node.PolicyMostRecent})
	if err != nil || res.Record == nil {
		t.Errorf("%s: %s %s, %v", n.ID(), res.Status, res.Reason, err)
		return ""
	}
	var all []string
	for _, e := range res.Record.Location().Endpoints {
		all = append(all, e.URL)
	}
	return strings.Join(all, " ")
}

// circuitOf is the relayed address among endpoints.
func circuitOf(t *testing.T, endpoints string) (info peer.AddrInfo) {
	t.Helper()
	for _, text := range strings.Fields(endpoints) {
		if !strings.Contains(text, "/p2p-circuit") {
			continue
		}
		a, err := multiaddr.NewMultiaddr(text)
		if err != nil {
			t.Fatal(err)
		}
		one, err := peer.AddrInfoFromP2pAddr(a)
		if err != nil {
			t.Fatal(err)
		}
		info.ID, info.Addrs = one.ID, append(info.Addrs, one.Addrs...)
	}
	return info
}
