package light

import (
	"math/rand/v2"
	"slices"

	"github.com/cairn-overlay/cairn/gossip/tree"
)

// treeCharge is what a node adds to a distance for each hop, in microseconds.
const treeCharge = 100

// Forest is the rule of package gossip/tree in a network that has been calm for long:
// every distance is the least, every node knows the same roots, and both ends of each
// branch agree. Who publishes sends to all links, marked with the nearest root; all
// others send along that root's tree, up and down. Names, and what they repair, play
// no part where nothing fails.
//
// A node's own tables of all trees take about 200 KiB, more than a million nodes
// have; so trees are laid out here one at a time, when a message runs along one.
type Forest struct {
	links   *graph
	delay   []uint32 // of each link, with the charge, in the order of the links' peers
	roots   []uint32
	nearest []uint32 // which of roots is nearest to each node
	dist    []uint32 // how far that one is
	queue   queue

	laid     uint32   // the root whose tree is laid out; none before the first
	parent   []uint32 // of each node in it
	start    []uint32 // of each node's children
	children []uint32
	far      []uint32 // how far each node is from that root
}

var _ Forwarder = (*Forest)(nil)

// none is no node.
const none = ^uint32(0)

// Trees is what nodes do today.
func Trees(w *World) Forwarder { return newForest(w) }

func newForest(w *World) *Forest {
	nodes := w.cfg.Nodes
	f := &Forest{links: w.links, delay: make([]uint32, len(w.links.peers)), laid: none, nearest: make([]uint32, nodes), dist: make([]uint32, nodes),
		parent: make([]uint32, nodes), far: make([]uint32, nodes), start: make([]uint32, nodes+1), children: make([]uint32, nodes)}
	for i, me := range w.places.spots {
		for k := w.links.start[i]; k < w.links.start[i+1]; k++ {
			f.delay[k] = w.places.between(me, w.places.spots[w.links.peers[k]]) + treeCharge
		}
		f.nearest[i], f.dist[i] = none, never
	}
	f.elect(rand.New(rand.NewPCG(w.cfg.Seed, forRoots)))
	return f
}

// elect makes roots as nodes become them, one after the other in an order that is
// drawn: as long as there are few, then where the next one is far, until the tables
// of all are full.
func (f *Forest) elect(random *rand.Rand) {
	order := make([]uint32, len(f.dist))
	for i := range order {
		order[i] = uint32(i)
	}
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	few := min(len(order), tree.FewRoots)
	f.crown(order[:few])
	for _, i := range order[few:] {
		if len(f.roots) == tree.MaxRoots {
			return
		}
		if f.dist[i] > uint32(tree.Cover(len(f.roots))) {
			f.crown([]uint32{i})
		}
	}
}

// crown makes roots of nodes, and tells those who are nearest to them.
func (f *Forest) crown(nodes []uint32) {
	for _, r := range nodes {
		f.nearest[r], f.dist[r] = uint32(len(f.roots)), 0
		f.roots = append(f.roots, r)
	}
	f.walk(nodes, f.dist, func(from, to uint32) { f.nearest[to] = f.nearest[from] })
}

// walk goes from nodes whose distance is 0 to wherever that makes a distance less,
// and tells for each step from whom it came.
func (f *Forest) walk(begin, dist []uint32, step func(from, to uint32)) {
	f.queue.rewind()
	for _, r := range begin {
		f.queue.push(event{key: at(0, r)})
	}
	for !f.queue.empty() {
		e := f.queue.pop()
		node := e.node()
		if e.time() != dist[node] {
			continue // it was nearer by another way
		}
		for k := f.links.start[node]; k < f.links.start[node+1]; k++ {
			p := f.links.peers[k]
			if d := e.time() + f.delay[k]; d < dist[p] {
				dist[p] = d
				step(node, p)
				f.queue.push(event{key: at(d, p)})
			}
		}
	}
}

// lay lays out the tree of a root.
func (f *Forest) lay(root uint32) {
	if f.laid == root {
		return
	}
	f.laid = root
	for i := range f.far {
		f.far[i], f.parent[i] = never, none
	}
	f.far[root] = 0
	f.walk([]uint32{root}, f.far, func(from, to uint32) { f.parent[to] = from })
	clear(f.start)
	for _, p := range f.parent {
		if p != none {
			f.start[p+1]++
		}
	}
	for i := range f.parent {
		f.start[i+1] += f.start[i]
	}
	next := slices.Clone(f.start)
	for i, p := range f.parent {
		if p != none {
			f.children[next[p]] = uint32(i)
			next[p]++
		}
	}
}

// Publish sends to everybody, marked with the nearest root.
func (f *Forest) Publish(out []uint32, node uint32) (peers []uint32, tag uint32) {
	tag = none
	if n := f.nearest[node]; n != none {
		tag = f.roots[n]
		f.lay(tag)
	}
	return append(out, f.links.of(node)...), tag
}

// Forward goes up and down the tree, and to everybody where it does not reach.
func (f *Forest) Forward(out []uint32, node, from, tag uint32) []uint32 {
	begin := len(out)
	switch {
	case tag == none || f.far[node] == never:
		out = append(out, f.links.of(node)...)
	case f.parent[node] != none:
		out = append(out, f.parent[node])
		fallthrough
	default:
		out = append(out, f.children[f.start[node]:f.start[node+1]]...)
	}
	if i := slices.Index(out[begin:], from); i >= 0 {
		out = slices.Delete(out, begin+i, begin+i+1)
	}
	return out
}

// Roots is how many roots there are.
func (f *Forest) Roots() int { return len(f.roots) }

// borne is what keeping the trees put on an event queue.
func (f *Forest) borne() Load { return f.queue.borne() }
