package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// resolved judges an answer by every rule, and takes note of it.
func (c *checker) resolved(i int, e Event, s *seat, q question) {
	a := &answer{c: c, i: i, e: e, s: s, q: q}
	if e.Error == "" {
		a.proven()
		a.forward()
		a.final()
		a.durable()
	}
	a.readable()
	if q.life == s.life && e.Error == "" {
		m := s.recall(e.Agent)
		m.dead = m.dead || a.tomb != nil && a.tomb.ID() == e.Agent && e.Status == records.StatusRevoked
		if a.rec != nil && (e.Status == records.StatusActive || e.Status == records.StatusUnverified) {
			m.raise(a.rec)
		}
	}
}

// answer is one answer under judgement.
type answer struct {
	c    *checker
	i    int
	e    Event
	s    *seat
	q    question
	rec  *records.Record    // its proof, verified and about the agent
	tomb *records.Tombstone // the same, or about an ancestor
}

// fail takes note of a promise broken, once.
func (a *answer) fail(rule Rule, format string, args ...any) {
	b := breach{rule, a.e.Node, a.e.Agent}
	if a.c.told[b] {
		return
	}
	a.c.told[b] = true
	text := fmt.Sprintf("node %d on %s: ", a.e.Node, a.e.Agent) + fmt.Sprintf(format, args...)
	a.c.found = append(a.c.found, Violation{Rule: rule, Event: a.i, Text: text})
}

// says describes the answer.
func (a *answer) says() string {
	switch {
	case a.e.Error != "":
		return "failed (" + a.e.Error + ")"
	case a.rec != nil:
		return fmt.Sprintf("answers %s with sequence %d", a.e.Status, a.rec.Sequence())
	}
	return "answers " + string(a.e.Status)
}

// proven judges the bytes.
func (a *answer) proven() {
	want := ""
	switch a.e.Status {
	case records.StatusUnknown, records.StatusConflict:
		return
	case records.StatusRevoked:
		want = "tombstone"
	case records.StatusActive, records.StatusStale, records.StatusExpired:
		want = "record"
	case records.StatusUnverified:
		if len(a.e.Proof) == 0 {
			return // it claims nothing
		}
		want = "record"
	default:
		a.fail(Proven, "answers %q, which is no status", a.e.Status)
		return
	}
	if len(a.e.Proof) == 0 {
		a.fail(Proven, "%s, and shows no %s", a.says(), want)
		return
	}
	o := a.c.open(a.e.Proof)
	switch v := o.value.(type) {
	case nil:
		a.fail(Proven, "%s, on bytes that prove nothing: %v", a.says(), o.err)
	case *records.Record:
		if a.belongs(v, want, "record") {
			a.rec = v
			a.lease()
		}
	case *records.Tombstone:
		if a.belongs(v, want, "tombstone") {
			a.tomb = v
		}
	}
}

// belongs judges what a proof is and whom it is about.
func (a *answer) belongs(v records.Value, want, got string) bool {
	switch {
	case want != got:
		a.fail(Proven, "%s, on a %s", a.says(), got)
	case v.ID() != a.e.Agent && !(got == "tombstone" && a.descends(v.ID())):
		a.fail(Proven, "%s, on a %s of %s", a.says(), got, v.ID())
	default:
		return true
	}
	return false
}

// descends reports whether the answer shows that its agent descends from another one.
func (a *answer) descends(from records.AgentID) bool {
	rec, ok := a.c.open(a.e.Lineage).value.(*records.Record)
	return ok && rec.ID() == a.e.Agent && slices.Contains(rec.Ancestors(), from)
}

// lease judges whether the record of an active answer holds, at some moment between
// the question and the answer. A clock that is set back may stand still meanwhile.
func (a *answer) lease() {
	if a.e.Status != records.StatusActive {
		return
	}
	begin, end := a.q.wall.Add(a.s.skew), a.e.Wall.Add(a.s.skew)
	err := a.rec.ValidAt(end)
	if err != nil && a.rec.ValidAt(begin) != nil && a.rec.ValidAt(a.s.clock) != nil {
		a.fail(Proven, "%s, whose lease does not hold: %v", a.says(), err)
	}
}

// forward judges whether the answer goes back behind an earlier one.
func (a *answer) forward() {
	current := a.e.Status == records.StatusActive || a.e.Status == records.StatusUnverified
	if current && a.rec != nil && a.q.life == a.s.life && lower(a.rec.Mark(), a.q.heard.newest) {
		a.fail(Forward, "%s, and knew of sequence %d", a.says(), a.q.heard.newest.Sequence)
	}
}

