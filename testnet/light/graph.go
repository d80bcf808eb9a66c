package light

import "slices"

// graph is who is linked to whom, both ways, in one piece.
type graph struct {
	start []uint32 // of each node's peers; one more than there are nodes
	peers []uint32 // ascending for each node
}

// of lists the peers of a node. It is not to be changed.
func (g *graph) of(node uint32) []uint32 { return g.peers[g.start[node]:g.start[node+1]] }

// linked reports whether two nodes are.
func (g *graph) linked(a, b uint32) bool {
	_, ok := slices.BinarySearch(g.of(a), b)
	return ok
}

// newGraph makes a graph of what each calls for the two ends of every link of nodes
// nodes, the same links each time. A link that is named twice counts once.
func newGraph(nodes int, each func(link func(a, b uint32))) *graph {
	g := &graph{start: make([]uint32, nodes+1)}
	each(func(a, b uint32) { g.start[a+1]++; g.start[b+1]++ })
	for i := range nodes {
		g.start[i+1] += g.start[i]
	}
	g.peers = make([]uint32, g.start[nodes])
	next := slices.Clone(g.start[:nodes])
	each(func(a, b uint32) {
		g.peers[next[a]], g.peers[next[b]] = b, a
		next[a]++
		next[b]++
	})
	g.compact()
	return g
}

// compact sorts the peers of each node and drops those named twice.
func (g *graph) compact() {
	end := uint32(0)
	for i := range len(g.start) - 1 {
		all := g.of(uint32(i))
		slices.Sort(all)
		all = slices.Compact(all)
		g.start[i] = end
		end += uint32(copy(g.peers[end:], all))
	}
	g.start[len(g.start)-1] = end
	g.peers = g.peers[:end]
}

// degree is the mean number of peers.
func (g *graph) degree() float64 { return float64(len(g.peers)) / float64(len(g.start)-1) }
