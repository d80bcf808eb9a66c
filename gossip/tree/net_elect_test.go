package tree

import (
	"testing"
	"time"
)

// crowned is how many nodes are roots.
func (n *net) crowned() (roots int) {
	for _, s := range n.nodes {
		if s.table.IsRoot() {
			roots++
		}
	}
	return roots
}

// Nodes that come up at once, and know nothing of each other, settle on a number of
// roots for which every table has room, and then fall silent. That every node can be
// a root while there are few was not enough: those who came later took the last room
// in some tables and not in others, and never came to rest.
func TestRootsSettle(t *testing.T) {
	const nodes = 400
	n := newNet(nodes, 3)
	n.mesh(3, 3)
	n.run(90 * time.Second)
	roots, words := n.crowned(), n.words
	n.run(30 * time.Second)
	t.Logf("%d nodes: %d roots, %d words each", nodes, roots, words/nodes)
	if roots < FewRoots || roots > MaxRoots*3/4 {
		t.Errorf("%d roots of %d nodes", roots, nodes)
	}
	if later := n.words - words; later > words/100 {
		t.Errorf("%d words in the last 30 s, %d before", later, words)
	}
	for _, s := range n.nodes {
		if s.table.Roots() != roots {
			t.Errorf("node %d reaches %d roots of %d", s.id, s.table.Roots(), roots)
		}
	}
}

// The way by others is the way without the one link, whoever is at its end.
func TestPath(t *testing.T) {
	table := New(1, 100)
	for slot, delay := range []Dist{10_000, 20_000, 30_000} {
		table.Link(Slot(slot), delay)
	}
	const root = Tag(7)
	table.Hear(0, Word{Tag: root})                          // it is the root
	table.Hear(1, Word{Tag: root, Route: Route{Dist: 500}}) // 20.6 ms by this one
	table.Hear(2, Word{Tag: root, Route: Route{Dist: Unreachable}})
	for _, c := range []struct {
		name string
		tag  Tag
		but  Slot
		want Dist
	}{
		{"over all", root, None, 10_100},
		{"without the best", root, 0, 20_600},
		{"without another", root, 1, 10_100},
		{"to nobody", 8, None, Unreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := table.Path(c.tag, c.but); got != c.want {
				t.Errorf("%d us, want %d", got, c.want)
			}
		})
	}
}
