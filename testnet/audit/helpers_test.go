package audit_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// write puts events into the form of a log, whatever they say.
func write(t *testing.T, events []audit.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	for _, e := range events {
		if err := out.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// epoch is when a story begins.
var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// story writes a log by hand, with every agent and every time in the writer's power.
type story struct {
	t      *testing.T
	now    time.Duration
	ops    uint64
	events []audit.Event
	open   map[audit.Kind]audit.Event // begun by begin, one of each kind
}

// tell begins a story of nodes 1 to count.
func tell(t *testing.T, disk bool, count int) *story {
	s := &story{t: t, open: make(map[audit.Kind]audit.Event)}
	s.note(audit.Event{Kind: audit.Began, Run: &audit.Run{World: "story", Disk: disk}})
	for n := range count {
		s.join(n + 1)
	}
	s.pass(time.Minute)
	return s
}

func (s *story) pass(d time.Duration) { s.now += d }

func (s *story) note(e audit.Event) {
	e.At, e.Wall = s.now, epoch.Add(s.now)
	s.events = append(s.events, e)
}

// begin and end write an operation; one of a kind at a time.
func (s *story) begin(e audit.Event) {
	s.ops++
	e.Phase, e.Op = audit.Begin, s.ops
	s.open[e.Kind] = e
	s.note(e)
}

func (s *story) end(kind audit.Kind, e audit.Event) {
	b := s.open[kind]
	e.Kind, e.Phase, e.Op, e.Node, e.Agent, e.Policy = kind, audit.End, b.Op, b.Node, b.Agent, b.Policy
	s.note(e)
}

// both writes an operation that takes a tenth of a second.
func (s *story) both(b, e audit.Event) {
	s.begin(b)
	s.pass(100 * time.Millisecond)
	s.end(b.Kind, e)
}

func (s *story) join(n int)    { s.both(audit.Event{Kind: audit.Join, Node: n}, audit.Event{}) }
func (s *story) kill(n int)    { s.both(audit.Event{Kind: audit.Kill, Node: n}, audit.Event{}) }
func (s *story) restart(n int) { s.both(audit.Event{Kind: audit.Restart, Node: n}, audit.Event{}) }
func (s *story) ready(n int)   { s.note(audit.Event{Kind: audit.Ready, Node: n}) }
func (s *story) freeze(n int)  { s.note(audit.Event{Kind: audit.Freeze, Node: n}) }
func (s *story) thaw(n int)    { s.note(audit.Event{Kind: audit.Thaw, Node: n}) }
func (s *story) heal()         { s.note(audit.Event{Kind: audit.Heal}) }
func (s *story) cut(a, b int)  { s.note(audit.Event{Kind: audit.Cut, Node: a, To: b}) }
func (s *story) partition(groups ...[]int) {
	s.note(audit.Event{Kind: audit.Partition, Groups: groups})
}
func (s *story) skew(n int, by time.Duration) {
	s.note(audit.Event{Kind: audit.Skew, Node: n, By: by})
}

// safe is a receipt with three copies, full one with all, claim one with none.
var (
	safe  = audit.Receipt{Targets: 5, Acks: 4, ReadBack: 3, Confirmed: true}
	full  = audit.Receipt{Targets: 5, Acks: 5, ReadBack: 5, Confirmed: true}
	claim = audit.Receipt{Targets: 5, Acks: 5, Confirmed: true}
	weak  = audit.Receipt{Targets: 5, Acks: 1, ReadBack: 1}
)

func (s *story) publish(n int, rec *records.Record, r audit.Receipt) {
	s.both(audit.Event{Kind: audit.Publish, Node: n, Agent: rec.ID(), Proof: rec.Bytes()}, audit.Event{Receipt: &r})
}

func (s *story) revoke(n int, tomb *records.Tombstone, r audit.Receipt) {
	s.both(audit.Event{Kind: audit.Revoke, Node: n, Agent: tomb.ID(), Proof: tomb.Bytes()}, audit.Event{Receipt: &r})
}

// answers has a node answer, with a value or none.
func (s *story) answers(n int, a *testnet.Agent, status records.Status, v records.Value) {
	s.asked(n, a, "first", status, v)
}

func (s *story) asked(n int, a *testnet.Agent, policy string, status records.Status, v records.Value) {
	var proof []byte
	if v != nil {
		proof = v.Bytes()
	}
	s.both(audit.Event{Kind: audit.Resolve, Node: n, Agent: a.ID(), Policy: policy}, audit.Event{Status: status, Proof: proof})
}

// remembers is an answer out of the node's own memory.
func (s *story) remembers(n int, a *testnet.Agent, rec *records.Record) {
	s.both(audit.Event{Kind: audit.Resolve, Node: n, Agent: a.ID(), Policy: "cache-first"},
		audit.Event{Status: records.StatusActive, Source: "cache", Proof: rec.Bytes()})
}

func (s *story) fails(n int, a *testnet.Agent) {
	s.both(audit.Event{Kind: audit.Resolve, Node: n, Agent: a.ID(), Policy: "first"}, audit.Event{Error: "timeout"})
}

// agent makes an agent whose clock is the story's.
func (s *story) agent() *testnet.Agent {
	a, err := testnet.NewAgent(func() time.Time { return epoch.Add(s.now) })
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *story) record(a *testnet.Agent, seq uint64, lease time.Duration) *records.Record {
	rec, err := a.Sign("https://place.example/a2a", seq, lease)
	if err != nil {
		s.t.Fatal(err)
	}
	return rec
}

func (s *story) tombstone(a *testnet.Agent) *records.Tombstone {
	tomb, err := a.Tombstone()
	if err != nil {
		s.t.Fatal(err)
	}
	return tomb
}

// judge checks the story, by way of its written form, and wants exactly the rules.
func (s *story) judge(want ...audit.Rule) {
	s.t.Helper()
	events, err := audit.Read(bytes.NewReader(write(s.t, s.events)))
	if err != nil {
		s.t.Fatal(err)
	}
	var got []audit.Rule
	found := audit.Check(events)
	for _, v := range found {
		got = append(got, v.Rule)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("found %v, want %v", found, want)
	}
}
