package overlay

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
)

const (
	// maxGreets are asked after one answer about members.
	maxGreets = 8
	// greetAgain is how long nobody is greeted twice.
	greetAgain = 10 * time.Minute
)

// greet asks those who, by the view, are among the nearest to this node and not in its
// table. So who joined at the same time come to know each other: neither was there to be
// named when the other walked. Who is asked learns of this node by it.
func (g *gatherer) greet(ctx context.Context) {
	if g.d.cfg.Client {
		return
	}
	g.forgetGreeted()
	var strangers []peer.ID
	for _, m := range g.d.members.nearest(positionOfPeer(g.d.self), bucketSize) {
		p := m.ID.peer()
		if _, again := g.greeted[p]; again || !g.d.table.lacks(p) || len(strangers) == maxGreets {
			continue
		}
		g.d.cfg.Host.Peerstore().AddAddrs(p, contactOf(m).Addrs, peerstore.TempAddrTTL)
		g.greeted[p] = time.Now()
		strangers = append(strangers, p)
	}
	if len(strangers) == 0 {
		return
	}
	defer g.d.links.errands(time.Now())
	g.d.each(len(strangers), func(i int) {
		_, _ = g.d.request(ctx, strangers[i], findNode(string(g.d.self))) // table and view hear of the outcome
	})
}

// forgetGreeted lets those be greeted again who were long ago.
func (g *gatherer) forgetGreeted() {
	for p, at := range g.greeted {
		if time.Since(at) > greetAgain {
			delete(g.greeted, p)
		}
	}
}
