package wan_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// disguised is a model whose nodes are not known to be interchangeable.
type disguised struct{ wan.Model }

// The way by places and the way by nodes give the same numbers, in both models.
func TestFloorByPlaceAndByNode(t *testing.T) {
	for name, m := range map[string]wan.Model{
		"matrix": read(t, "p,A,B,C,D\nA,0,10,80,0.1\nB,10,0,20,7\nC,80,20,0,7\nD,0.1,7,7,0\n").Model(5),
		"cities": wan.Cities(11),
	} {
		nodes := all(150)
		for _, charge := range []time.Duration{0, 500 * time.Microsecond} {
			byPlace, byNode := wan.Floor(m, nodes, charge), wan.Floor(disguised{m}, nodes, charge)
			for _, i := range nodes {
				for _, j := range nodes {
					a, _ := byPlace.Between(i, j)
					b, _ := byNode.Between(i, j)
					if a != b {
						t.Fatalf("%s: %s to %s with charge %s: %s by places, %s by nodes", name, m.Place(i), m.Place(j), charge, a, b)
					}
				}
			}
		}
	}
}

// The floor of a million nodes takes no more room than that of their places.
func TestFloorOfPlaces(t *testing.T) {
	m := wan.Cities(3).(wan.Placed)
	nodes := all(1_000_000)
	f := wan.FloorOfPlaces(m, nodes, time.Millisecond)
	few := wan.FloorOfPlaces(m, nodes[:3], time.Millisecond)
	for k := range 1000 {
		i, j := nodes[k*31], nodes[len(nodes)-1-k*17]
		d, ok := f.Between(i, j)
		if !ok || d > m.OneWay(i, j)+time.Millisecond || d < m.Access(i)+m.Access(j) {
			t.Fatalf("%d to %d: %s, %v; straight %s", i, j, d, ok, m.OneWay(i, j))
		}
		back, _ := f.Between(j, i)
		if back != d {
			t.Fatalf("%d to %d: %s, and back %s", i, j, d, back)
		}
		if r, _ := f.Relayed(m.Seat(i), m.Seat(j)); m.Seat(i) != m.Seat(j) && r+m.Access(i)-f.Least(m.Seat(i))+m.Access(j)-f.Least(m.Seat(j)) != d {
			t.Fatalf("%d to %d: %s, by places %s", i, j, d, r)
		}
	}
	for _, i := range nodes[3:100] {
		if d, ok := few.Between(0, i); ok && m.Seat(i) != m.Seat(0) && m.Seat(i) != m.Seat(1) && m.Seat(i) != m.Seat(2) {
			t.Fatalf("an empty place is %s away", d)
		}
	}
}

func TestFloorRelays(t *testing.T) {
	m := read(t, three).Model(1) // A to C: 40 ms straight, 5 + 10.25 by way of B
	a, b, c := of(t, m, "A"), of(t, m, "B"), of(t, m, "C")
	for _, row := range []struct {
		name   string
		nodes  []int
		charge time.Duration
		want   time.Duration
	}{
		{"relayed", []int{a, b, c}, 0, 15250 * time.Microsecond},
		{"nobody there to relay", []int{a, c}, 0, 40 * time.Millisecond},
		{"each receiver is charged", []int{a, b, c}, time.Millisecond, 17250 * time.Microsecond},
		{"relaying costs too much", []int{a, b, c}, time.Second, 1040 * time.Millisecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := wan.Floor(m, row.nodes, row.charge)
			if got, ok := f.Between(a, c); !ok || got != row.want {
				t.Errorf("%s, %v, want %s", got, ok, row.want)
			}
			if got, ok := f.Between(a, a); !ok || got != 0 {
				t.Errorf("to itself: %s, %v", got, ok)
			}
			if _, ok := f.Between(a, 12345); ok {
				t.Error("a node that was not named has a distance")
			}
		})
	}
}

// No chain of hops is faster than the floor, and the floor is never above one hop.
func TestFloorIsTheLeast(t *testing.T) {
	const charge = 300 * time.Microsecond
	m := wan.Cities(3)
	nodes := all(60)
	f := wan.Floor(m, nodes, charge)
	for range 20_000 {
		way := make([]int, 2+rand.IntN(3))
		for k := range way {
			way[k] = nodes[rand.IntN(len(nodes))]
		}
		if len(slices.Compact(slices.Clone(way))) < len(way) {
			continue
		}
		var sum time.Duration
		for k := 1; k < len(way); k++ {
			sum += m.OneWay(way[k-1], way[k]) + charge
		}
		if least, _ := f.Between(way[0], way[len(way)-1]); least > sum {
			t.Fatalf("way %v takes %s, the floor is %s", way, sum, least)
		}
	}
}
