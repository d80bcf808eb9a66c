package light

import (
	"math/rand/v2"

	"github.com/cairn-overlay/cairn/node/links"
)

// chooser lets every node choose its links as a node does, by links.Choose, among
// the peers of its routing table, whose round trips it has measured. One that bears
// as many links of others as the policy lets it closes further ones, so nobody
// chooses it any more.
type chooser struct {
	policy links.Policy
	places *places
	tables *tables
	random *rand.Rand
	chosen [][]uint32 // by each node
	borne  []uint16   // links of others that each node bears

	entries []uint32 // room that is used again
	near    []ranked
	among   []links.Candidate[uint32]
	room    []uint32
}

type ranked struct{ rtt, node uint32 }

func chooseLinks(p links.Policy, pl *places, t *tables) *graph {
	nodes := len(pl.spots)
	c := &chooser{policy: p, places: pl, tables: t, random: rand.New(rand.NewPCG(t.seed, forLinks)),
		chosen: make([][]uint32, nodes), borne: make([]uint16, nodes), room: make([]uint32, 0, nodes*p.Links())}
	for i := range uint32(nodes) {
		c.choose(i)
	}
	return newGraph(nodes, func(link func(a, b uint32)) {
		for i, chosen := range c.chosen {
			for _, j := range chosen {
				link(uint32(i), j)
			}
		}
	})
}

// choose picks the links of node i.
func (c *chooser) choose(i uint32) {
	c.candidates(i)
	choice := links.Choose(c.policy, c.among, c.random)
	begin := len(c.room)
	c.room = append(append(c.room, choice.Near...), choice.Random...)
	c.chosen[i] = c.room[begin:]
	for _, j := range c.chosen[i] {
		if !contains(c.chosen[j], i) {
			c.borne[j]++
		}
	}
}

// candidates fills among with those of the table that the choice can fall on: the
// nearest, since only they can be near links, and of the rest, of whom any is as
// likely as any other, a draw of twice as many as are wanted. What Choose makes of
// these it would make, as often, of the whole table.
func (c *chooser) candidates(i uint32) {
	c.entries, c.near, c.among = c.tables.of(c.entries[:0], i), c.near[:0], c.among[:0]
	me := c.places.spots[i]
	for _, j := range c.entries {
		r := ranked{2 * c.places.between(me, c.places.spots[j]), j}
		if n := len(c.near); n < c.policy.Near || n > 0 && r.before(c.near[n-1]) {
			c.rank(i, r)
		}
	}
	for _, r := range c.near {
		c.among = append(c.among, links.Candidate[uint32]{ID: r.node, RTT: duration(r.rtt)})
	}
	want := len(c.near) + 2*c.policy.Random
	for k, left := range c.entries { // a shuffle, as far as it is needed
		if len(c.among) == want {
			return
		}
		at := k + c.random.IntN(len(c.entries)-k)
		j := c.entries[at]
		c.entries[at] = left
		if !c.isNear(j) && !c.full(i, j) {
			c.among = append(c.among, links.Candidate[uint32]{ID: j, RTT: duration(2 * c.places.between(me, c.places.spots[j]))})
		}
	}
}

func (r ranked) before(o ranked) bool { return r.rtt < o.rtt || r.rtt == o.rtt && r.node < o.node }

// rank puts r among the nearest, where it has room for i.
func (c *chooser) rank(i uint32, r ranked) {
	if c.full(i, r.node) {
		return
	}
	if len(c.near) < c.policy.Near {
		c.near = append(c.near, r)
	}
	k := len(c.near) - 1
	for ; k > 0 && r.before(c.near[k-1]); k-- {
		c.near[k] = c.near[k-1]
	}
	c.near[k] = r
}

func (c *chooser) isNear(j uint32) bool {
	for _, r := range c.near {
		if r.node == j {
			return true
		}
	}
	return false
}

// full reports whether node j bears no link of i.
func (c *chooser) full(i, j uint32) bool {
	return int(c.borne[j]) >= c.policy.Cap-c.policy.Links() && !contains(c.chosen[j], i)
}