// final judges whether a dead agent is called anything else.
func (a *answer) final() {
	if a.e.Status == records.StatusRevoked {
		return
	}
	if a.q.heard.dead && a.q.life == a.s.life {
		a.fail(Final, "%s, and knew of its tombstone", a.says())
		return
	}
	if a.e.Status != records.StatusActive {
		return
	}
	whose := []records.AgentID{a.e.Agent}
	if a.rec != nil {
		whose = append(whose, a.rec.Ancestors()...)
	}
	for _, id := range whose {
		for _, ack := range a.c.agent(id).acks {
			if begin := a.begin(); ack < begin && a.c.mustKnow(ack, begin, a.e.Node) {
				by := a.c.events[ack]
				a.fail(Final, "%s, %s after node %d acknowledged the tombstone of %s", a.says(), a.q.at-by.At, by.Node, id)
				return
			}
		}
	}
}

// begin returns the index of the event with which the question began.
func (a *answer) begin() int {
	for i := a.i; ; i-- {
		if b := a.c.events[i]; b.Op == a.e.Op && b.Phase == Begin {
			return i
		}
	}
}

// durable judges whether what the node acknowledged in an earlier life is gone.
func (a *answer) durable() {
	if !a.c.run.Disk || a.q.life != a.s.life {
		return
	}
	kept := a.q.stored
	if kept.dead && a.e.Status != records.StatusRevoked && !a.q.heard.dead {
		a.fail(Durable, "%s, and had acknowledged its tombstone before it restarted", a.says())
		return
	}
	t := a.q.target
	if t == nil || a.c.over(t.rec) || !lower(a.q.heard.newest, kept.newest) || lower(kept.newest, t.rec.Mark()) || !a.holds(t.rec) {
		return
	}
	if a.rec == nil || lower(a.rec.Mark(), kept.newest) {
		a.fail(Durable, "%s, and had confirmed sequence %d itself", a.says(), kept.newest.Sequence)
	}
}

// holds reports whether a record's lease holds by the node's clock, with a second to
// spare, for the whole of the question.
func (a *answer) holds(rec *records.Record) bool {
	return rec.ValidAt(a.q.wall.Add(a.s.skew)) == nil && rec.ValidAt(a.e.Wall.Add(a.s.skew+time.Second)) == nil
}

// readable judges whether a confirmed publish can be read.
func (a *answer) readable() {
	t := a.q.target
	if t == nil || a.c.over(t.rec) || !a.holds(t.rec) {
		return
	}
	if a.rec != nil && a.e.Status == records.StatusActive && !lower(a.rec.Mark(), t.rec.Mark()) {
		return
	}
	if a.excused(t) {
		return
	}
	a.fail(Readable, "%s, and sequence %d was confirmed %s before", a.says(), t.rec.Sequence(), a.q.at-t.at)
}

// excused reports whether a confirmed record may be out of reach: see Readable.
func (a *answer) excused(t *published) bool {
	switch {
	case a.e.Policy == "cache-only", strings.HasPrefix(a.e.Policy, "quorum") && a.e.Status == records.StatusUnverified && a.rec != nil:
		return true
	case a.c.net.frozen[a.e.Node], a.s.waking(a.q.at), !a.c.net.up[a.e.Node] || a.q.life != a.s.life, !a.q.ready && a.q.at-a.s.since < Grace,
		a.s.skew.Abs() > ClockSlack, a.q.at-a.c.moved < Grace:
		return true
	case a.older() && (a.c.agent(a.e.Agent).first <= a.c.worst || a.remembered()):
		return true
	}
	gone := 0
	for n := range t.up {
		if n != a.e.Node && a.gone(n, t) {
			gone++
		}
	}
	return gone >= t.copies
}

// older reports whether the answer is an earlier record of the agent's, where the first
// answer was enough.
func (a *answer) older() bool {
	return (a.e.Policy == "first" || a.e.Policy == "cache-first") && a.e.Status == records.StatusActive && a.rec != nil
}

// remembered reports whether an older answer is out of the node's own memory, and was
// the newest not long ago.
func (a *answer) remembered() bool {
	if a.e.Policy != "cache-first" || a.e.Source != "cache" && a.e.Source != "local" {
		return false
	}
	for _, p := range a.c.agent(a.e.Agent).publishes {
		if lower(a.rec.Mark(), p.rec.Mark()) {
			return a.q.at-p.at < Remembered
		}
	}
	return true
}

// gone reports whether a copy that node n may have had is out of reach.
func (a *answer) gone(n int, t *published) bool {
	s := a.c.seat(n)
	ended := s.life > 0 && s.ended >= t.at
	return !a.c.net.up[n] || !a.c.net.direct(n, a.e.Node) || s.waking(a.q.at) ||
		ended && (!a.c.run.Disk || a.q.at-s.since < Grace) ||
		t.rec.ValidAt(a.e.Wall.Add(s.skew)) != nil
}
