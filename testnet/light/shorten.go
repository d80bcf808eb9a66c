package light

import (
	"slices"

	"github.com/cairn-overlay/cairn/node/links"
)

// maxViewed bounds the worlds whose nodes look at everybody for their near links, and choose
// shortcuts. In a larger world near links are the nearest of a view that is a sample; and
// a node knows the ways to roots only, of which there are a few hundred with room for a few
// thousand links: hardly anybody finds a shortcut.
const maxViewed = 20_000

// shortenings is how often every node looks for shortcuts, after which hardly any is found.
func shortenings(cfg Config) int {
	if cfg.Nodes > maxViewed || cfg.Links.Shortcuts == 0 {
		return 0
	}
	return 4
}

// shorten lets every node choose again, now that trees tell how far others are, and
// returns the links that come of it.
func (c *chooser) shorten(w *World) *graph {
	f := newForest(w)
	ways := f.ways()
	if c.roles == nil {
		c.roles = make([][]links.Role, len(c.chosen))
		for i, all := range c.chosen {
			for k := range all {
				role := links.Near
				if k >= c.policy.Near {
					role = links.Random
				}
				c.roles[i] = append(c.roles[i], role)
			}
		}
	}
	for i := range uint32(len(c.chosen)) {
		c.again(i, f, ways)
	}
	for i := range uint32(len(c.chosen)) {
		c.trim(i, w.links)
	}
	return c.graph()
}

// leave ends the links of node i's choosing.
func (c *chooser) leave(i uint32) {
	for _, j := range c.chosen[i] {
		if contains(c.chosen[j], i) {
			c.borne[i]++
		} else {
			c.borne[j]--
		}
	}
	c.chosen[i], c.roles[i] = nil, nil
}

// trim closes links that others chose where node i, which chose fewer of these itself
// than before, bears too many. It may have heard of them over old links only.
func (c *chooser) trim(i uint32, old *graph) {
	for _, j := range old.of(i) {
		if len(c.chosen[i])+int(c.borne[i]) <= c.policy.Cap {
			return
		}
		if k := slices.Index(c.chosen[j], i); k >= 0 && !contains(c.chosen[i], j) {
			c.chosen[j], c.roles[j] = slices.Delete(c.chosen[j], k, k+1), slices.Delete(c.roles[j], k, k+1)
			c.borne[i]--
		}
	}
}

// ways is how far every node is from each root, by root.
func (f *Forest) ways() map[uint32][]uint32 {
	ways := make(map[uint32][]uint32)
	for _, root := range f.roots {
		dist := make([]uint32, len(f.dist))
		for i := range dist {
			dist[i] = never
		}
		dist[root] = 0
		f.walk([]uint32{root}, dist, func(_, _ uint32) {})
		ways[root] = dist
	}
	return ways
}

// again lets node i choose anew among its links, oldest first, and its table.
func (c *chooser) again(i uint32, f *Forest, ways map[uint32][]uint32) {
	var all []links.Candidate[uint32]
	add := func(j uint32, role links.Role) {
		candidate := links.Candidate[uint32]{ID: j, RTT: duration(2 * c.places.oneWay(i, j)), Role: role}
		if way := ways[j]; way != nil {
			candidate.Path = duration(f.by(i, j, way))
		}
		all = append(all, candidate)
	}
	before := c.chosen[i]
	for k, j := range before {
		add(j, c.roles[i][k])
	}
	for _, j := range c.tables.of(nil, i) {
		if !slices.Contains(before, j) && !c.full(i, j) {
			add(j, links.None)
		}
	}
	choice := links.Choose(c.policy, all, c.random)
	c.leave(i)
	var peers []uint32
	for _, part := range []struct {
		role  links.Role
		peers []uint32
	}{{links.Near, choice.Near}, {links.Shortcut, choice.Shortcuts}, {links.Random, choice.Random}} {
		for _, j := range part.peers {
			peers, c.roles[i] = append(peers, j), append(c.roles[i], part.role)
		}
	}
	c.take(i, peers)
}

// by is how far root j is from node i over all links but the one between them.
func (f *Forest) by(i, j uint32, way []uint32) uint32 {
	least := uint32(never)
	for k := f.links.start[i]; k < f.links.start[i+1]; k++ {
		if q := f.links.peers[k]; q != j && way[q] != never {
			least = min(least, way[q]+f.delay[k])
		}
	}
	return least
}
