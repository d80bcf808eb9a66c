package gossip

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// An acquaintance is what a side remembers of a peer: its own knowledge only, nothing
// that the peer said of it.
type acquaintance struct {
	over     scope   // what the rest is about
	instance [8]byte // of the peer's set
	holds    uint64  // of its facts we hold those with numbers below
	equal    bool    // the two sets were equal
	at       uint64  // of our facts that is about those with numbers below
	missing  int     // when so many of ours had been dropped
	fresh    bool    // symbols that everybody can compute misled us
}

// maxAcquaintances bounds how many peers are remembered, 100 bytes each.
const maxAcquaintances = 4096

// acquaintances are the latest ones by peer, safe for concurrent use.
type acquaintances struct {
	mu     sync.Mutex
	by     map[peer.ID]acquaintance
	scopes map[peer.ID]scope // what peers said that they hold all of, where it is not everything
}

func newAcquaintances() *acquaintances {
	return &acquaintances{by: make(map[peer.ID]acquaintance), scopes: make(map[peer.ID]scope)}
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

// stated notes what p says that it holds all of. Of too many, those beyond are
// taken to hold everything, which costs their next session a round trip.
func (a *acquaintances) stated(p peer.ID, s scope) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.all() {
		delete(a.scopes, p)
	} else if _, known := a.scopes[p]; known || len(a.scopes) < maxAcquaintances {
		a.scopes[p] = s
	}
}

// theirs is what p last said that it holds all of; everything where it said nothing.
func (a *acquaintances) theirs(p peer.ID) scope {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.scopes[p]
}

// common is what a session with p is about, as far as known, and false where
// there is nothing that both hold.
func (r *reconciler) common(p peer.ID) (scope, bool) { return r.own().meet(r.memory.theirs(p)) }

// settled reports whether we, as we stand, have agreed with p.
func (r *reconciler) settled(p peer.ID) bool {
	over, some := r.common(p)
	if !some {
		return true // there is nothing to agree on
	}
	a, now := r.memory.get(p), r.ledgers.get(over).take()
	return a.equal && a.over == over && a.missing == now.missing && uint64(now.last) <= a.at
}
