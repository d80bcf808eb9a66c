package links

import (
	"math"
	"time"

	"github.com/libp2p/go-libp2p/p2p/net/connmgr"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// managerGrace is how long a new connection is safe from the manager.
const managerGrace = 10 * time.Second

// NewManager returns the connection manager for a host whose connections a Keeper
// keeps with a policy of that burst; 0 is DefaultBurst. It carries the protections, and trims by itself
// only where the keeper does not keep up.
func NewManager(burst int) (*connmgr.BasicConnMgr, error) {
	if burst == 0 {
		burst = DefaultBurst
	}
	if weak.Off(weak.ConnCaps) {
		burst = math.MaxInt / 4
	}
	return connmgr.NewConnManager(burst, burst*4/3, connmgr.WithGracePeriod(managerGrace))
}
