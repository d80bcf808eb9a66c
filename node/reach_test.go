package node

import (
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/records"
)

// A node of the Internet finds out whether it is reached and lets holes be punched; one of
// a single machine or a LAN does nothing of that.
func TestReachFollowsTheProfile(t *testing.T) {
	for _, c := range []struct {
		profile Profile
		want    bool
	}{{ProfileLocal, false}, {ProfileLAN, false}, {ProfileWAN, true}} {
		t.Run(string(c.profile), func(t *testing.T) {
			n, err := New(Config{Profile: c.profile, Listen: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}})
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			all := n.host.Mux().Protocols()
			for _, id := range []protocol.ID{"/libp2p/autonat/2/dial-request", "/libp2p/circuit/relay/0.2.0/stop"} {
				if slices.Contains(all, id) != c.want {
					t.Errorf("%s is spoken: %v", id, !c.want)
				}
			}
			if got := n.Reachability(); got != "unknown" {
				t.Errorf("a node that nobody has looked at says %s", got)
			}
		})
	}
}

// What an agent's record says of the node itself is where the node is now, and everything
// else in it stays; what is there no more is gone, but never all of it.
func TestHereNow(t *testing.T) {
	n, err := New(Config{Listen: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	self := "/p2p/" + n.ID().String()
	now := n.host.Addrs()[0].String() + self
	const url, other = "https://agents.example/a1", "/ip4/192.0.2.7/tcp/1/p2p/12D3KooWNYo1GhDBznj1x5maeYXASWKLkXP2hmJYZtVfjAF4a3UR"
	for _, c := range []struct {
		name     string
		in, want []string
	}{
		{"elsewhere", []string{url, other}, []string{url, other}},
		{"here", []string{now}, []string{now}},
		{"was somewhere else", []string{"/ip4/192.0.2.1/tcp/7" + self, url}, []string{now, url}},
		{"was behind a relay", []string{url, other + "/p2p-circuit" + self, "/ip4/192.0.2.1/tcp/7" + self, other}, []string{url, now, other}},
		{"nothing", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var loc records.Location
			for i, u := range c.in {
				loc.Endpoints = append(loc.Endpoints, records.Endpoint{URL: u, Protocol: "libp2p", Priority: uint16(i)})
			}
			before := slices.Clone(loc.Endpoints)
			if got := urls(n.hereNow(loc)); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if !slices.Equal(before, loc.Endpoints) {
				t.Error("the location that was given has changed")
			}
		})
	}
}
