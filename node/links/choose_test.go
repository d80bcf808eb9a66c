package links

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

type candidate = Candidate[string]

func seeded() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// Of the near part every name is certain.
func TestChooseNear(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []candidate
		want []string
	}{
		{"nobody", nil, nil},
		{"the nearest first", []candidate{{ID: "far", RTT: 90 * ms}, {ID: "b", RTT: 20 * ms}, {ID: "a", RTT: 10 * ms}}, []string{"a", "b"}},
		{"measured before unknown", []candidate{{ID: "unknown"}, {ID: "far", RTT: 900 * ms}, {ID: "b", RTT: 20 * ms}}, []string{"b", "far"}},
		{"unknown where too few are measured", []candidate{{ID: "unknown"}, {ID: "far", RTT: 900 * ms}}, []string{"far", "unknown"}},
		{"a link not yet measured stays", []candidate{{ID: "x"}, {ID: "y"}, {ID: "link", Role: Near}, {ID: "z"}, {ID: "far", RTT: 900 * ms}}, []string{"far", "link"}},
		{"hardly nearer does not displace", []candidate{{ID: "a", RTT: 10 * ms}, {ID: "new", RTT: 14 * ms}, {ID: "link", RTT: 20 * ms, Role: Near}}, []string{"a", "link"}},
		{"clearly nearer does", []candidate{{ID: "a", RTT: 10 * ms}, {ID: "new", RTT: 13 * ms}, {ID: "link", RTT: 20 * ms, Role: Near}}, []string{"a", "new"}},
		{"a random link stays one, however near", []candidate{{ID: "r", RTT: ms, Role: Random}, {ID: "a", RTT: 10 * ms}, {ID: "b", RTT: 20 * ms}}, []string{"a", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Choose(Policy{Near: 2, Random: 1}, c.all, seeded())
			if !slices.Equal(got.Near, c.want) {
				t.Errorf("near: %v, want %v", got.Near, c.want)
			}
		})
	}
}

// The random part: what must be in it, and how many there are.
func TestChooseRandom(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []candidate
		must []string
		size int
	}{
		{"nobody", nil, nil, 0},
		{"all, where there are few", []candidate{{ID: "a"}, {ID: "b"}}, []string{"a", "b"}, 2},
		{"no more than asked for", []candidate{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}}, nil, 3},
		{"present ones stay", []candidate{{ID: "a"}, {ID: "b"}, {ID: "c", Role: Random}, {ID: "d"}, {ID: "e", Role: Random}}, []string{"c", "e"}, 3},
		{"no more of these either", []candidate{{ID: "a", Role: Random}, {ID: "b", Role: Random}, {ID: "c", Role: Random}, {ID: "d", Role: Random}}, []string{"a", "b", "c"}, 3},
		{"each from another group", []candidate{{ID: "a", Group: "1"}, {ID: "b", Group: "1"}, {ID: "c", Group: "1"}, {ID: "d", Group: "1"}, {ID: "e", Group: "2"}, {ID: "f", Group: "3"}}, []string{"e", "f"}, 3},
		{"but from that of a present one", []candidate{{ID: "a", Group: "1", Role: Random}, {ID: "b", Group: "1"}, {ID: "c", Group: "2"}, {ID: "d", Group: "3"}}, []string{"a", "c", "d"}, 3},
		{"twice from one, where there is no other", []candidate{{ID: "a", Group: "1"}, {ID: "b", Group: "1"}, {ID: "c", Group: "2"}}, []string{"a", "b", "c"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Choose(Policy{Random: 3}, c.all, seeded()).Random
			if len(got) != c.size {
				t.Errorf("%v, want %d", got, c.size)
			}
			for _, id := range c.must {
				if !slices.Contains(got, id) {
					t.Errorf("%v, want %s among them", got, id)
				}
			}
		})
	}
}

