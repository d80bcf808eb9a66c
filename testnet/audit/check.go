package audit

import (
	"fmt"
	"maps"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Grace is how long a node may take, once nothing keeps it from the others, until it
// is on a level with them: the pause between two reconciliations, 30 s, and the time
// to find each other again.
const Grace = 45 * time.Second

// Remembered is how long a node may answer out of its own memory where it may
// (cache-first), without asking whether there is a newer record.
const Remembered = time.Minute

// ClockSlack is by how much a node's clock may be off until it judges by its own.
const ClockSlack = 30 * time.Second

// Rule names a promise.
type Rule string

// The promises. An operation that failed with an error answers nothing, so that it
// breaks none but Readable.
const (
	// Readable: once a publish is confirmed, and until the lease ends or somebody
	// begins to revoke the agent or to rotate its keys once more, every node that is asked answers with that record or a newer
	// one, as active. Excused is an answer
	//   - that was not to ask anybody (cache-only), or that names its quorum as not reached;
	//   - of a node that was down or frozen while it was asked, that came up less than
	//     Grace before and has not said since that it is ready, that was thawed less than
	//     Grace before, or whose clock is off by more than ClockSlack;
	//   - less than Grace after a partition, a cut or a heal;
	//   - with an older record, as active, where the first answer was enough (first,
	//     cache-first) and something was down or cut since the agent was first published:
	//     who missed the newer record may be the first to answer, and is repaired behind
	//     the answer;
	//   - with an older record, as active, out of the node's own memory (cache-first), where
	//     the first newer one was confirmed less than Remembered before;
	//   - where as many copies may be out of reach as were given back: nodes that were
	//     up at the publish and now are down or frozen, were restarted or thawed less than
	//     Grace before, were restarted without a disk, are on the other side, or have a
	//     clock for which the record is not valid.
	// A claim of success with nothing given back counts as two copies: one node's end
	// is no excuse.
	Readable Rule = "readable"
	// Final: what has answered revoked, acknowledged a revocation, or learned a
	// tombstone answers revoked from then on, until it goes down. And once a revocation
	// is acknowledged, of the agent or an ancestor, whoever must know of it never answers active: who has been in
	// reach of one that must for Grace, and who came up among nodes all of whom must,
	// also long after.
	Final Rule = "final"
	// Forward: no answer of a node as active or unverified is of a lower rotation and
	// sequence than one that it gave, or published, before the question; until it goes
	// down.
	Forward Rule = "forward"
	// Proven: an answer with a record, or revoked, comes with bytes that verify and are
	// about the agent, or about an ancestor that one of its records names; an active one with a record whose lease holds by the clock of
	// the node.
	Proven Rule = "proven"
	// Durable: in a run with disks, a tombstone that a node acknowledged, and a record
	// whose publish it confirmed, are in its answers after its restart as well, the
	// record until its lease ends.
	Durable Rule = "durable"
)

// Rules are all promises.
var Rules = [...]Rule{Readable, Final, Forward, Proven, Durable}

// Violation is a promise broken.
type Violation struct {
	Rule Rule
	// Event is the index of the event that shows it; its line in the log is one more.
	Event int
	Text  string
}

// String renders the violation as one line.
func (v Violation) String() string { return fmt.Sprintf("line %d: %s: %s", v.Event+1, v.Rule, v.Text) }

// Check holds a log against the promises and returns where they were broken, in the
// order of the log: the first time that a node breaks one with an agent, not every
// time. It is pure: the same events give the same answer.
func Check(events []Event) []Violation {
	c := &checker{
		events: events, net: newTopology(), nodes: make(map[int]*seat), agents: make(map[records.AgentID]*agent),
		asked: make(map[uint64]question), values: make(map[string]opened), told: make(map[breach]bool),
	}
	for i, e := range events {
		c.take(i, e)
	}
	return c.found
}

// checker reads a log once, from its first line to its last.
type checker struct {
	events []Event
	run    Run
	net    *topology
	moved  time.Duration // last partition, cut or heal; before the run where there was none
	worst  time.Duration // last event at which not everything was up and in reach
	nodes  map[int]*seat
	agents map[records.AgentID]*agent
	asked  map[uint64]question
	values map[string]opened // bytes judged already
	found  []Violation
	told   map[breach]bool
}

// breach is one promise, broken by one node with one agent.
type breach struct {
	rule  Rule
	node  int
	agent records.AgentID
}

// seat is what the log tells of one node.
type seat struct {
	life   int           // counts its starts
	ready  bool          // it has said so since the last one
	since  time.Duration // its last start
	ended  time.Duration // its last end; meaningless before the first
	thawed time.Duration // when it was last thawed; meaningless before the first
	thaws  int           // how often it was
	skew   time.Duration
	clock  time.Time                   // highest reading of its clock
	memory map[records.AgentID]*memory // since its last start
	disk   map[records.AgentID]*memory // what it acknowledged
}

// memory is what a node has said of an agent, or acknowledged.
type memory struct {
	dead   bool
	newest records.Mark
}

// agent is what the log tells of one agent.
type agent struct {
	first     time.Duration // begin of its first publish; meaningless before
	born      bool          // that was
	publishes []published   // those confirmed
	dying     bool          // somebody has begun to revoke it
	turned    records.Fact  // the rotations that somebody has begun with, or that they contradict each other
	acks      []int         // events that acknowledged a tombstone
}

// published is a confirmed publish.
type published struct {
	rec    *records.Record
	at     time.Duration
	copies int
	up     map[int]bool // nodes that were up
}

// question is an operation that has begun.
type question struct {
	at     time.Duration
	wall   time.Time
	life   int
	ready  bool
	value  records.Value
	heard  memory     // what the node had said until then
	stored memory     // what it had acknowledged until then, in any life
	target *published // the newest confirmed publish until then
}

// take reads the next event.
func (c *checker) take(i int, e Event) {
	if c.net.apply(e) && (e.Kind == Partition || e.Kind == Cut || e.Kind == Heal) {
		c.moved = e.At
	}
	s := c.seat(e.Node)
	if now := e.Wall.Add(s.skew); now.After(s.clock) {
		s.clock = now
	}
	missed := e.Receipt != nil && e.Receipt.Acks < e.Receipt.Targets
	if missed || !c.net.whole(c.nodes) {
		c.worst = e.At
	}
	switch e.Kind {
	case Began:
		c.run, c.moved, c.worst = *e.Run, e.At-Grace, e.At-1
	case Ready:
		s.ready = true
	case Skew:
		s.skew = e.By
	case Kill, Stop:
		if e.Phase == Begin {
			s.ended = e.At
		}
	case Thaw:
		s.thawed, s.thaws = e.At, s.thaws+1
	case Join, Restart:
		if e.Phase == End {
			s.life, s.since, s.ready, s.memory = s.life+1, e.At, false, make(map[records.AgentID]*memory)
		}
	case Learn:
		if t, ok := c.open(e.Proof).value.(*records.Tombstone); ok && t.ID() == e.Agent {
			s.recall(e.Agent).dead = true
		}
	case Publish, Revoke, Rotate, Resolve:
		if e.Phase == Begin {
			c.begin(e, s)
			return
		}
		q := c.asked[e.Op]
		delete(c.asked, e.Op)
		switch e.Kind {
		case Publish:
			c.published(e, s, q)
		case Revoke:
			c.revoked(i, e, s, q)
		case Resolve:
			c.resolved(i, e, s, q)
		}
	}
}

func (c *checker) seat(n int) *seat {
	s := c.nodes[n]
	if s == nil {
		s = &seat{memory: make(map[records.AgentID]*memory), disk: make(map[records.AgentID]*memory)}
		c.nodes[n] = s
	}
	return s
}

// waking reports whether a node was thawed less than Grace before.
func (s *seat) waking(at time.Duration) bool { return s.thaws > 0 && at-s.thawed < Grace }

// over reports whether somebody has begun with what ends a record, of the agent or an ancestor:
// it need not be followed any more.
func (c *checker) over(rec *records.Record) bool {
	dying := false
	fate := rec.Standing(func(id records.AgentID) records.Fact {
		a := c.agent(id)
		dying = dying || a.dying
		return a.turned
	})
	return dying || fate != nil
}

func (c *checker) agent(id records.AgentID) *agent {
	a := c.agents[id]
	if a == nil {
		a = &agent{}
		c.agents[id] = a
	}
	return a
}

// recall returns what the node has said of an agent in this life.
func (s *seat) recall(id records.AgentID) *memory { return in(s.memory, id) }

// keep returns what the node has acknowledged of an agent.
func (s *seat) keep(id records.AgentID) *memory { return in(s.disk, id) }

func in(m map[records.AgentID]*memory, id records.AgentID) *memory {
	if m[id] == nil {
		m[id] = &memory{}
	}
	return m[id]
}

// raise takes note of a record.
func (m *memory) raise(rec *records.Record) {
	if lower(m.newest, rec.Mark()) {
		m.newest = rec.Mark()
	}
}

// lower reports whether a is of a lower rotation or sequence than b.
func lower(a, b records.Mark) bool {
	return a.Rotation < b.Rotation || a.Rotation == b.Rotation && a.Sequence < b.Sequence
}

// opened is what some bytes are.
type opened struct {
	value records.Value
	err   error
}

// open verifies bytes, once.
func (c *checker) open(b []byte) opened {
	o, ok := c.values[string(b)]
	if !ok {
		o.value, o.err = records.Open(b)
		c.values[string(b)] = o
	}
	return o
}

// begin takes note of what is known when an operation begins.
func (c *checker) begin(e Event, s *seat) {
	a := c.agent(e.Agent)
	q := question{at: e.At, wall: e.Wall, life: s.life, ready: s.ready, heard: *s.recall(e.Agent), stored: *s.keep(e.Agent)}
	switch e.Kind {
	case Resolve:
		for i := range a.publishes {
			if q.target == nil || lower(q.target.rec.Mark(), a.publishes[i].rec.Mark()) {
				q.target = &a.publishes[i]
			}
		}
	case Revoke:
		a.dying = true
		q.value = c.open(e.Proof).value
	case Rotate:
		if chain, ok := c.open(e.Proof).value.(*records.Chain); ok && chain.ID() == e.Agent {
			a.turned = records.Join(a.turned, chain)
		}
	case Publish:
		q.value = c.open(e.Proof).value
		if !a.born {
			a.born, a.first = true, e.At
		}
	}
	c.asked[e.Op] = q
}

// published takes note of a publish that ended.
func (c *checker) published(e Event, s *seat, q question) {
	rec, ok := q.value.(*records.Record)
	if !ok || rec.ID() != e.Agent || e.Error != "" || e.Receipt == nil || !e.Receipt.Confirmed {
		return
	}
	if q.life == s.life {
		s.recall(e.Agent).raise(rec)
		s.keep(e.Agent).raise(rec)
	}
	p := published{rec: rec, at: e.At, copies: copies(e.Receipt), up: maps.Clone(c.net.up)}
	a := c.agent(e.Agent)
	a.publishes = append(a.publishes, p)
}

// copies is how many a receipt claims.
func copies(r *Receipt) int {
	if r.ReadBack == 0 {
		return 2
	}
	return r.ReadBack
}

// revoked takes note of a revocation that ended: the node itself knows in any case,
// and all others must where the receipt says so.
func (c *checker) revoked(i int, e Event, s *seat, q question) {
	t, ok := q.value.(*records.Tombstone)
	if !ok || t.ID() != e.Agent || e.Error != "" || e.Receipt == nil {
		return
	}
	if q.life == s.life {
		s.recall(e.Agent).dead = true
		s.keep(e.Agent).dead = true
	}
	if e.Receipt.Confirmed {
		a := c.agent(e.Agent)
		a.acks = append(a.acks, i)
	}
}
