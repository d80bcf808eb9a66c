package overlay

import (
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// kadHost is the host as kad-dht sees it. kad-dht would protect the connections
// to all peers of its first two buckets, so that no connection manager can bound
// the degree; and it would read frames of 4 MiB from anybody.
type kadHost struct {
	host.Host
	doors *doors
}

// ConnManager returns the real manager, deaf to protections.
func (h kadHost) ConnManager() connmgr.ConnManager {
	return kadConnManager{h.Host.ConnManager()}
}

// SetStreamHandler puts the doors before kad-dht's handler.
func (h kadHost) SetStreamHandler(id protocol.ID, handle network.StreamHandler) {
	h.Host.SetStreamHandler(id, func(s network.Stream) { h.doors.serve(s, handle) })
}

type kadConnManager struct{ connmgr.ConnManager }

// Protect does nothing: the node decides which links it keeps.
func (kadConnManager) Protect(peer.ID, string) {}

// Unprotect does nothing.
func (kadConnManager) Unprotect(peer.ID, string) bool { return false }
