package tree

import (
	"slices"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// figures are what facts took over the least that they could, and what it cost.
type figures struct {
	p50, p99, most, copies float64
	missing, fetches       int
}

// measure spreads facts, each from a node that is up.
func measure(n *net, facts int) (f figures) {
	live := n.live()
	paths := wan.Floor(n.model, live, time.Duration(testCharge)*time.Microsecond)
	var took, floor []float64
	n.fetches = 0
	for range facts {
		from := n.nodes[live[n.rng.IntN(len(live))]]
		at, copies := n.spread(from)
		f.copies += float64(copies) / float64(facts*(len(live)-1))
		for _, i := range live {
			if i == from.id {
				continue
			}
			d, ok := at[n.nodes[i]]
			if !ok {
				f.missing++
				continue
			}
			least, _ := paths.Between(from.id, i)
			took, floor = append(took, float64(d)), append(floor, float64(least.Microseconds()))
		}
	}
	slices.Sort(took)
	slices.Sort(floor)
	ratio := func(q float64) float64 {
		return took[int(q*float64(len(took)-1))] / floor[int(q*float64(len(floor)-1))]
	}
	f.p50, f.p99, f.most, f.fetches = ratio(0.5), ratio(0.99), ratio(1), n.fetches
	return f
}

// A network that its nodes keep by themselves passes facts on near the floor, in
// hardly more than one copy; when a part of it fails, facts still arrive but for a
// few, which are reconciliation's, and soon as quickly as before.
func TestSpread(t *testing.T) {
	for _, row := range []struct {
		name        string
		fail        func(n *net)
		first, then figures // at most
	}{
		{"calm", func(*net) {}, figures{p50: 1.15, p99: 1.2, most: 1.3, copies: 1.3}, figures{p50: 1.15, p99: 1.2, most: 1.3, copies: 1.3}},
		{"30 % die", func(n *net) { n.killShare(0.3) }, figures{p50: 1.3, p99: 3, most: 6, copies: 5, missing: 30, fetches: 200}, figures{p50: 1.25, p99: 1.5, most: 3, copies: 4, missing: 3, fetches: 100}},
		{"10 % drop", func(n *net) { n.dropShare(0.1) }, figures{p50: 1.4, p99: 3, most: 6, copies: 3, missing: 10, fetches: 300}, figures{p50: 1.3, p99: 2, most: 4, copies: 3, missing: 5, fetches: 200}},
		{"60 % drop", func(n *net) { n.dropShare(0.6) }, figures{p50: 3, p99: 6, most: 20, copies: 10, missing: 200, fetches: 300}, figures{p50: 1.3, p99: 4, most: 6, copies: 12, missing: 15, fetches: 150}},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := newNet(60, 1)
			n.mesh(8, 6)
			n.run(30 * time.Second)
			row.fail(n)
			for _, most := range []figures{row.first, row.then} {
				got := measure(n, 10)
				t.Logf("%+.2v", got)
				if got.p50 > most.p50 || got.p99 > most.p99 || got.most > most.most || got.copies > most.copies || got.missing > most.missing || got.fetches > most.fetches {
					t.Errorf("%+v, want at most %+v", got, most)
				}
			}
		})
	}
}

func (n *net) killShare(share float64) {
	for _, s := range n.nodes {
		if n.rng.Float64() < share {
			n.kill(s)
		}
	}
}

func (n *net) dropShare(share float64) {
	for _, s := range n.nodes {
		s.drops = n.rng.Float64() < share
	}
}

// A link that is new gets every fact, whatever its ends are to each other by then.
func TestYoungLinksGetEverything(t *testing.T) {
	r := NewRelay(New(1, testCharge))
	const root = Tag(7)
	r.Link(0, 1_000)
	r.Hear(0, Word{Tag: root, Route: Route{Seq: 1, Dist: 10}})
	r.Welcome(1, 1_000, 0)
	for _, row := range []struct {
		now  Time
		want Set
	}{{1, Of(1)}, {youth - 1, Of(1)}, {youth, 0}} {
		name := Name{byte(row.now)}
		r.Pushed(0, name)
		if push, named := r.Accept(0, root, name, []byte("fact"), row.now); push != row.want || named != 0 {
			t.Errorf("at %d: pushed to %b, named to %b, want %b", row.now, push, named, row.want)
		}
	}
}
