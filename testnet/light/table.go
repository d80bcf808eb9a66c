package light

import (
	"encoding/binary"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// tables are the routing tables of all nodes: of each distance twenty peers, drawn
// from all that are there, and everybody in the own corner of the key space. Nothing
// is stored: an entry follows from the seed whenever it is asked for.
type tables struct {
	*space
	spans []span // room that is used again
}

// of appends all entries of a node's table to out.
func (t *tables) of(out []uint32, node uint32) []uint32 {
	t.spans = t.buckets(t.spans[:0], t.head[node], bucketSize)
	for d := range t.spans {
		out = t.entries(out, node, d)
	}
	return out
}

// nearest appends to out the up to n entries of a node's table nearest to a target,
// chosen as kad-dht does: from the bucket that the target belongs to, then from all
// nearer to the node, then from those farther away.
func (t *tables) nearest(out []uint32, node uint32, target lookup.Position, n int) []uint32 {
	t.spans = t.buckets(t.spans[:0], t.head[node], bucketSize)
	last := len(t.spans) - 1
	own := min(common(t.head[node], binary.BigEndian.Uint64(target[:8])), last)
	begin := len(out)
	out = t.entries(out, node, own)
	if len(out)-begin < n {
		for d := own + 1; d <= last; d++ {
			out = t.entries(out, node, d)
		}
	}
	for d := own - 1; d >= 0 && len(out)-begin < n; d-- {
		out = t.entries(out, node, d)
	}
	t.sort(out[begin:], target)
	return out[:min(len(out), begin+n)]
}

// entries appends the entries of one bucket of a node's table, whose spans are laid
// out already.
func (t *tables) entries(out []uint32, node uint32, bucket int) []uint32 {
	r := t.spans[bucket]
	if r.size() <= bucketSize {
		for n := r.lo; n < r.hi; n++ {
			if n != node {
				out = append(out, n)
			}
		}
		return out
	}
	// Floyd's: each set of twenty is as likely as any other.
	begin, x := len(out), draw(t.seed, forBucket, uint64(node), uint64(bucket))
	for j := r.size() - bucketSize; j < r.size(); j++ {
		x = mix(x)
		pick := r.lo + below(x, j+1)
		if contains(out[begin:], pick) {
			pick = r.lo + j
		}
		out = append(out, pick)
	}
	return out
}

func contains(all []uint32, one uint32) bool {
	for _, n := range all {
		if n == one {
			return true
		}
	}
	return false
}
