package gossip

import (
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// routerHost is the host as the router sees it. The router would protect the
// connections to all peers of its mesh, whoever opened them and for whatever: what
// nobody else needs would stay.
type routerHost struct{ host.Host }

// ConnManager returns the real manager, deaf to protections.
func (h routerHost) ConnManager() connmgr.ConnManager {
	return routerConnManager{h.Host.ConnManager()}
}

type routerConnManager struct{ connmgr.ConnManager }

// Protect does nothing: the node decides which connections it keeps.
func (routerConnManager) Protect(peer.ID, string) {}

// Unprotect does nothing.
func (routerConnManager) Unprotect(peer.ID, string) bool { return false }
