package gossip

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/cairn-overlay/cairn/records"
)

// lanes decide which new facts of the topic pass. Facts of known subjects always
// do. All others share a cap, since identities are free: whoever makes a million
// of them may revoke each.
type lanes struct {
	known        func(records.AgentID) bool
	facts, bytes *rate.Limiter
}

func newLanes(cfg Config) *lanes {
	return &lanes{
		known: cfg.Known,
		facts: rate.NewLimiter(rate.Limit(cfg.StrangerRate), cfg.StrangerBurst),
		bytes: rate.NewLimiter(rate.Limit(cfg.StrangerBytes), cfg.StrangerBytesBurst),
	}
}

// pass reports whether a fact of so many bytes may pass now.
func (l *lanes) pass(id records.AgentID, size int) bool {
	if l.known(id) {
		return true
	}
	now := time.Now()
	return l.facts.AllowN(now, 1) && l.bytes.AllowN(now, size)
}
