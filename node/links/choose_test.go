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

// Shortcuts: to whom the way by others is long, measured by the direct one.
func TestChooseShortcuts(t *testing.T) {
	for _, c := range []struct {
		name      string
		all       []candidate
		shortcuts []string
		random    int // how many of the rest
	}{
		{"nothing known of ways", []candidate{{ID: "a", RTT: 100 * ms}, {ID: "b", RTT: 100 * ms}}, nil, 2},
		{"no direct way known", []candidate{{ID: "a", Path: 300 * ms}}, nil, 1},
		{"the way that saves most", []candidate{{ID: "a", RTT: 100 * ms, Path: 60 * ms}, {ID: "b", RTT: 100 * ms, Path: 90 * ms}}, []string{"b", "a"}, 0},
		{"by share, not by time", []candidate{{ID: "a", RTT: 200 * ms, Path: 150 * ms}, {ID: "b", RTT: 20 * ms, Path: 20 * ms}}, []string{"b", "a"}, 0},
		{"few that are new", []candidate{{ID: "a", RTT: 20 * ms, Path: 30 * ms}, {ID: "b", RTT: 20 * ms, Path: 40 * ms}, {ID: "c", RTT: 20 * ms, Path: 50 * ms}}, []string{"c", "b"}, 1},
		{"not one that saves next to nothing", []candidate{{ID: "a", RTT: 100 * ms, Path: 54 * ms}}, nil, 1},
		{"nor one that saves a moment", []candidate{{ID: "a", RTT: 400 * time.Microsecond, Path: 600 * time.Microsecond}}, nil, 1},
		{"a present one stays", []candidate{{ID: "a", RTT: 100 * ms, Path: 50 * ms, Role: Shortcut}}, []string{"a"}, 0},
		{"also where the ways are not known any more", []candidate{{ID: "a", Role: Shortcut}}, []string{"a"}, 0},
		{"a random link becomes one", []candidate{{ID: "a", RTT: 100 * ms, Path: 90 * ms, Role: Random}}, []string{"a"}, 0},
		{"random links make room", []candidate{
			{ID: "a", RTT: 100 * ms, Role: Random}, {ID: "b", RTT: 100 * ms, Role: Random}, {ID: "c", RTT: 100 * ms, Role: Random},
			{ID: "d", RTT: 100 * ms, Path: 90 * ms},
		}, []string{"d"}, 2},
		{"who saves hardly more displaces nobody", []candidate{
			{ID: "a", RTT: 100 * ms, Path: 60 * ms, Role: Shortcut}, {ID: "b", RTT: 100 * ms, Path: 60 * ms, Role: Shortcut}, {ID: "c", RTT: 100 * ms, Path: 70 * ms},
		}, []string{"a", "b"}, 1},
		{"who saves much more does", []candidate{
			{ID: "a", RTT: 100 * ms, Path: 60 * ms, Role: Shortcut}, {ID: "b", RTT: 100 * ms, Path: 70 * ms, Role: Shortcut}, {ID: "c", RTT: 100 * ms, Path: 100 * ms},
		}, []string{"b", "c"}, 1},
		{"each from another group, where there is one", []candidate{
			{ID: "a", RTT: 20 * ms, Path: 90 * ms, Group: "1", Role: Shortcut}, {ID: "b", RTT: 20 * ms, Path: 80 * ms, Group: "1"}, {ID: "c", RTT: 20 * ms, Path: 30 * ms, Group: "2"},
		}, []string{"a", "c"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Choose(Policy{Random: 3, Shortcuts: 2, NewShortcuts: 2}, c.all, seeded())
			if !slices.Equal(got.Shortcuts, c.shortcuts) || len(got.Random) != c.random {
				t.Errorf("shortcuts %v and random %v, want %v and %d", got.Shortcuts, got.Random, c.shortcuts, c.random)
			}
		})
	}
}

