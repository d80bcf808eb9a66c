package testnet

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Graph is who hands facts to whom, by the nodes' indices. A node that is down has
// no peers.
type Graph struct {
	// Published lists, for each node, whom a fact that is published there goes to.
	Published [][]int
	// Passed lists whom one that came from others goes on to, but for who sent it.
	Passed [][]int
}

// Graph reads out of all nodes that are up whom they would hand facts to now.
func (w *Network) Graph() Graph {
	var g Graph
	index := make(map[peer.ID]int)
	nodes := w.Nodes()
	for _, n := range nodes {
		index[n.host.ID()] = n.Index
	}
	within := func(peers []peer.ID) (in []int) {
		for _, p := range peers {
			if i, ok := index[p]; ok {
				in = append(in, i)
			}
		}
		slices.Sort(in)
		return in
	}
	for _, n := range nodes {
		for len(g.Published) <= n.Index {
			g.Published, g.Passed = append(g.Published, nil), append(g.Passed, nil)
		}
		published, passed := n.FactPeers()
		g.Published[n.Index], g.Passed[n.Index] = within(published), within(passed)
	}
	return g
}
