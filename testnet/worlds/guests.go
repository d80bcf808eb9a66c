package worlds

import (
	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

// lastStranger is the number of the first stranger's host; the next one is below it.
// The one above looks at nodes from outside.
const lastStranger = sim.MaxNodes - 2

// guests are the places on a wire that strangers have.
type guests struct {
	taken int
	nets  map[int]*network // those that several share
}

// network is the place of one, and the last byte of the last address in it.
type network struct {
	at   int
	last byte
}

// place is where a stranger lives: which host's place it has, and the last byte of its
// address.
func (g *guests) place(who scenario.Guest) (at int, last byte) {
	if who.Net == 0 {
		return g.next(), 1
	}
	n := g.nets[who.Net]
	if n == nil {
		if g.nets == nil {
			g.nets = make(map[int]*network)
		}
		n = &network{at: g.next()}
		g.nets[who.Net] = n
	}
	n.last++
	return n.at, n.last
}

func (g *guests) next() int {
	g.taken++
	return lastStranger - g.taken + 1
}
