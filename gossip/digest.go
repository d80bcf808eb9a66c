package gossip

import (
	"crypto/sha256"
	"encoding/binary"
)

// digestDomain stands before what a set's digest is of.
const digestDomain = "cairn-facts/1"

// Digest says what the node holds of its range now: how many facts, and a digest that is the
// same for all sets of the same facts about the same range and cut-off, and for no others that
// anybody could find (docs/spec/009-presence.md, section 1).
func (t *Topic) Digest() (facts uint64, digest [32]byte) {
	over := t.reconciler.own()
	s := t.reconciler.ledgers.get(over).take()
	b := over.append([]byte(digestDomain))
	b = binary.BigEndian.AppendUint64(b, s.size())
	return s.size(), sha256.Sum256(append(b, s.print.bytes()...))
}
