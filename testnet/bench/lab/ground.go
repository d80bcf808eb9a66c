package lab

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// ground is what the floors are computed on: the live nodes and the ways between.
type ground struct {
	model  wan.Model
	charge time.Duration
	nodes  []int // those that are alive
	paths  *wan.Paths
	ids    []peer.ID // of all nodes, by number
}

func newGround(s setup, nodes []int, ids []peer.ID) *ground {
	return &ground{s.Model, s.charge, nodes, wan.Floor(s.Model, nodes, s.charge), ids}
}

// rtt is a round trip on the direct way, each of its two hops charged.
func (g *ground) rtt(i, j int) time.Duration {
	return g.model.OneWay(i, j) + g.model.OneWay(j, i) + 2*g.charge
}

// news is the least time from node to node where all live nodes may relay.
func (g *ground) news(i, j int) time.Duration {
	d, _ := g.paths.Between(i, j)
	return d
}

// nearest are the count live nodes closest to a key, without one.
func (g *ground) nearest(key string, count, without int) []int {
	target := sha256.Sum256([]byte(key))
	nodes := slices.DeleteFunc(slices.Clone(g.nodes), func(i int) bool { return i == without })
	slices.SortFunc(nodes, func(a, b int) int {
		x, y := xor(target, g.ids[a]), xor(target, g.ids[b])
		return bytes.Compare(x[:], y[:])
	})
	return nodes[:min(count, len(nodes))]
}

// xor is the distance of a peer from a position.
func xor(target [32]byte, p peer.ID) [32]byte {
	d := sha256.Sum256([]byte(p))
	for i := range d {
		d[i] ^= target[i]
	}
	return d
}

// ms is a duration in milliseconds.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
