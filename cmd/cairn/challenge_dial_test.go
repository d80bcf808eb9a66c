package main

import (
	"strings"
	"testing"

	"github.com/multiformats/go-multiaddr"
)

func TestPlacesThatMayBeDialled(t *testing.T) {
	const public, private = "/ip4/8.8.8.8", "/ip4/127.0.0.1"
	for _, row := range []struct {
		name, addr   string
		alone, asked bool // it may be dialled: as a rule, and with --allow-private
	}{
		{"tcp", public + "/tcp/1", true, true},
		{"quic", public + "/udp/1/quic-v1", true, true},
		{"websocket", public + "/tcp/1/ws", true, true},
		{"loopback, tcp", private + "/tcp/1", false, true},
		{"loopback, quic", private + "/udp/1/quic-v1", false, true},
		{"loopback, IPv6", "/ip6/::1/udp/1/quic-v1", false, true},
		{"loopback in IPv6", "/ip6/::ffff:127.0.0.1/tcp/1", false, true},
		{"a name that was not looked up", "/dns4/agents.example/tcp/1", false, false},
		{"through a relay, whose own address is asked for too", private + "/tcp/1/p2p-circuit", true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			addr := multiaddr.StringCast(row.addr)
			for private, want := range map[bool]bool{false: row.alone, true: row.asked} {
				if got := (gater{&placeDialer{private: private}}).InterceptAddrDial("", addr); got != want {
					t.Errorf("private %v: may dial %v, want %v", private, got, want)
				}
			}
		})
	}
}

func TestRefusalIsExplained(t *testing.T) {
	loopback, name, public := multiaddr.StringCast("/ip4/127.0.0.1/udp/1/quic-v1"), multiaddr.StringCast("/dns4/agents.example/tcp/1"), multiaddr.StringCast("/ip4/8.8.8.8/tcp/1")
	d := &placeDialer{}
	if err := d.mayAsk([]multiaddr.Multiaddr{loopback}); err == nil || !strings.Contains(err.Error(), "--allow-private") {
		t.Errorf("loopback alone: %v", err)
	}
	for _, other := range []multiaddr.Multiaddr{name, public} {
		if err := d.mayAsk([]multiaddr.Multiaddr{loopback, other}); err != nil {
			t.Errorf("loopback and %s: %v", other, err)
		}
	}
}
