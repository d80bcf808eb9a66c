package light

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// space is the XOR key space with the nodes in it. A node's number is its rank:
// those that share a prefix have numbers that follow each other, so that a bucket of
// a routing table is a range of numbers.
type space struct {
	seed uint64
	head []uint64 // the first eight bytes of each node's position, ascending
}

func newSpace(seed uint64, nodes int) *space {
	s := &space{seed: seed, head: make([]uint64, nodes)}
	for i := range s.head {
		s.head[i] = draw(seed, forPosition, uint64(i))
	}
	slices.Sort(s.head)
	return s
}

// where is the position of a node.
func (s *space) where(node uint32) lookup.Position {
	return s.position(s.head[node], uint64(node))
}

// position makes one of its beginning and of what the rest is drawn from.
func (s *space) position(head, rest uint64) (p lookup.Position) {
	binary.BigEndian.PutUint64(p[:8], head)
	x := draw(s.seed, forPosition, rest, head)
	for i := 8; i < len(p); i += 8 {
		binary.BigEndian.PutUint64(p[i:], x)
		x = mix(x)
	}
	return p
}

// span is the nodes from lo up to, and without, hi.
type span struct{ lo, hi uint32 }

func (r span) size() uint32 { return r.hi - r.lo }

func (s *space) all() span { return span{0, uint32(len(s.head))} }

// split divides the nodes of a span that share the first depth bits by the next bit.
func (s *space) split(r span, depth int) (zero, one span) {
	lo, hi := r.lo, r.hi
	bit := uint64(1) << (63 - depth)
	for lo < hi {
		mid := lo + (hi-lo)/2
		if s.head[mid]&bit == 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return span{r.lo, lo}, span{lo, r.hi}
}

// maxDepth is more than any two nodes share of their positions' beginnings.
const maxDepth = 64

// buckets returns the spans of the nodes at each distance from head: bucket d holds
// those that share d bits with it, and the last one everybody who shares more. It
// appends to out, and goes no deeper than to a last bucket of at most least nodes.
func (s *space) buckets(out []span, head uint64, least uint32) []span {
	r := s.all()
	for depth := 0; depth < maxDepth && r.size() > least; depth++ {
		near, far := s.split(r, depth)
		if head>>(63-depth)&1 == 1 {
			near, far = far, near
		}
		out = append(out, far)
		r = near
	}
	return append(out, r)
}

// closest returns the k nodes closest to a target, nearest first.
func (s *space) closest(target lookup.Position, k int) []uint32 {
	head := binary.BigEndian.Uint64(target[:8])
	buckets := s.buckets(nil, head, 0)
	var near []uint32
	for i := len(buckets) - 1; i >= 0 && len(near) < k; i-- {
		for n := buckets[i].lo; n < buckets[i].hi; n++ {
			near = append(near, n)
		}
	}
	s.sort(near, target)
	return near[:min(k, len(near))]
}

// sort orders nodes by their distance to a target, nearest first.
func (s *space) sort(nodes []uint32, target lookup.Position) {
	head := binary.BigEndian.Uint64(target[:8])
	slices.SortFunc(nodes, func(a, b uint32) int {
		x, y := s.head[a]^head, s.head[b]^head
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return target.To(s.where(a)).Compare(target.To(s.where(b)))
	})
}

// common is how many bits two beginnings share.
func common(a, b uint64) int { return bits.LeadingZeros64(a ^ b) }
