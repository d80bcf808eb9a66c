package gossip

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// errAhead ends a session with a peer whose cut-off our own clock cannot have reached: one
// of the two clocks is wrong. Nobody is accused of it.
var errAhead = errors.New("a cut-off that is ahead of our clock")

// A scope is what two nodes compare: the facts in a range that are not past a cut-off. The
// zero value is all facts; scopes are comparable.
type scope struct {
	within records.Range
	cut    records.Day
}

// all reports whether every fact is in it.
func (s scope) all() bool { return s == scope{} }

// has reports whether a fact is in it.
func (s scope) has(f records.Fact) bool { return !s.cut.Past(f) && s.within.Has(f.ID()) }

// holds reports whether all of other is in it.
func (s scope) holds(other scope) bool { return s.within.Holds(other.within) && s.cut <= other.cut }

// meet returns what is in both, and false where the ranges have nothing in common.
func (s scope) meet(other scope) (scope, bool) {
	within, some := s.within.Meet(other.within)
	if !some {
		return scope{}, false
	}
	return scope{within, max(s.cut, other.cut)}, true
}

// append adds the form that travels: the range, and the cut-off.
func (s scope) append(b []byte) []byte {
	return binary.AppendUvarint(s.within.Append(b), uint64(s.cut))
}

// maxDay bounds cut-offs: the last day on which a header can end.
const maxDay = (1<<32 - 1) / (24 * 60 * 60)

// cutScope splits a scope off b.
func cutScope(b []byte) (s scope, rest []byte, err error) {
	if s.within, b, err = records.CutRange(b); err != nil {
		return s, nil, junkf("%w", err)
	}
	day, b, err := parseUvarint(b, maxDay)
	s.cut = records.Day(day)
	return s, b, err
}

// String says how much it is.
func (s scope) String() string {
	if s.cut == 0 {
		return s.within.String()
	}
	return s.within.String() + " from " + s.cut.String()
}

// own is what this node is to hold all of.
func (r *reconciler) own() scope { return scope{r.within(), r.cut()} }

// sane reports whether our own clock can have reached a cut-off, or does within a day.
func (r *reconciler) sane(cut records.Day) bool {
	return cut <= records.CutOffAt(r.now())+1 || weak.Off(weak.CutOffAhead)
}

// seconds is what our clock shows, for peers.
func (r *reconciler) seconds() uint64 { return uint64(max(r.now().Unix(), 0)) }

// clock notes what a peer's clock showed within a round trip, where it said that.
func (r *reconciler) clock(p peer.ID, seconds uint64, trip time.Duration) {
	if seconds > 0 && r.heard != nil {
		r.heard(p, time.Unix(int64(seconds), 0), trip)
	}
}
