package overlay

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// A position is the SHA-256 of a peer's ID or of a key.
func positionOfPeer(p peer.ID) lookup.Position { return sha256.Sum256([]byte(p)) }

func positionOfKey(key string) lookup.Position { return sha256.Sum256([]byte(key)) }

// commonBits is how many leading bits two positions share.
func commonBits(a, b lookup.Position) int {
	for i := range a {
		if x := a[i] ^ b[i]; x != 0 {
			return 8*i + bits.LeadingZeros8(x)
		}
	}
	return 8 * len(a)
}

// leading is the beginning of a position or a distance.
func leading(p lookup.Position) uint64 { return binary.BigEndian.Uint64(p[:8]) }
