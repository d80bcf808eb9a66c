package node

import (
	"net/netip"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestOffset: it is the median of what peers' clocks show, one for each group of public
// addresses, the nearer one of two, and of the last day.
func TestOffset(t *testing.T) {
	type said struct {
		from  origin
		ahead time.Duration
		at    time.Duration
	}
	private := func(p string) origin { return origin{peer: peer.ID(p)} }
	public := func(s string) origin { return origin{network: netip.MustParsePrefix(s)} }
	for _, row := range []struct {
		name   string
		said   []said
		ahead  time.Duration
		clocks int
	}{
		{"nobody", nil, 0, 0},
		{"one", []said{{private("a"), time.Hour, 0}}, time.Hour, 1},
		{"its latest word", []said{{private("a"), time.Hour, 0}, {private("a"), time.Second, 1}}, time.Second, 1},
		{"the nearer of two", []said{{private("a"), -time.Hour, 0}, {private("b"), time.Second, 0}}, time.Second, 2},
		{"most", []said{{private("a"), 0, 0}, {private("b"), time.Second, 0}, {private("c"), 24 * time.Hour, 0}}, time.Second, 3},
		{"a crowd of one group", []said{
			{public("192.0.0.0/16"), time.Hour, 0}, {public("192.0.0.0/16"), time.Hour, 1}, {public("192.0.0.0/16"), time.Hour, 2},
			{public("198.51.0.0/16"), 0, 0}, {public("203.0.0.0/16"), time.Second, 0},
		}, time.Second, 3},
		{"a crowd of relayed ones", []said{{origin{}, time.Hour, 0}, {origin{}, time.Hour, 1}, {private("a"), 0, 0}}, 0, 2},
		{"long ago", []said{{private("a"), time.Hour, -offsetKept}, {private("b"), time.Second, 0}}, time.Second, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := newOffsets(0)
			for _, s := range row.said {
				o.note(s.from, s.ahead, s.at)
			}
			if ahead, clocks := o.median(2); ahead != row.ahead || clocks != row.clocks {
				t.Errorf("%s by %d clocks, want %s by %d", ahead, clocks, row.ahead, row.clocks)
			}
		})
	}
}

// TestOffsetsAreFew: so many are known, whoever comes, and those heard last.
func TestOffsetsAreFew(t *testing.T) {
	o := newOffsets(0)
	for i := range 10 * maxReadings {
		o.note(origin{peer: peer.ID([]byte{byte(i >> 8), byte(i)})}, time.Duration(i), time.Duration(i))
	}
	if ahead, clocks := o.median(10 * maxReadings); clocks != maxReadings || ahead < 9*maxReadings {
		t.Errorf("%d clocks, from %s", clocks, ahead)
	}
}

// TestClockSet: what was known of a clock that is set is forgotten; one that is slewed is the
// same clock.
func TestClockSet(t *testing.T) {
	o := newOffsets(time.Hour)
	o.note(origin{}, time.Minute, 0)
	for drift := time.Hour; drift < time.Hour+time.Minute; drift += time.Second {
		if o.set(drift) {
			t.Fatal("a second more counts as set")
		}
	}
	if _, clocks := o.median(1); clocks != 1 {
		t.Error("what was known is lost")
	}
	if !o.set(0) {
		t.Error("an hour does not count as set")
	}
	if _, clocks := o.median(1); clocks != 0 {
		t.Error("what another clock showed is believed")
	}
}
