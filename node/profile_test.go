package node

import (
	"errors"
	"testing"

	"github.com/multiformats/go-multiaddr"
)

func TestProfileFollowsTheAddresses(t *testing.T) {
	for _, c := range []struct {
		name   string
		listen []string
		want   Profile
	}{
		{"nothing said", nil, ProfileWAN},
		{"loopback", []string{"/ip4/127.0.0.1/tcp/0", "/ip6/::1/tcp/0"}, ProfileLocal},
		{"a private one", []string{"/ip4/192.168.7.1/tcp/7474"}, ProfileLAN},
		{"loopback and a private one", []string{"/ip4/127.0.0.1/tcp/0", "/ip4/10.0.0.1/tcp/1"}, ProfileLAN},
		{"unique local", []string{"/ip6/fd00::1/udp/1/quic-v1"}, ProfileLAN},
		{"every one", []string{"/ip4/0.0.0.0/tcp/7474"}, ProfileWAN},
		{"a private and a public one", []string{"/ip4/10.0.0.1/tcp/1", "/ip4/8.8.8.8/tcp/1"}, ProfileWAN},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cfg Config
			for _, a := range c.listen {
				cfg.Listen = append(cfg.Listen, multiaddr.StringCast(a))
			}
			got, err := cfg.withDefaults()
			if err != nil || got.Profile != c.want || got.preset.Profile != c.want {
				t.Errorf("%q, %v; want %q", got.Profile, err, c.want)
			}
		})
	}
	if _, err := (Config{Profile: "moon"}).withDefaults(); !errors.Is(err, ErrUsage) {
		t.Errorf("an unknown profile: %v", err)
	}
}

// The table has what differs and nothing else: where all three agree there is no row.
func TestDifferencesDiffer(t *testing.T) {
	for _, d := range Differences() {
		if d.Local == d.LAN && d.LAN == d.WAN {
			t.Errorf("%s is %q in all profiles", d.What, d.WAN)
		}
		if d.Local == "" || d.LAN == "" || d.WAN == "" {
			t.Errorf("%s: %+v", d.What, d)
		}
	}
	local, err := Config{Profile: ProfileLocal}.withDefaults()
	if err != nil || !local.loopbackOnly() {
		t.Errorf("local listens on %v, %v", local.Listen, err)
	}
}

func TestLimitsFollowTheMachine(t *testing.T) {
	for _, c := range []struct {
		name    string
		limits  Limits
		conns   int
		records int64
		memory  int64 // of the host
	}{
		{"a small one", Limits{Memory: 64 * mib, Files: 128}, 40, 16 * mib, 16 * mib},
		{"smaller than can be", Limits{Memory: 1, Files: 1}, 40, 16 * mib, 16 * mib},
		{"few files", Limits{Memory: 8 << 30, Files: 512}, 64, 1 << 30, 1 << 30},
		{"little memory", Limits{Memory: 256 * mib, Files: 4096}, 64, 64 * mib, 32 * mib},
		{"a server", Limits{Memory: 16 << 30, Files: 1 << 20}, 90, 1 << 30, 2 << 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := c.limits.withDefaults()
			if l.Conns() != c.conns || l.RecordBytes() != c.records {
				t.Errorf("%d connections, %d bytes of records; want %d and %d", l.Conns(), l.RecordBytes(), c.conns, c.records)
			}
			system := l.libp2p().ToPartialLimitConfig().System
			if int64(system.Memory) != c.memory || int(system.FD) != l.Files/2 {
				t.Errorf("the host may have %d bytes and %d files; want %d and %d", system.Memory, system.FD, c.memory, l.Files/2)
			}
			if own := l.policy().Links(); own >= l.Conns() {
				t.Errorf("%d links of its own do not fit in %d connections", own, l.Conns())
			}
		})
	}
	if l := MachineLimits(); l.Memory < leastMemory || l.Files < leastFiles {
		t.Errorf("this machine: %+v", l)
	}
}
