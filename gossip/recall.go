package gossip

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	recallVersion = 2
	maxRecalled   = 900 // peers; 60 bytes each
	maxPeerID     = 128 // bytes
)

// Memory returns what this node remembers of its own set and its peers', for
// [Config].Memory of a later run: what the set holds now must be durable before it is
// stored. It takes less than 64 kB.
func (t *Topic) Memory() []byte { return t.reconciler.remembered() }

// remembered encodes the instance of our set, its next number, and for peers what we hold of
// theirs in our own range.
func (r *reconciler) remembered() []byte {
	over := r.own()
	instance := r.ledgers.named()
	b := append([]byte{recallVersion}, instance[:]...)
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	b = binary.AppendUvarint(b, uint64(r.facts.Next()))
	n := 0
	for _, p := range slices.Sorted(maps.Keys(r.memory.by)) {
		a := r.memory.by[p]
		if a.holds == 0 || a.over != over || len(p) > maxPeerID || n == maxRecalled {
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
		b = append(b, a.instance[:]...)
		b = binary.AppendUvarint(b, a.holds)
		n++
	}
	return b
}

// recall takes what remembered gave in an earlier run, unless facts have been lost
// since. Whether they are the same ones, in the same order, need not be known: a
// session that was misled ends with different sums.
func (r *reconciler) recall(b []byte) error {
	if len(b) < 1+8 || b[0] != recallVersion {
		return junkf("memory of %d bytes, or of another version", len(b))
	}
	instance := [8]byte(b[1:])
	next, b, err := parseUvarint(b[1+len(instance):], maxSetSize)
	if err != nil {
		return err
	}
	over, by := r.own(), make(map[peer.ID]acquaintance)
	for len(b) > 0 {
		n, rest, err := parseUvarint(b, maxPeerID)
		if err != nil {
			return err
		}
		a := acquaintance{over: over}
		if len(rest) < int(n)+len(a.instance) || len(by) == maxRecalled {
			return junkf("memory is cut short, or too long")
		}
		p := peer.ID(rest[:n])
		rest = rest[n:]
		rest = rest[copy(a.instance[:], rest):]
		if a.holds, b, err = parseUvarint(rest, maxSetSize); err != nil {
			return err
		}
		by[p] = a
	}
	if next <= uint64(r.facts.Next()) {
		r.ledgers.instance, r.memory.by = instance, by
	}
	return nil
}
