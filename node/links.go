package node

import (
	"context"
	"math/rand/v2"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// linkTag protects a kept link from the connection manager, and from the overlay,
// which closes the connections that it opened for a lookup.
const linkTag = "cairn-link"

// links are the few connections that a node keeps for good, so that the fact topic
// has a mesh although lookups come and go. They belong to one goroutine.
type links struct {
	host host.Host
	kept map[peer.ID]bool
}

func newLinks(h host.Host) *links { return &links{host: h, kept: make(map[peer.ID]bool)} }

// keep brings the links back to degreeTarget: what is gone is let go, then peers of
// the table are taken at random, connected ones first. It returns how many dials
// failed.
func (l *links) keep(ctx context.Context, table []peer.ID) (failed int) {
	for p := range l.kept {
		if !l.connected(p) {
			l.host.ConnManager().Unprotect(p, linkTag)
			delete(l.kept, p)
		}
	}
	rand.Shuffle(len(table), func(i, j int) { table[i], table[j] = table[j], table[i] })
	for _, dial := range []bool{false, true} {
		for _, p := range table {
			if len(l.kept) >= degreeTarget || ctx.Err() != nil {
				return failed
			}
			if l.kept[p] || l.connected(p) == dial {
				continue
			}
			if dial && l.host.Connect(ctx, peer.AddrInfo{ID: p}) != nil {
				failed++
				continue
			}
			l.kept[p] = true
			l.host.ConnManager().Protect(p, linkTag)
		}
	}
	return failed
}

func (l *links) connected(p peer.ID) bool {
	return l.host.Network().Connectedness(p) == network.Connected
}
