package overlay

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// Where targets are found dead, others are asked before it is known of which: by the share of
// the dead among those of whom it is known.
func TestAhead(t *testing.T) {
	for _, row := range []struct {
		name              string
		down, acked, open int
		want              int
	}{
		{"nothing is known", 0, 0, 20, 0},
		{"all live", 0, 12, 8, 0},
		{"the first is dead", 1, 0, 19, 4},
		{"one of many is dead", 1, 15, 4, 1},
		{"three of ten are dead", 3, 7, 10, 3},
		{"hardly anybody lives", 10, 0, 10, 8},
		{"nobody is left to hope for", 6, 14, 0, 0},
	} {
		p := new(publication)
		for range row.down {
			p.order = append(p.order, &target{started: true, down: true})
		}
		for range row.acked {
			p.order = append(p.order, &target{started: true, out: PeerOutcome{Acked: true}})
		}
		for range row.open {
			p.order = append(p.order, &target{started: true, busy: true, trip: time.Second})
		}
		p.order = append(p.order, new(target)) // not asked
		if got := p.ahead(); got != row.want {
			t.Errorf("%s: %d ahead, want %d", row.name, got, row.want)
		}
	}
}

// Who is asked ahead counts for nothing until a nearer one is down: a copy there is none that
// readers look for. Who is down and acknowledges after all takes its place back.
func TestAheadCountsWhenNeeded(t *testing.T) {
	net := &publication{known: make(map[peer.ID]*target)}
	for i := range 5 {
		net.order = append(net.order, &target{started: true, dist: lookup.Position{byte(i + 1)}, out: PeerOutcome{Acked: true, ReadBack: true}})
	}
	for _, row := range []struct {
		name          string
		down          []int
		targets, acks int
	}{
		{"all live", nil, 3, 3},
		{"one is down", []int{0}, 3, 3},
		{"two are down", []int{0, 2}, 3, 3},
		{"more are down than were asked ahead", []int{0, 1, 2}, 3, 2},
	} {
		for i, x := range net.order {
			x.down, x.out.Replaced, x.out.Acked = false, false, true
			for _, d := range row.down {
				x.down = x.down || d == i
			}
			x.out.Acked = !x.down
		}
		net.settle(lookup.Region{K: 3}, net.assignIn(t.Context(), lookup.Region{K: 3}, 2))
		r := net.receipt()
		if r.Targets != row.targets || r.Acks != row.acks || len(r.Peers) != 5 {
			t.Errorf("%s: %d targets, %d acknowledged, %d asked; want %d and %d", row.name, r.Targets, r.Acks, len(r.Peers), row.targets, row.acks)
		}
	}
}
