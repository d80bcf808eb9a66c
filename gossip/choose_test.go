package gossip

import (
	"testing"

	"pgregory.net/rapid"
)

func TestChoose(t *testing.T) {
	const million = 1_000_000
	for _, row := range []struct {
		name string
		x    situation
		mode mode
		most uint64 // symbols that follow
	}{
		{"client is new", situation{client: 0, server: million, since: million, gained: 0}, modeFeed, 0},
		{"server is new", situation{client: million, server: 0, since: 0, gained: million}, modeFeed, 0},
		{"client was away", situation{client: million, server: million + 100, since: 100, gained: 0, apart: 120}, modeFeed, 0},
		{"server was away", situation{client: million + 100, server: million, since: 0, gained: 100, apart: 80}, modeFeed, 0},
		{"both were", situation{client: million + 1000, server: million + 1000, since: 1000, gained: 1000, apart: 1700}, modeFeed, 0},
		{"a live network", situation{client: million + 30, server: million + 30, since: 30, gained: 30, apart: 2}, modeSymbols, 10},
		{"a few facts, one of them in flight", situation{client: million + 3, server: million + 2, since: 2, gained: 3, apart: 1}, modeFeed, 0},
		{"strangers of one network", situation{client: million, server: million, since: million, gained: million, apart: 10}, modeSymbols, 30},
		{"the same, misled", situation{client: million, server: million, since: million, gained: million, apart: 10, fresh: true}, modeFresh, 30},
		{"misled, and seemingly far apart", situation{client: million, server: million, since: million, gained: million, apart: 20_000, fresh: true}, modeFresh, mostAtFirst},
		{"one knows the other", situation{client: million, server: million + 5, since: 5, gained: million, apart: 5}, modeSymbols, 20},
		{"strangers, far apart", situation{client: million, server: million, since: million, gained: million, apart: 400_000}, modeList, 0},
		{"nothing in common", situation{client: 3000, server: 3000, since: 3000, gained: 3000, apart: 6000}, modeFeed, 0},
		{"small client", situation{client: 100, server: 10_100, since: 10_100, gained: 100, apart: 9000}, modeTell, 0},
		{"small server", situation{client: 10_100, server: 100, since: 100, gained: 10_100, apart: 9000}, modeList, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			if m, n := row.x.choose(); m != row.mode || n > row.most {
				t.Errorf("mode %d, %d to follow; want mode %d, at most %d", m, n, row.mode, row.most)
			}
		})
	}
}

// TestChooseAnything: whatever peers claim, what follows is bounded by what there is.
func TestChooseAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, maxSetSize)
		x := situation{client: size.Draw(t, "client"), server: size.Draw(t, "server"), apart: rapid.Uint64().Draw(t, "apart"), fresh: rapid.Bool().Draw(t, "fresh")}
		x.since, x.gained = size.Draw(t, "since"), size.Draw(t, "gained")
		m, n := x.choose()
		limit := map[mode]uint64{modeSymbols: uint64(cellsBetween(x.client, x.server)), modeFresh: mostAtFirst}[m]
		if n > limit || (m == modeSymbols || m == modeFresh) && n == 0 || m == modeFresh != (x.fresh && m != modeFeed && m != modeList && m != modeTell) {
			t.Fatalf("mode %d, %d to follow, of %d", m, n, limit)
		}
	})
}
