package links

import (
	"cmp"
	"slices"
	"time"
)

// A Conn is a peer that is connected now.
type Conn[ID comparable] struct {
	// ID names the peer.
	ID ID
	// Age is how long it has been connected.
	Age time.Duration
	// Keep says that it is a link of this node's choosing, or of somebody else who
	// has a say here. Such a connection is never closed.
	Keep bool
	// Wanted says that the other side has chosen it for a link: it would only be made
	// anew, somewhere else. Others go first.
	Wanted bool
	// Group is as in [Candidate].
	Group string
}

// Trim names the peers to disconnect so that the policy's bounds hold, least worth
// first. Connections to keep are never among them, so the bounds hold as long as
// these leave room.
func Trim[ID comparable](p Policy, conns []Conn[ID]) []ID {
	grown := 0
	for _, c := range conns {
		if c.Age >= p.Grace {
			grown++
		}
	}
	old, all := grown-p.Cap, len(conns)-p.Burst
	if old <= 0 && all <= 0 {
		return nil
	}
	var out []ID
	for _, c := range leastWorth(conns) {
		switch young := c.Age < p.Grace; {
		case old <= 0 && all <= 0:
			return out
		case young && all <= 0:
			continue
		case !young:
			old--
		}
		all--
		out = append(out, c.ID)
	}
	return out
}

// leastWorth orders those that may be closed: first those that nobody wants, and
// among these and among the others each time the youngest of the group that then is
// the largest, counting all that are worth more.
func leastWorth[ID comparable](conns []Conn[ID]) []Conn[ID] {
	type ranked struct {
		Conn[ID]
		rank int // how many of its group are worth more
	}
	sorted := slices.Clone(conns)
	slices.SortStableFunc(sorted, func(a, b Conn[ID]) int {
		return cmp.Or(compareBool(b.Keep, a.Keep), compareBool(b.Wanted, a.Wanted), cmp.Compare(b.Age, a.Age)) // the most worth first
	})
	var order []ranked
	size := make(map[string]int)
	for _, c := range sorted {
		rank := size[c.Group]
		if c.Group != "" {
			size[c.Group]++
		}
		if !c.Keep {
			order = append(order, ranked{c, rank})
		}
	}
	slices.SortStableFunc(order, func(a, b ranked) int {
		return cmp.Or(compareBool(a.Wanted, b.Wanted), cmp.Compare(b.rank, a.rank), cmp.Compare(a.Age, b.Age))
	})
	out := make([]Conn[ID], len(order))
	for i, c := range order {
		out[i] = c.Conn
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
