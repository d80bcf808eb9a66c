package audit

// topology is which nodes are up and whom each can reach, as the log tells it.
type topology struct {
	up   map[int]bool
	side map[int]int     // group of a node while partitioned, 0 where it is in none; nil while whole
	cuts map[[2]int]bool // one-way cuts, from and to
	// frozen nodes are up and reach nobody.
	frozen map[int]bool
}

func newTopology() *topology {
	return &topology{up: make(map[int]bool), cuts: make(map[[2]int]bool), frozen: make(map[int]bool)}
}

// apply makes the change of an event, if it is one, and reports whether it was. A
// node is up from the end of Join or Restart to the begin of Kill or Stop.
func (t *topology) apply(e Event) bool {
	switch {
	case (e.Kind == Join || e.Kind == Restart) && e.Phase == End && e.Error == "":
		t.up[e.Node] = true
	case (e.Kind == Kill || e.Kind == Stop) && e.Phase == Begin:
		delete(t.up, e.Node)
		delete(t.frozen, e.Node)
	case e.Kind == Freeze:
		t.frozen[e.Node] = true
	case e.Kind == Thaw:
		delete(t.frozen, e.Node)
	case e.Kind == Partition:
		t.side = make(map[int]int)
		for g, nodes := range e.Groups {
			for _, n := range nodes {
				t.side[n] = g + 1
			}
		}
	case e.Kind == Cut:
		t.cuts[[2]int{e.Node, e.To}] = true
	case e.Kind == Heal:
		t.side = nil
		clear(t.cuts)
	default:
		return false
	}
	return true
}

// direct reports whether packets pass both ways between two nodes, up or not.
func (t *topology) direct(a, b int) bool {
	return (t.side == nil || t.side[a] == t.side[b]) && !t.cuts[[2]int{a, b}] && !t.cuts[[2]int{b, a}] &&
		!t.frozen[a] && !t.frozen[b]
}

// plain reports whether sides alone say who reaches whom.
func (t *topology) plain() bool { return len(t.cuts)+len(t.frozen) == 0 }

// whole reports whether every node of seats is up and nothing is between them.
func (t *topology) whole(seats map[int]*seat) bool {
	for n, s := range seats {
		if n > 0 && s.life > 0 && !t.up[n] {
			return false
		}
	}
	return t.side == nil && t.plain()
}

// reach returns the nodes that are up and that n, whether up or not, can reach,
// directly or by way of others; without n.
func (t *topology) reach(n int) map[int]bool {
	seen := make(map[int]bool)
	for next := []int{n}; len(next) > 0; {
		from := next[0]
		next = next[1:]
		for m := range t.up {
			if m != n && !seen[m] && t.direct(from, m) {
				seen[m] = true
				if !t.plain() { // else whoever is reached is reached directly
					next = append(next, m)
				}
			}
		}
	}
	return seen
}

// islands numbers the nodes that are up by whom they can reach, directly or by way
// of others: two with the same number can.
func (t *topology) islands() map[int]int {
	of := make(map[int]int, len(t.up))
	if t.plain() {
		for n := range t.up {
			of[n] = t.side[n]
		}
		return of
	}
	for n := range t.up {
		if _, ok := of[n]; ok {
			continue
		}
		of[n] = n
		for m := range t.reach(n) {
			of[m] = n
		}
	}
	return of
}
