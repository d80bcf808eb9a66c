package links

import (
	"time"

	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
)

// managerGrace is how long a new connection is safe from the manager.
const managerGrace = 10 * time.Second

// NewManager returns the connection manager for a host whose connections a Keeper
// with the default policy keeps. It carries the protections, and trims by itself
// only where the keeper does not keep up.
func NewManager() (*connmgr.BasicConnMgr, error) {
	return connmgr.NewConnManager(DefaultBurst, DefaultBurst*4/3, connmgr.WithGracePeriod(managerGrace))
}
