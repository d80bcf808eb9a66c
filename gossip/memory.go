package gossip

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// An acquaintance is what a side remembers of a peer: its own knowledge only, nothing
// that the peer said of it.
type acquaintance struct {
	instance [8]byte // of the peer's set
	holds    uint64  // the first facts of that, in the peer's order, that we hold
	equal    bool    // the two sets were equal
	at       uint64  // when we had that many facts
	fresh    bool    // symbols that everybody can compute misled us
}

// maxAcquaintances bounds how many peers are remembered, 100 bytes each.
const maxAcquaintances = 4096

// acquaintances are the latest ones by peer, safe for concurrent use.
type acquaintances struct {
	mu sync.Mutex
	by map[peer.ID]acquaintance
}

func newAcquaintances() *acquaintances {
	return &acquaintances{by: make(map[peer.ID]acquaintance)}
}

func (a *acquaintances) get(p peer.ID) acquaintance {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.by[p]
}

// put remembers the latest of p. When there are too many, some other one is
// forgotten, which costs that peer's next session a kilobyte or so.
func (a *acquaintances) put(p peer.ID, latest acquaintance) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.by[p]; !known && len(a.by) >= maxAcquaintances {
		for other := range a.by {
			delete(a.by, other)
			break
		}
	}
	a.by[p] = latest
}

// settled reports whether we, as we stand, have agreed with p.
func (r *reconciler) settled(p peer.ID) bool {
	a := r.memory.get(p)
	return a.equal && a.at == uint64(r.facts.Len())
}
