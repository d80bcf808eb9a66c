package node

import (
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// Within the node's range a record is active by the node's own knowledge: its facts are
// complete there. Beyond it, it takes the word of others: of most of the nodes nearest to
// the agent's key, that their ranges cover it and are complete, and that they know of no
// tombstone. One who does outweighs all.

// knows reports whether the node's own facts tell whether id is revoked.
func (n *Node) knows(id records.AgentID) bool { return n.inside(id) || weak.Off(weak.RangeRule) }

// covers says to peers whether the node's range covers id and is complete, and as of when.
func (n *Node) covers(id records.AgentID) (age time.Duration, ok bool) {
	if !n.isJoined() || !n.inside(id) {
		return 0, false
	}
	state, _, age := n.ready.state()
	if state != StateReady {
		return 0, false
	}
	if n.cfg.preset.Ageless {
		age = 0
	}
	return age, true
}

// testimony is what others said of an agent beyond the node's range.
type testimony struct {
	overlay.Backing
	at time.Time // by the node's clock; zero: nobody was asked
}

// doubt is why what others said does not make a record active at a time; empty where it
// does.
func (t testimony) doubt(beyond records.Range, now time.Time) string {
	why := fmt.Sprintf("the agent is beyond the node's range (%s), and ", beyond)
	switch {
	case t.at.IsZero():
		return why + "others were not asked"
	case now.Sub(t.at) > completeLimit:
		return why + fmt.Sprintf("others were asked %s ago", now.Sub(t.at).Round(time.Second))
	case !t.Known:
		return why + "the nodes nearest to it are not known"
	case 2*t.Covering <= t.Nearest:
		return why + fmt.Sprintf("%d of the %d nearest to it know what is revoked there", t.Covering, t.Nearest)
	case !t.Enough():
		return why + fmt.Sprintf("those who know what is revoked there are in %d of %d groups of addresses", t.Groups, t.Available)
	}
	return ""
}
