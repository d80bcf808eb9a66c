package records

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// workDomain begins what is hashed for the work in an ID.
const workDomain = "cairn-work/1"

// Work is how much was spent on making an ID: the number of leading zero bits, up to 64, of
// SHA-256("cairn-work/1" || the 32 bytes of its digest). Whoever makes an agent tries
// nonces of its genesis until it is as much as wanted, 2^n of them for n bits. None is asked
// for; where there is no room for every stranger, those with more go first.
func (id AgentID) Work() int {
	var b [len(workDomain) + 32]byte
	copy(b[:], workDomain)
	copy(b[len(workDomain):], id.sum[:])
	sum := sha256.Sum256(b[:])
	return bits.LeadingZeros64(binary.BigEndian.Uint64(sum[:8]))
}
