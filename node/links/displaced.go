package links

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// patience is how many times the grace a displaced link stays open: it may be chosen again,
// and whoever chose it from the other side has said so by then.
const patience = 3

// unwanted picks a connection that was a link once and is nobody's any more, the one that
// has been so for longest. One is closed in each round, so that trees are not told of many
// changes at once.
func (k *Keeper) unwanted(now time.Time) (longest peer.ID, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p, since := range k.displaced {
		switch {
		case !isConnected(k.cfg.Host, p):
			delete(k.displaced, p)
		case k.chosen[p] > 0 || now.Sub(since) < patience*k.cfg.Policy.Grace || k.cfg.Host.ConnManager().IsProtected(p, ""):
		case longest == "" || since.Before(k.displaced[longest]):
			longest = p
		}
	}
	return longest, longest != ""
}
