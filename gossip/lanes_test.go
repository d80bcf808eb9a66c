package gossip

import (
	"net/netip"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"
	"pgregory.net/rapid"
)

// flood is facts that come evenly, with work as free identities have it: none in half of
// all cases, one bit in a quarter, and so on.
type flood struct {
	each    time.Duration // between two facts
	sources int           // that they come from in turns
	work    int           // at least
}

// draws lets a flood run against honest facts that come evenly too, and returns how many
// of both there were and passed, after the bursts have been used up.
func draws(f flood, honest func(i int) (work int, from source), every time.Duration) (flooded, passed, sent, kept int) {
	l := newLanes(Config{StrangerRate: DefaultStrangerRate, StrangerBurst: DefaultStrangerBurst})
	const settled, end = 30 * time.Second, 40 * time.Second
	next := time.Duration(0)
	for n, at := 0, time.Duration(0); at < end; n, at = n+1, at+f.each {
		now := time.Unix(0, 0).Add(at)
		work := f.work
		for m := n / f.sources; m&1 == 1; m >>= 1 {
			work++
		}
		ok := l.draw(now, work, 1, source{network: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n % f.sources), 0, 0}), 24)})
		if at >= settled {
			flooded++
			if ok {
				passed++
			}
		}
		for ; next <= at; next += every {
			work, from := honest(sent)
			if ok := l.draw(now, work, 1, from); next >= settled {
				if sent++; ok {
					kept++
				}
			}
		}
	}
	return flooded, passed, sent, kept
}

var quiet = source{network: netip.MustParsePrefix("192.0.2.0/24")}

// TestSourcesLeaveRoom is A29 from one network: it has what the cap allows, but for what
// others want, which need no work.
func TestSourcesLeaveRoom(t *testing.T) {
	f := flood{each: 100 * time.Microsecond, sources: 1}
	flooded, passed, sent, kept := draws(f, func(int) (int, source) { return 0, quiet }, 20*time.Millisecond)
	if kept != sent {
		t.Errorf("of another source %d of %d facts pass beside a flood", kept, sent)
	}
	if passed < 18_000 || passed > 20_500 {
		t.Errorf("of the flood %d of %d facts pass in 10 s, want nearly all that the cap allows", passed, flooded)
	}
}

// TestMoreWorkGoesFirst is A29 from more networks than the cap has shares: what has more
// work than the flood passes whole, even from a source that the flood comes from too.
func TestMoreWorkGoesFirst(t *testing.T) {
	for _, row := range []struct {
		name    string
		sources int
		from    source
		flood   int // bits of work in all of the flood
		honest  int
		all     bool
	}{
		{"another source", 50, quiet, 0, 16, true},
		{"a source of the flood, which has one", 1, source{network: netip.MustParsePrefix("10.0.0.0/24")}, 0, 16, true},
		{"a source of the flood, which has many", 50, source{network: netip.MustParsePrefix("10.7.0.0/24")}, 0, 16, true},
		{"little more than the flood's", 50, quiet, 0, 6, true},
		{"as much as the flood's", 50, quiet, 10, 10, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := flood{each: 100 * time.Microsecond, sources: row.sources, work: row.flood}
			flooded, passed, sent, kept := draws(f, func(int) (int, source) { return row.honest, row.from }, 20*time.Millisecond)
			if row.all != (kept == sent) {
				t.Errorf("%d of %d facts with %d bits of work pass beside the flood", kept, sent, row.honest)
			}
			if passed > 20_500 || passed < 15_000 {
				t.Errorf("of the flood %d of %d facts pass in 10 s", passed, flooded)
			}
		})
	}
}

// TestLaneHolds: whatever comes, no more passes than the cap allows.
func TestLaneHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const rate, burst = 100, 400
		l := newLanes(Config{StrangerRate: rate, StrangerBurst: burst})
		start := time.Unix(0, 0)
		now, spent := start, 0.0
		for range rapid.IntRange(1, 2_000).Draw(t, "facts") {
			now = now.Add(time.Duration(rapid.IntRange(-1, 20).Draw(t, "ms")) * time.Millisecond)
			cost := float64(rapid.IntRange(1, 60).Draw(t, "cost"))
			from := source{network: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(rapid.IntRange(0, 9).Draw(t, "source")), 0, 0}), 24)}
			if l.draw(now, rapid.IntRange(0, 64).Draw(t, "work"), cost, from) {
				spent += cost
			}
		}
		if most := burst + rate*(now.Sub(start).Seconds()+2); spent > most {
			t.Fatalf("%.0f passed, at most %.0f may", spent, most)
		}
	})
}

func TestSourceAt(t *testing.T) {
	for _, row := range []struct {
		addr string
		want source
	}{
		{"/ip4/80.1.2.3/udp/1/quic-v1", source{network: netip.MustParsePrefix("80.1.2.0/24")}},
		{"/ip6/2a01:4f8:1:2::3/tcp/1", source{network: netip.MustParsePrefix("2a01:4f8:1::/48")}},
		{"/ip4/127.0.0.1/tcp/1", source{peer: "p"}},
		{"/ip4/10.1.2.3/tcp/1", source{peer: "p"}},
		{"/ip6/fd00::1/tcp/1", source{peer: "p"}},
		{"/dns4/example.com/tcp/1", source{peer: "p"}},
	} {
		if got := sourceAt(multiaddr.StringCast(row.addr), "p"); got != row.want {
			t.Errorf("%s: %v, want %v", row.addr, got, row.want)
		}
	}
}

func BenchmarkLane(b *testing.B) {
	l := newLanes(Config{StrangerRate: DefaultStrangerRate, StrangerBurst: DefaultStrangerBurst})
	for b.Loop() {
		l.draw(time.Now(), 0, 1, quiet)
	}
}
