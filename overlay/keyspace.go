package overlay

import (
	"bytes"
	"crypto/sha256"
	"math/bits"

	"github.com/libp2p/go-libp2p/core/peer"
)

// position is a place in the XOR key space: the SHA-256 of a peer's ID or of a key.
type position [32]byte

func positionOfPeer(p peer.ID) position { return sha256.Sum256([]byte(p)) }

func positionOfKey(key string) position { return sha256.Sum256([]byte(key)) }

// to returns the XOR distance between two positions.
func (a position) to(b position) (d position) {
	for i := range a {
		d[i] = a[i] ^ b[i]
	}
	return d
}

// compare orders distances.
func (a position) compare(b position) int { return bytes.Compare(a[:], b[:]) }

// bits returns the length of a distance in bits: 0 for the place itself, 256 for
// the other half of the key space.
func (a position) bits() int {
	for i, b := range a {
		if b != 0 {
			return (len(a)-i)*8 - bits.LeadingZeros8(b)
		}
	}
	return 0
}
