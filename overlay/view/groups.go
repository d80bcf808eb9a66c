package view

import (
	"encoding/binary"
	"net/netip"
)

// groups counts peers by the part of the network that they are in, by numbers that
// nobody outside can make collide.
type groups struct {
	by    map[uint32]uint16
	total int
}

// groupNumber is never 0, which stands for no group.
func groupNumber(p netip.Prefix, secret uint64) uint32 {
	a := p.Addr().As16()
	x := mix(binary.BigEndian.Uint64(a[:8]) ^ secret)
	x = mix(x ^ binary.BigEndian.Uint64(a[8:]))
	return uint32(x) | 1
}

func (g *groups) count(n uint32) int { return int(g.by[n]) }

func (g *groups) add(n uint32) {
	g.total++
	if n == 0 {
		return
	}
	if g.by == nil {
		g.by = make(map[uint32]uint16)
	}
	g.by[n]++
}

func (g *groups) remove(n uint32) {
	g.total--
	if n == 0 {
		return
	}
	if g.by[n]--; g.by[n] == 0 {
		delete(g.by, n)
	}
}

func (g *groups) move(from, to uint32) {
	if from != to {
		g.remove(from)
		g.add(to)
	}
}
