// Package wan holds latency models: where the nodes of a simulated network are, and
// how long a packet takes from one to another. It is pure: the same seed gives the
// same network, on any machine.
//
// Two models exist. [LoadMatrix] reads measured round trips between places from a
// file. [Cities] needs no file: real cities, light in fibre between them. Both put
// any number of nodes into their places by a seed.
//
// [Floor] is the yardstick: the least time that anything can take from one node to
// another when every node may relay. Real networks break the triangle inequality,
// so this is often less than the direct way.
package wan

import "time"

// MinOneWay is the least one-way delay between two nodes, also inside one place.
const MinOneWay = 250 * time.Microsecond

// Model says where nodes are and how far apart. It has an answer for any node from
// 0 up, it never changes, and it is safe for concurrent use.
type Model interface {
	// Place names where node i is.
	Place(i int) string
	// OneWay is how long a packet takes from node i to node j: 0 where they are the
	// same, else at least MinOneWay.
	OneWay(i, j int) time.Duration
}

// draw returns a number that looks random and depends on nothing but its
// arguments: the splitmix64 finaliser over each in turn.
func draw(seed uint64, what string, of ...int) uint64 {
	h := mix(seed)
	for _, b := range []byte(what) {
		h = mix(h ^ uint64(b))
	}
	for _, n := range of {
		h = mix(h ^ uint64(n))
	}
	return h
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// share turns a draw into a number from 0 up to, and without, 1.
func share(x uint64) float64 { return float64(x>>11) / (1 << 53) }
