package tree

import (
	"testing"
	"time"
)

// reach returns the least distances over the links from one node to all others.
func (n *net) reach(from *station) map[*station]Dist {
	dist, done := map[*station]Dist{from: 0}, make(map[*station]bool)
	for {
		var at *station
		for s, d := range dist {
			if !done[s] && (at == nil || d < dist[at]) {
				at = s
			}
		}
		if at == nil {
			return dist
		}
		done[at] = true
		for p := range at.slot {
			d := dist[at] + n.delay(at, p) + testCharge
			if old, ok := dist[p]; !ok || d < old {
				dist[p] = d
			}
		}
	}
}

// detours counts ways in the trees that are longer by a share, and 2 ms, than the least over
// the links, and all ways.
func (n *net) detours(share Dist) (long, all int) {
	for _, i := range n.live() {
		root := n.nodes[i]
		for s, least := range n.reach(root) {
			if r := s.table.roots[root.table.self]; s != root && r != nil {
				s.table.settleAll()
				if all++; r.own.Dist > least+least/share+2*detourLeast {
					long++
				}
			}
		}
	}
	return long, all
}

// A way that has grown longer, as where a neighbour left, bars all neighbours that are not
// nearer than it once was. Within seconds the root is asked for a new number, and all ways
// are short again.
func TestShortAgain(t *testing.T) {
	n := newNet(60, 1)
	n.mesh(6, 4)
	n.run(30 * time.Second)
	n.killShare(0.3)
	n.run(3 * time.Second)
	before, _ := n.detours(8)
	n.run(27 * time.Second)
	long, all := n.detours(8)
	t.Logf("of %d ways %d were long, %d are", all, before, long)
	if before == 0 || all < 41*41 || long > all/200 {
		t.Errorf("of %d ways %d were long, %d are", all, before, long)
	}
	words := n.words
	n.run(time.Minute)
	if more := n.words - words; more > all {
		t.Errorf("at rest %d words in a minute about %d ways", more, all)
	}
}
