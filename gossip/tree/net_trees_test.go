package tree

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sound says what is wrong with the trees of a network at rest: each root that is up
// is reached by all nodes, over branches on which both ends agree, that lead to it
// without a circle; a root that is gone is known to nobody.
func (n *net) sound() error {
	for _, root := range n.nodes {
		if !root.dead && !root.table.IsRoot() {
			return fmt.Errorf("node %d is no root", root.id)
		}
		tag := root.table.self
		for _, s := range n.nodes {
			if s.dead || s == root {
				continue
			}
			if root.dead {
				if s.table.roots[tag] != nil {
					return fmt.Errorf("node %d still knows of root %d", s.id, root.id)
				}
				continue
			}
			for hop, hops := s, 0; hop != root; hops++ {
				at := hop.table.Parent(tag)
				if at == None || hops > len(n.nodes) {
					return fmt.Errorf("no way from node %d to root %d: stuck at %d after %d hops", s.id, root.id, hop.id, hops)
				}
				up := hop.peers[at]
				if !up.table.roots[tag].children.Has(up.slot[hop]) {
					return fmt.Errorf("node %d takes %d for its parent towards %d, which does not know", hop.id, up.id, root.id)
				}
				hop = up
			}
		}
	}
	return nil
}

// connected reports whether all nodes that are up can reach each other.
func (n *net) connected() bool {
	live := n.live()
	if len(live) == 0 {
		return false
	}
	reached, todo := map[int]bool{live[0]: true}, []int{live[0]}
	for len(todo) > 0 {
		s := n.nodes[todo[0]]
		todo = todo[1:]
		for p := range s.slot {
			if !reached[p.id] {
				reached[p.id] = true
				todo = append(todo, p.id)
			}
		}
	}
	return len(reached) == len(live)
}

// Whatever links come and go and whoever dies: once it is quiet the trees are sound.
func TestTreesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := newNet(rapid.IntRange(2, 12).Draw(t, "nodes"), rapid.Uint64().Draw(t, "seed"))
		n.mesh(1, 2)
		for range rapid.IntRange(0, 12).Draw(t, "events") {
			a := n.nodes[rapid.IntRange(0, len(n.nodes)-1).Draw(t, "a")]
			b := n.nodes[rapid.IntRange(0, len(n.nodes)-1).Draw(t, "b")]
			switch rapid.IntRange(0, 4).Draw(t, "event") {
			case 0:
				n.kill(a)
			case 1:
				n.unlink(a, b)
			case 2:
				if !a.dead && !b.dead {
					n.link(a, b)
				}
			case 3:
				a.relay.Blame(Slot(rapid.IntRange(0, 3).Draw(t, "slot")))
				n.speak(a)
			}
			n.run(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
		}
		if !n.connected() {
			t.Skip("in pieces")
		}
		n.run(2 * time.Minute)
		if err := n.sound(); err != nil {
			t.Fatal(err)
		}
	})
}
