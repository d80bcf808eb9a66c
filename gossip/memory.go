package gossip

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// An agreement is the memory that two sets were equal: ours at generation own,
// the peer's instance at generation theirs. Each side trusts its own memory only.
type agreement struct {
	own      uint64
	instance [8]byte
	theirs   uint64
}

// maxAgreements bounds how many peers are remembered, 100 bytes each.
const maxAgreements = 4096

// agreements are the latest ones by peer, safe for concurrent use.
type agreements struct {
	mu sync.Mutex
	by map[peer.ID]agreement
}

func newAgreements() *agreements { return &agreements{by: make(map[peer.ID]agreement)} }

func (a *agreements) get(p peer.ID) (agreement, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, ok := a.by[p]
	return found, ok
}

// put remembers the latest agreement with p. When there are too many, some other
// one is forgotten, which costs that peer's next round a kilobyte.
func (a *agreements) put(p peer.ID, latest agreement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.by[p]; !known && len(a.by) >= maxAgreements {
		for other := range a.by {
			delete(a.by, other)
			break
		}
	}
	a.by[p] = latest
}

// settled reports whether we, as we stand, have agreed with p.
func (r *reconciler) settled(p peer.ID) bool {
	a, ok := r.memory.get(p)
	return ok && a.own == r.snaps.generation()
}
