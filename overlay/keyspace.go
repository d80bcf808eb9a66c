package overlay

import (
	"crypto/sha256"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// A position is the SHA-256 of a peer's ID or of a key.
func positionOfPeer(p peer.ID) lookup.Position { return sha256.Sum256([]byte(p)) }

func positionOfKey(key string) lookup.Position { return sha256.Sum256([]byte(key)) }
