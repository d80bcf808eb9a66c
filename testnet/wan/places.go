package wan

import "time"

// Placed is a model in which the way between two nodes is that between their places
// and what each of them adds. Both models of this package are.
//
// OneWay(i, j) is Between(Seat(i), Seat(j)) + Access(i) + Access(j), and MinOneWay
// where that is less.
type Placed interface {
	Model
	// Seats is the number of places.
	Seats() int
	// Seat is the place of node i, from 0.
	Seat(i int) int
	// Between is the delay from place a to place b, or inside one.
	Between(a, b int) time.Duration
	// Access is what every packet to or from node i takes in addition.
	Access(i int) time.Duration
}

// Located is a model that knows where on Earth its nodes are. [Cities] is one.
type Located interface {
	Model
	// At is the place of node i, in degrees north and east.
	At(i int) (lat, lon float64)
}

// PlacePaths are the shortest ways between the occupied places of a model, and so
// between any two nodes: their size is the square of the places, not of the nodes.
type PlacePaths struct {
	model  Placed
	charge time.Duration
	row    []int           // of each place; -1 where it holds nobody
	least  []time.Duration // of each row: the access of the node that relays there
	paths  *Paths          // between these nodes
}

// FloorOfPlaces is [Floor] for any number of nodes. It is exact, since a shortest
// way never enters a place twice: to go on from where it first was there saves at
// least one hop. So who relays is never in the place of either end, and in every
// place it is the node with the least access. One thing is asked of the model: that
// either no node adds any access, or no way is so short that MinOneWay lengthens
// it; as with [Cities], and with a matrix.
func FloorOfPlaces(m Placed, nodes []int, charge time.Duration) *PlacePaths {
	p := &PlacePaths{model: m, charge: charge, row: make([]int, m.Seats())}
	for s := range p.row {
		p.row[s] = -1
	}
	var seats []int
	for _, i := range nodes {
		s, access := m.Seat(i), m.Access(i)
		switch r := p.row[s]; {
		case r < 0:
			p.row[s] = len(seats)
			seats, p.least = append(seats, s), append(p.least, access)
		case access < p.least[r]:
			p.least[r] = access
		}
	}
	p.paths = newPaths(seats)
	for a, s := range seats {
		for b, t := range seats {
			if a != b {
				p.paths.each[a*p.paths.n+b] = max(m.Between(s, t)+p.least[a]+p.least[b], MinOneWay) + charge
			}
		}
	}
	p.paths.relax()
	return p
}

// Between returns the least time from node i to node j, 0 where they are the same;
// ok is false for a node in a place that holds none of those that were named.
func (p *PlacePaths) Between(i, j int) (d time.Duration, ok bool) {
	a, b := p.row[p.model.Seat(i)], p.row[p.model.Seat(j)]
	switch {
	case a < 0 || b < 0:
		return 0, false
	case i == j:
		return 0, true
	case a == b:
		return p.model.OneWay(i, j) + p.charge, true
	}
	return p.paths.each[a*p.paths.n+b] + p.model.Access(i) - p.least[a] + p.model.Access(j) - p.least[b], true
}

// Relayed returns the least time from a node in place s to one in place t, other
// than s, less what the access of each of the two nodes is above the least there,
// see Least. ok is false where one of the places is empty.
func (p *PlacePaths) Relayed(s, t int) (d time.Duration, ok bool) {
	a, b := p.row[s], p.row[t]
	if a < 0 || b < 0 {
		return 0, false
	}
	return p.paths.each[a*p.paths.n+b], true
}

// Least is the least access of any node in place s; 0 where there is none.
func (p *PlacePaths) Least(s int) time.Duration {
	if p.row[s] < 0 {
		return 0
	}
	return p.least[p.row[s]]
}
