package node

import (
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// An answer that something newer overtook, after the policy was satisfied and before the
// answer is given, is not called stale: what overtook it is the answer.
func TestOvertakenAnswer(t *testing.T) {
	for i, c := range []struct {
		name      string
		mode      PolicyMode
		meanwhile func(*testing.T, *Node, *records.Record)
		status    records.Status
		sequence  uint64
		source    string
	}{
		{"nothing came", PolicyFirst, func(*testing.T, *Node, *records.Record) {}, records.StatusActive, 1, SourceDHT},
		{"a put", PolicyFirst, func(t *testing.T, n *Node, newer *records.Record) {
			if err := n.hold(t.Context(), newer, false); err != nil {
				t.Fatal(err)
			}
		}, records.StatusActive, 2, SourceLocal},
		{"another lookup's find", PolicyMostRecent, func(_ *testing.T, n *Node, newer *records.Record) {
			n.cache.offer(newer, sourceFound, n.clock.Now(), 1)
		}, records.StatusActive, 2, SourceCache},
		{"a put, and a quorum is asked", PolicyQuorum, func(t *testing.T, n *Node, newer *records.Record) {
			if err := n.hold(t.Context(), newer, false); err != nil {
				t.Fatal(err)
			}
		}, records.StatusStale, 1, SourceDHT},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newTestNode(t, Config{})
			a := newDrawn(t, i)
			l := &lookup{n: n, id: a.ident.ID(), policy: Policy{Mode: c.mode}, best: a.record(t, 1)}
			c.meanwhile(t, n, a.record(t, 2))
			res := l.result()
			if res.Status != c.status || res.Record.Sequence() != c.sequence || res.Source != c.source {
				t.Errorf("%s with sequence %d by %s, want %s with %d by %s", res.Status, res.Record.Sequence(), res.Source, c.status, c.sequence, c.source)
			}
		})
	}
}
