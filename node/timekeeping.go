package node

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// clockRound is how often a node looks whether its clock was set.
const clockRound = time.Minute

// heardClock takes what a peer says that its clock shows.
func (n *Node) heardClock(p peer.ID, theirs time.Time, trip time.Duration) {
	n.clockSet()
	ahead := theirs.Add(trip / 2).Sub(n.clock.Now())
	n.offsets.note(originOf(p, n.host.Network().ConnsToPeer(p)), ahead, time.Since(n.started))
	n.judgeClock()
}

// watchClock looks whether the clock was set, and what peers' clocks come to.
func (n *Node) watchClock(ctx context.Context) {
	for sleep(ctx, clockRound) {
		if n.clockSet() {
			n.topic.SyncSoon("the clock was set")
		}
		n.judgeClock()
	}
}

// clockSet reports whether the machine's clock was set since the last look, or the machine
// has slept: either way it has to be compared with others anew.
func (n *Node) clockSet() bool {
	drift := n.clock.now().Sub(n.started.Round(0)) - time.Since(n.started)
	set := n.offsets.set(drift)
	if set {
		n.count.add("clock_set_total", 1)
		n.log.Warn("the clock was set, or the machine has slept", "now", n.clock.Now().UTC())
	}
	return set
}

// offset returns by how much peers' clocks are ahead of the node's, and how many say so; it
// is not known where none does.
func (n *Node) offset() (ahead time.Duration, clocks int) {
	return n.offsets.median(time.Since(n.started))
}

// judgeClock draws the conclusions from peers' clocks, and says what is new.
func (n *Node) judgeClock() {
	ahead, clocks := n.offset()
	why := clockTrouble(ahead, clocks)
	doubt := ""
	if ahead.Abs() >= offsetLimit {
		doubt = why
	}
	n.ready.doubt(doubt)
	switch news := n.offsets.says(why != "", doubt != ""); {
	case !news:
	case doubt != "":
		n.log.Error("no record is called active: "+why, "ahead", ahead, "clocks", clocks)
	case why != "":
		n.log.Warn(why, "ahead", ahead, "clocks", clocks)
	case clocks > 0:
		n.log.Info("the clock agrees with the peers' clocks", "ahead", ahead, "clocks", clocks)
	}
}

// clockTrouble says how far the clock is off, where that is to be reported; else nothing.
func clockTrouble(ahead time.Duration, clocks int) string {
	if clocks == 0 || ahead.Abs() < offsetReported {
		return ""
	}
	way := "behind"
	if ahead < 0 {
		way = "ahead of"
	}
	return fmt.Sprintf("the clock is %s %s those of %d peers", ahead.Abs().Round(time.Second), way, clocks)
}
