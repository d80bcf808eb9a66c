package links

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type conn = Conn[string]

func TestTrim(t *testing.T) {
	const young, old, older = time.Second, time.Minute, time.Hour
	for _, c := range []struct {
		name string
		all  []conn
		want []string
	}{
		{"nobody", nil, nil},
		{"room", []conn{{ID: "a", Age: old}, {ID: "b", Age: old}}, nil},
		{"the youngest goes", []conn{{ID: "a", Age: older}, {ID: "b", Age: old}, {ID: "c", Age: older}}, []string{"b"}},
		{"one that is new does not count", []conn{{ID: "a", Age: old}, {ID: "b", Age: old}, {ID: "c", Age: young}}, nil},
		{"nor does it go in place of another", []conn{{ID: "a", Age: old}, {ID: "b", Age: older}, {ID: "c", Age: older}, {ID: "d", Age: young}}, []string{"a"}},
		{"unless there are far too many", []conn{{ID: "a", Age: old}, {ID: "b", Age: older}, {ID: "c", Age: young}, {ID: "d", Age: 2 * young}, {ID: "e", Age: young}}, []string{"c"}},
		{"a link stays", []conn{{ID: "a", Age: old, Keep: true}, {ID: "b", Age: older}, {ID: "c", Age: older + 1}}, []string{"b"}},
		{"links stay, whatever their number", []conn{{ID: "a", Age: old, Keep: true}, {ID: "b", Age: old, Keep: true}, {ID: "c", Age: old, Keep: true}}, nil},
		{"the crowded group loses", []conn{{ID: "a", Age: old}, {ID: "b", Age: older, Group: "x"}, {ID: "c", Age: older + 1, Group: "x"}}, []string{"b"}},
		{"links count in their group", []conn{{ID: "a", Age: old}, {ID: "b", Age: older, Group: "x"}, {ID: "c", Age: old, Group: "x", Keep: true}}, []string{"b"}},
		{"what nobody wants goes first", []conn{{ID: "a", Age: old, Wanted: true}, {ID: "b", Age: older}, {ID: "c", Age: older + 1}}, []string{"b"}},
		{"but many of one group who want it do not win", []conn{
			{ID: "a", Age: older, Wanted: true}, {ID: "b", Age: old, Group: "x", Wanted: true}, {ID: "c", Age: 2 * old, Group: "x", Wanted: true},
		}, []string{"b"}},
		{"then they take turns", []conn{
			{ID: "a", Age: 5 * old, Group: "x"}, {ID: "b", Age: 4 * old, Group: "x"}, {ID: "c", Age: 3 * old, Group: "x"},
			{ID: "d", Age: 2 * old, Group: "y"}, {ID: "e", Age: old, Group: "y"},
		}, []string{"c", "e", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Trim(Policy{Cap: 2, Burst: 4, Grace: 10 * time.Second}, c.all); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// Whatever the connections are: the bounds hold as far as links allow, no link is
// closed, and nothing without need.
func TestTrimHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Cap: rapid.IntRange(0, 10).Draw(t, "cap"), Grace: 10 * time.Second}
		p.Burst = p.Cap + rapid.IntRange(0, 10).Draw(t, "burst")
		all := make([]Conn[int], rapid.IntRange(0, 40).Draw(t, "conns"))
		for i := range all {
			all[i] = Conn[int]{
				ID: i, Age: time.Duration(rapid.IntRange(0, 30).Draw(t, "age")) * time.Second,
				Keep: rapid.IntRange(0, 3).Draw(t, "keep") == 0, Wanted: rapid.Bool().Draw(t, "wanted"),
				Group: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "group"),
			}
		}
		out := Trim(p, all)
		left := slices.Clone(all)
		for _, id := range out {
			i := slices.IndexFunc(left, func(c Conn[int]) bool { return c.ID == id })
			if i < 0 || left[i].Keep {
				t.Fatalf("%d is closed twice, or is a link: %v", id, out)
			}
			if grown(p, left) <= p.Cap && len(left) <= p.Burst {
				t.Fatalf("%d is closed without need: %v", id, out)
			}
			left = slices.Delete(left, i, i+1)
		}
		closable := func(old bool) bool {
			return slices.ContainsFunc(left, func(c Conn[int]) bool { return !c.Keep && (!old || c.Age >= p.Grace) })
		}
		if len(left) > p.Burst && closable(false) || grown(p, left) > p.Cap && closable(true) {
			t.Fatalf("%d are left, %d of them old, after %v", len(left), grown(p, left), out)
		}
	})
}

func grown(p Policy, conns []Conn[int]) (n int) {
	for _, c := range conns {
		if c.Age >= p.Grace {
			n++
		}
	}
	return n
}

// A crowd of identities behind a few addresses comes at full speed for ten minutes.
// Whoever was there before, each from somewhere else, is there afterwards.
func TestCrowdDisplacesNobody(t *testing.T) {
	p := DefaultPolicy()
	var conns []Conn[int]
	for i := range p.Cap - 5 {
		conns = append(conns, Conn[int]{ID: i, Age: time.Hour, Group: string(rune('A' + i)), Wanted: true})
	}
	next := 1000
	for range 60 {
		for i := range conns {
			conns[i].Age += 10 * time.Second
		}
		for range 200 {
			conns = append(conns, Conn[int]{ID: next, Group: []string{"x", "y", "z"}[next%3], Wanted: true})
			next++
			out := Trim(p, conns)
			conns = slices.DeleteFunc(conns, func(c Conn[int]) bool { return slices.Contains(out, c.ID) })
		}
	}
	for i := range p.Cap - 5 {
		if !slices.ContainsFunc(conns, func(c Conn[int]) bool { return c.ID == i }) {
			t.Errorf("%d was displaced", i)
		}
	}
}