// Who is worth measuring: whoever may be nearer than the near links.
func TestUnmeasured(t *testing.T) {
	links := []candidate{{ID: "a", RTT: 10 * ms, Role: Near}, {ID: "b", RTT: 30 * ms, Role: Near}}
	for _, c := range []struct {
		name string
		more []candidate
		want []string
	}{
		{"nobody is known", nil, nil},
		{"the likeliest first", []candidate{{ID: "c", Least: 12 * ms}, {ID: "d", Least: 5 * ms}}, []string{"d", "c"}},
		{"not who is certainly no nearer, as a link counts", []candidate{{ID: "c", Least: 21 * ms}}, nil},
		{"not who was measured", []candidate{{ID: "c", Least: ms, RTT: 50 * ms}}, nil},
		{"not of whom nothing is known", []candidate{{ID: "c"}}, nil},
		{"not a link", []candidate{{ID: "c", Least: ms, Role: Random}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, all := Policy{Near: 2}, append(slices.Clone(links), c.more...)
			if got := Unmeasured(p, all, Choice[string]{Near: []string{"a", "b"}}); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	if got := Unmeasured(Policy{Near: 3}, append(links, candidate{ID: "c", Least: time.Second}), Choice[string]{Near: []string{"a", "b"}}); len(got) != 1 {
		t.Errorf("with too few near links %v are worth it, want anybody", got)
	}
}

// Whatever the candidates are: nobody twice, nobody unknown, as many as there can
// be, the near part the nearest, and a second choice changes nothing.
func TestChooseHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Near: rapid.IntRange(0, 10).Draw(t, "near"), Random: rapid.IntRange(0, 10).Draw(t, "random"), Shortcuts: rapid.IntRange(0, 5).Draw(t, "shortcuts"), NewShortcuts: rapid.IntRange(0, 3).Draw(t, "new shortcuts")}
		all := make([]Candidate[int], rapid.IntRange(0, 60).Draw(t, "candidates"))
		for i := range all {
			all[i] = Candidate[int]{
				ID: i, RTT: time.Duration(rapid.IntRange(0, 30).Draw(t, "rtt")) * ms,
				Path:  time.Duration(rapid.IntRange(0, 30).Draw(t, "path")) * ms,
				Group: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "group"),
			}
		}
		r := seeded()
		first := Choose(p, all, r)
		for range 30 { // shortcuts are found a few at a time
			for i, c := range all {
				all[i].Role = roleIn(first, c.ID)
			}
			first = Choose(p, all, r)
		}
		chosen := slices.Concat(first.Near, first.Shortcuts, first.Random)
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
				if roleIn(first, c.ID) == None && c.RTT > 0 && (all[id].RTT == 0 || c.RTT < all[id].RTT*stayNumerator/stayDenominator) {
					t.Fatalf("%d is clearly nearer than %d: %+v", c.ID, id, first)
				}
			}
		}
		for i, c := range all {
			all[i].Role = roleIn(first, c.ID)
		}
		second := Choose(p, all, r)
		if a, b := slices.Sorted(slices.Values(first.Shortcuts)), slices.Sorted(slices.Values(second.Shortcuts)); !slices.Equal(a, b) {
			t.Fatalf("shortcuts changed from %v to %v", a, b)
		}
		if a, b := slices.Sorted(slices.Values(first.Near)), slices.Sorted(slices.Values(second.Near)); !slices.Equal(a, b) {
			t.Fatalf("near changed from %v to %v", a, b)
		}
		if a, b := slices.Sorted(slices.Values(first.Random)), slices.Sorted(slices.Values(second.Random)); !slices.Equal(a, b) {
			t.Fatalf("random changed from %v to %v", a, b)
		}
	})
}

// roleIn is what a choice makes of a candidate.
func roleIn(c Choice[int], id int) Role {
	switch {
	case slices.Contains(c.Near, id):
		return Near
	case slices.Contains(c.Shortcuts, id):
		return Shortcut
	case slices.Contains(c.Random, id):
		return Random
	}
	return None
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
