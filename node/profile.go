package node

import (
	"fmt"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// Profile says what kind of network a node lives in.
type Profile string

// The profiles. What a profile sets is its [Preset]; [Differences] shows them side by
// side.
const (
	// ProfileAuto picks ProfileLocal where every listen address is loopback, ProfileLAN
	// where every one is private, else ProfileWAN.
	ProfileAuto Profile = ""
	// ProfileLocal is one machine: to try things out, and for tests.
	ProfileLocal Profile = "local"
	// ProfileLAN is a network whose machines reach each other at private addresses.
	ProfileLAN Profile = "lan"
	// ProfileWAN is the Internet.
	ProfileWAN Profile = "wan"
)

// Preset is what a profile decides. Everything else is the same in all of them.
type Preset struct {
	// Profile is its name.
	Profile Profile
	// Listen is where the node listens unless Config.Listen says otherwise.
	Listen []multiaddr.Multiaddr
	// Public networks believe only public addresses of peers, and spread their routing
	// table over groups of addresses.
	Public bool
	// Private endpoints of agents are accepted without being asked for.
	Private bool
	// Ageless completeness stays what it was, however long ago peers were reconciled with.
	Ageless bool
	// Reach has the node find out whether others can reach it, be reached through a relay
	// where they cannot, and relay for others where they can.
	Reach bool
}

// PresetOf returns what a profile decides; an error of ErrUsage where there is no such
// profile. ProfileAuto is none: it stands for one of the others.
func PresetOf(p Profile) (Preset, error) {
	const loopback4, loopback6, every4, every6 = "/ip4/127.0.0.1", "/ip6/::1", "/ip4/0.0.0.0", "/ip6/::"
	switch p {
	case ProfileLocal:
		return Preset{Profile: p, Listen: listenOn(loopback4, loopback6), Private: true, Ageless: true}, nil
	case ProfileLAN:
		return Preset{Profile: p, Listen: listenOn(every4, every6), Private: true}, nil
	case ProfileWAN:
		return Preset{Profile: p, Listen: listenOn(every4, every6), Public: true, Reach: true}, nil
	}
	return Preset{}, fmt.Errorf("profile %q: want local, lan or wan: %w", p, ErrUsage)
}

// listenOn is TCP and QUIC on DefaultPort of each address.
func listenOn(hosts ...string) (addrs []multiaddr.Multiaddr) {
	for _, h := range hosts {
		for _, f := range []string{"/tcp/%d", "/udp/%d/quic-v1"} {
			addrs = append(addrs, multiaddr.StringCast(h+fmt.Sprintf(f, DefaultPort)))
		}
	}
	return addrs
}

// profileOf is the profile that listen addresses speak for.
func profileOf(listen []multiaddr.Multiaddr) Profile {
	switch {
	case allAddrs(listen, manet.IsIPLoopback):
		return ProfileLocal
	case allAddrs(listen, manet.IsPrivateAddr):
		return ProfileLAN
	}
	return ProfileWAN
}

// Difference is one row of the table of profiles.
type Difference struct {
	What            string
	Local, LAN, WAN string
}

// Differences are all points in which the profiles differ, for people.
func Differences() []Difference {
	row := func(what string, say func(Preset) string) Difference {
		var said [3]string
		for i, p := range []Profile{ProfileLocal, ProfileLAN, ProfileWAN} {
			preset, err := PresetOf(p)
			if err == nil {
				said[i] = say(preset)
			}
		}
		return Difference{what, said[0], said[1], said[2]}
	}
	either := func(which func(Preset) bool, yes, no string) func(Preset) string {
		return func(p Preset) string {
			if which(p) {
				return yes
			}
			return no
		}
	}
	return []Difference{
		row("listens by default on", func(p Preset) string {
			if allAddrs(p.Listen, manet.IsIPLoopback) {
				return "this machine"
			}
			return "every address"
		}),
		row("believes addresses of peers", either(func(p Preset) bool { return p.Public }, "public ones", "any")),
		row("peers of one IP group in the table", either(func(p Preset) bool { return p.Public }, "at most 3", "any number")),
		row("agents at private endpoints", either(func(p Preset) bool { return p.Private }, "yes", "only when asked for")),
		row("says active after the last reconciliation", either(func(p Preset) bool { return p.Ageless }, "for ever", "for 5 minutes")),
		row("relays and hole punching through NATs", either(func(p Preset) bool { return p.Reach }, "yes", "no")),
	}
}