// Whatever the candidates are: nobody twice, nobody unknown, as many as there can
// be, the near part the nearest, and a second choice changes nothing.
func TestChooseHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Near: rapid.IntRange(0, 10).Draw(t, "near"), Random: rapid.IntRange(0, 10).Draw(t, "random")}
		all := make([]Candidate[int], rapid.IntRange(0, 60).Draw(t, "candidates"))
		for i := range all {
			all[i] = Candidate[int]{
				ID: i, RTT: time.Duration(rapid.IntRange(0, 30).Draw(t, "rtt")) * ms,
				Group: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "group"),
			}
		}
		r := seeded()
		first := Choose(p, all, r)
		chosen := slices.Concat(first.Near, first.Random)
		if want := min(len(all), p.Links()); len(chosen) != want {
			t.Fatalf("%d links, want %d: %+v", len(chosen), want, first)
		}
		seen := make(map[int]bool)
		for _, id := range chosen {
			if seen[id] {
				t.Fatalf("%d twice: %+v", id, first)
			}
			seen[id] = true
		}
		for _, id := range first.Near {
			for _, c := range all {
				if !slices.Contains(first.Near, c.ID) && c.RTT > 0 && (all[id].RTT == 0 || c.RTT < all[id].RTT) {
					t.Fatalf("%d is nearer than %d: %+v", c.ID, id, first)
				}
			}
			all[id].Role = Near
		}
		for _, id := range first.Random {
			all[id].Role = Random
		}
		second := Choose(p, all, r)
		if a, b := slices.Sorted(slices.Values(first.Near)), slices.Sorted(slices.Values(second.Near)); !slices.Equal(a, b) {
			t.Fatalf("near changed from %v to %v", a, b)
		}
		if a, b := slices.Sorted(slices.Values(first.Random)), slices.Sorted(slices.Values(second.Random)); !slices.Equal(a, b) {
			t.Fatalf("random changed from %v to %v", a, b)
		}
	})
}

// The random part is drawn from all alike: after many draws no candidate was
// preferred.
func TestChooseIsFair(t *testing.T) {
	const candidates, draws = 20, 10_000
	all := make([]Candidate[int], candidates)
	for i := range all {
		all[i] = Candidate[int]{ID: i, RTT: time.Duration(i%2) * time.Hour}
	}
	r, times := seeded(), make([]int, candidates)
	for range draws {
		for _, id := range Choose(Policy{Random: 4}, all, r).Random {
			times[id]++
		}
	}
	for id, n := range times {
		if want := draws * 4 / candidates; n < want*9/10 || n > want*11/10 {
			t.Errorf("%d was drawn %d times, want about %d", id, n, want)
		}
	}
}

// A weight is how likely a draw is.
func TestChooseWeighs(t *testing.T) {
	const draws = 20_000
	all := []Candidate[int]{{ID: 0, Weight: 0.5}, {ID: 1, Weight: 0.25}, {ID: 2, Weight: 0.125}, {ID: 3, Weight: 0.125}}
	r, times := seeded(), make([]int, len(all))
	for range draws {
		times[Choose(Policy{Random: 1}, all, r).Random[0]]++
	}
	for id, n := range times {
		if want := int(draws * all[id].Weight); n < want*9/10 || n > want*11/10 {
			t.Errorf("%d was drawn %d times, want about %d", id, n, want)
		}
	}
}

// Everybody's links together make one network, also where all near ones are in the
// same place: that is what the random ones are for.
func TestNoRegionIsCutOff(t *testing.T) {
	for _, regions := range []int{1, 2, 10} {
		t.Run(fmt.Sprint(regions), func(t *testing.T) {
			const nodes = 200
			r, next := seeded(), make([][]int, nodes)
			for i := range nodes {
				var all []Candidate[int]
				for j := range nodes {
					rtt := 200 * ms
					if i%regions == j%regions {
						rtt = time.Duration(1+r.IntN(5)) * ms
					}
					if i != j {
						all = append(all, Candidate[int]{ID: j, RTT: rtt})
					}
				}
				choice := Choose(DefaultPolicy(), all, r)
				for _, j := range slices.Concat(choice.Near, choice.Random) {
					next[i], next[j] = append(next[i], j), append(next[j], i)
				}
			}
			reached, todo := map[int]bool{0: true}, []int{0}
			for len(todo) > 0 {
				i := todo[0]
				todo = todo[1:]
				for _, j := range next[i] {
					if !reached[j] {
						reached[j] = true
						todo = append(todo, j)
					}
				}
			}
			if len(reached) != nodes {
				t.Errorf("%d of %d nodes are reached", len(reached), nodes)
			}
		})
	}
}
