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
	chosen [][]uint32     // by each node
	roles  [][]links.Role // of these, where they may choose again
	borne  []uint16       // links that each node bears and others chose alone

	all     []uint32 // everybody, where all can be looked at
	nearby  *nearby  // elsewhere
	entries []uint32 // room that is used again
	near    []ranked
	among   []links.Candidate[uint32]
	room    []uint32
}

type ranked struct{ rtt, node uint32 }

func newChooser(p links.Policy, pl *places, t *tables) *chooser {
	nodes := len(pl.spots)
	c := &chooser{policy: p, places: pl, tables: t, random: rand.New(rand.NewPCG(t.seed, forLinks)),
		chosen: make([][]uint32, nodes), borne: make([]uint16, nodes), room: make([]uint32, 0, nodes*p.Links())}
	if nodes <= maxViewed {
		for i := range uint32(nodes) {
			c.all = append(c.all, i)
		}
	} else {
		c.nearby = newNearby(pl, t.seed)
	}
	return c
}

// chooseAll lets every node choose, before there are trees.
func (c *chooser) chooseAll() *graph {
	for i := range uint32(len(c.chosen)) {
		c.choose(i)
	}
	return c.graph()
}

func (c *chooser) graph() *graph {
	return newGraph(len(c.chosen), func(link func(a, b uint32)) {
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
	c.take(i, c.room[begin:])
}

// take makes peers the links of node i's choosing, which has none.
func (c *chooser) take(i uint32, peers []uint32) {
	c.chosen[i] = peers
	for _, j := range peers {
		if contains(c.chosen[j], i) {
			c.borne[i]--
		} else {
			c.borne[j]++
		}
	}
}

// candidates fills among with those that the choice can fall on: the nearest, since only
// they can be near links, and of the rest of the table, of whom any is as likely as any
// other, a draw of twice as many as are wanted. What Choose makes of these it would make,
// as often, of all that the node knows.
func (c *chooser) candidates(i uint32) {
	c.entries, c.near, c.among = c.tables.of(c.entries[:0], i), c.near[:0], c.among[:0]
	me := c.places.spots[i]
	if c.nearby != nil {
		c.nearest(i)
	}
	for _, j := range c.all {
		r := ranked{2 * c.places.between(me, c.places.spots[j]), j}
		if n := len(c.near); j != i && (n < c.policy.Near || n > 0 && r.before(c.near[n-1])) {
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

// nearest fills near with those of node i's view that are nearest and have room for it.
func (c *chooser) nearest(i uint32) {
	me := c.places.spots[i]
	full := 0
	for _, j := range c.nearby.bySeat[me.seat] {
		if len(c.near) == c.policy.Near {
			break
		}
		if c.full(i, j) {
			full++
		} else if j != i && c.nearby.knows(i, j) {
			c.near = append(c.near, ranked{2 * c.places.between(me, c.places.spots[j]), j})
		}
	}
	if full > manyFull {
		c.nearby.drop(me.seat, func(j uint32) bool { return c.full(i, j) })
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
