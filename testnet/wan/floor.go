package wan

import "time"

// Paths are the shortest ways between nodes that all may relay.
type Paths struct {
	at   map[int]int // node -> its row
	n    int
	each []time.Duration // row by row
}

// Floor returns the least time that news can take between any two of the nodes,
// where each of them may relay and everybody who receives it, at the end or on the
// way, pays the charge once before it hands it on or uses it. Nodes that are dead
// or cut off are not to be named, since they do not relay either.
//
// It takes the cube of the number of nodes; of a [Placed] model, of the number of
// places that hold one. For very many nodes see [FloorOfPlaces].
func Floor(m Model, nodes []int, charge time.Duration) *Paths {
	if p, ok := m.(Placed); ok {
		return floorOfPlaces(p, nodes, charge)
	}
	f := newPaths(nodes)
	for a, i := range nodes {
		for b, j := range nodes {
			if i != j {
				f.each[a*f.n+b] = m.OneWay(i, j) + charge
			}
		}
	}
	f.relax()
	return f
}

// floorOfPlaces finds the ways between occupied places.
func floorOfPlaces(m Placed, nodes []int, charge time.Duration) *Paths {
	places, f := FloorOfPlaces(m, nodes, charge), newPaths(nodes)
	for a, i := range nodes {
		for b, j := range nodes {
			f.each[a*f.n+b], _ = places.Between(i, j)
		}
	}
	return f
}

func newPaths(nodes []int) *Paths {
	f := &Paths{at: make(map[int]int, len(nodes)), n: len(nodes), each: make([]time.Duration, len(nodes)*len(nodes))}
	for row, i := range nodes {
		f.at[i] = row
	}
	return f
}

// relax is Floyd and Warshall's.
func (f *Paths) relax() {
	for k := range f.n {
		via := f.each[k*f.n : (k+1)*f.n]
		for i := range f.n {
			row := f.each[i*f.n : (i+1)*f.n]
			first := row[k]
			if i == k {
				continue
			}
			for j, d := range via {
				if w := first + d; w < row[j] && j != k {
					row[j] = w
				}
			}
		}
	}
}

// Between returns the least time from node i to node j, 0 where they are the same;
// ok is false for a node that was not named.
func (f *Paths) Between(i, j int) (d time.Duration, ok bool) {
	a, okA := f.at[i]
	b, okB := f.at[j]
	if !okA || !okB {
		return 0, false
	}
	return f.each[a*f.n+b], true
}
