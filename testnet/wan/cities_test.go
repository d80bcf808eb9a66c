package wan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

func TestCitiesFollowTheSeed(t *testing.T) {
	const nodes = 200
	a, again, b := wan.Cities(7), wan.Cities(7), wan.Cities(8)
	moved := 0
	for i := range nodes {
		for j := range nodes {
			if d := a.OneWay(i, j); d != again.OneWay(i, j) || d != a.OneWay(j, i) || (d == 0) != (i == j) {
				t.Fatalf("from %d to %d: %s, and %s, and back %s", i, j, d, again.OneWay(i, j), a.OneWay(j, i))
			}
		}
		if a.Place(i) != b.Place(i) {
			moved++
		}
	}
	if moved < nodes*9/10 {
		t.Errorf("another seed moved %d of %d nodes", moved, nodes)
	}
}

// The model looks like the Internet: round trips within and between continents are
// what people measure, and relaying beats many a direct way.
func TestCitiesLookLikeTheWorld(t *testing.T) {
	m := wan.Cities(1)
	for _, row := range []struct {
		from, to    string
		least, most time.Duration // one way
	}{
		{"Paris", "London", 2 * time.Millisecond, 21 * time.Millisecond},
		{"NewYork", "London", 33 * time.Millisecond, 77 * time.Millisecond},
		{"Tokyo", "Frankfurt", 55 * time.Millisecond, 117 * time.Millisecond},
		{"Sydney", "Madrid", 104 * time.Millisecond, 206 * time.Millisecond},
	} {
		if d := m.OneWay(of(t, m, row.from), of(t, m, row.to)); d < row.least || d > row.most {
			t.Errorf("%s to %s: %s, want %s to %s", row.from, row.to, d, row.least, row.most)
		}
	}
	nodes := all(120)
	f := wan.Floor(m, nodes, 0)
	var delays []time.Duration
	relayed := 0
	for _, i := range nodes {
		for _, j := range nodes[:i] {
			d, _ := f.Between(i, j)
			if d < m.OneWay(i, j) {
				relayed++
			}
			delays = append(delays, m.OneWay(i, j))
		}
	}
	slices.Sort(delays)
	if p50 := delays[len(delays)/2]; p50 < 40*time.Millisecond || p50 > 110*time.Millisecond {
		t.Errorf("one way p50 is %s, want about 70ms", p50)
	}
	if share := float64(relayed) / float64(len(delays)); share < 0.1 || share > 0.95 {
		t.Errorf("relaying beats the direct way for %.0f %% of the pairs", 100*share)
	}
	t.Logf("one way p50 %s, p99 %s, max %s; relaying is faster for %.0f %%", delays[len(delays)/2], delays[len(delays)*99/100], delays[len(delays)-1], 100*float64(relayed)/float64(len(delays)))
}

// all are the nodes 0 to n-1.
func all(n int) []int {
	nodes := make([]int, n)
	for i := range nodes {
		nodes[i] = i
	}
	return nodes
}
