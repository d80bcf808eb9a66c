package node

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/records"
)

// endsOn makes the n-th of many tombstones whose subjects end on a day.
func endsOn(t *testing.T, day records.Day, n int) *records.Tombstone {
	t.Helper()
	var secret records.Secret
	binary.BigEndian.PutUint64(secret[:], uint64(day)<<20+uint64(n)+1)
	h, err := records.NewHeader(records.KindAgent, uint32(day)*86_400+86_399, [32]byte(secret), secret)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := h.Reveal(secret)
	if err != nil {
		t.Fatal(err)
	}
	return dead
}

// TestCompaction: what is past the cut-off is dropped, and nothing else; it does not come
// back by any way, also not after a restart, and with it no clock that was set back.
func TestCompaction(t *testing.T) {
	var wall atomic.Int64
	now := func() time.Time { return time.Unix(wall.Load(), 0).UTC() }
	cut := records.DayOf(time.Now())
	wall.Store(cut.Reached().Unix())
	if got := records.CutOffAt(now()); got != cut || records.CutOffAt(now().Add(-time.Second)) != cut-1 {
		t.Fatalf("the cut-off is %s, want %s", got, cut)
	}
	dir := t.TempDir()
	n := newTestNode(t, Config{Dir: dir, Now: now})
	days := []records.Day{cut - 400, cut - 1, cut, cut + 400}
	facts := make(map[records.Day]*records.Tombstone)
	for _, day := range days {
		facts[day] = endsOn(t, day, 0)
		if isNew, err := n.ingestGossip(facts[day], "", gossip.ViaSync); !isNew || err != nil {
			t.Fatalf("%s: %v, %v", day, isNew, err)
		}
	}
	check := func(n *Node, when string) {
		t.Helper()
		for _, day := range days {
			if has := n.final(facts[day].ID()) != nil; has != (day >= cut) {
				t.Errorf("%s: what ended on %s is held: %v", when, day, has)
			}
		}
	}
	if dropped, err := n.cutAt(t.Context(), cut); dropped != 2 || err != nil {
		t.Fatalf("%d dropped, %v", dropped, err)
	}
	check(n, "at once")
	refused := func(n *Node, when string) {
		t.Helper()
		for _, day := range days[:2] {
			if isNew, err := n.ingestGossip(facts[day], "", gossip.ViaSync); isNew || err != nil {
				t.Errorf("%s: it comes back by a session: %v, %v", when, isNew, err)
			}
			if err := (values{n}).Put(t.Context(), facts[day]); !errors.Is(err, records.ErrExpired) {
				t.Errorf("%s: a put of what is past: %v", when, err)
			}
			if _, err := n.Revoke(t.Context(), facts[day]); !errors.Is(err, records.ErrExpired) {
				t.Errorf("%s: a revocation of what is past: %v", when, err)
			}
		}
		check(n, when)
	}
	refused(n, "after the drop")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	wall.Store(cut.Reached().Add(-90 * 24 * time.Hour).Unix())
	n = newTestNode(t, Config{Dir: dir, Now: now})
	check(n, "after a restart")
	refused(n, "after a restart")
	if n.clock.Now().Before(cut.Reached()) {
		t.Errorf("the clock runs below the cut-off: %s", n.clock.Now())
	}
	if got := n.Status().FactCutOff; got != cut.String() {
		t.Errorf("the status says %q", got)
	}
}

// TestDropCutShort: a run that ended between its new cut-off and the drop is followed by one
// that drops.
func TestDropCutShort(t *testing.T) {
	dir := t.TempDir()
	n := newTestNode(t, Config{Dir: dir})
	cut := records.CutOffAt(time.Now())
	past := endsOn(t, cut-1, 0)
	if isNew, err := n.ingestGossip(past, "", gossip.ViaSync); !isNew || err != nil {
		t.Fatal(isNew, err)
	}
	if err := n.store.SetMeta(t.Context(), metaCutOff, appendCutOff(cut, 0)); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = newTestNode(t, Config{Dir: dir})
	until(t, "it is dropped", func() bool { return n.final(past.ID()) == nil })
}

// TestLaterCutOff: the cut-off moves only by a clock that others' agree with.
func TestLaterCutOff(t *testing.T) {
	today := records.CutOffAt(time.Now())
	for _, row := range []struct {
		name   string
		ahead  []time.Duration
		has    records.Day
		cut    records.Day
		unsure bool
	}{
		{name: "no clock is known", unsure: true},
		{name: "they agree", ahead: []time.Duration{0, time.Second}, cut: today},
		{name: "it is today's already", ahead: []time.Duration{0}, has: today},
		{name: "4 minutes", ahead: []time.Duration{4 * time.Minute}, cut: today},
		{name: "5 minutes ahead", ahead: []time.Duration{5 * time.Minute}, unsure: true},
		{name: "a day behind", ahead: []time.Duration{-24 * time.Hour}, unsure: true},
		{name: "one of three lies", ahead: []time.Duration{0, 0, 24 * time.Hour}, cut: today},
	} {
		t.Run(row.name, func(t *testing.T) {
			start := time.Now()
			n := &Node{started: start, clock: newClock(nil, start, time.Time{}), offsets: newOffsets(0)}
			n.cut.Store(uint32(row.has))
			for i, ahead := range row.ahead {
				n.offsets.note(origin{peer: peer.ID(rune('a' + i))}, ahead, 0)
			}
			if cut, unsure := n.laterCutOff(); cut != row.cut || unsure != row.unsure {
				t.Errorf("%s, unsure %v", cut, unsure)
			}
		})
	}
}

// TestClockFarOff: a node whose clock is more than 30 seconds from the peers' says so, and
// over 5 minutes calls nothing active; the others take no notice of one such peer.
func TestClockFarOff(t *testing.T) {
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{}, a)
	agent := mustAgent(t, a, "timely")
	if _, err := a.PublishAgent(t.Context(), "timely", placeAt("https://one.example/a2a"), 0); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		ahead  time.Duration
		status records.Status
		says   string
	}{
		{"right", 0, records.StatusActive, ""},
		{"2 minutes ahead", 2 * time.Minute, records.StatusActive, "ahead of those of 2 peers"},
		{"10 minutes ahead", 10 * time.Minute, records.StatusUnverified, "ahead of those of 2 peers"},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := newTestNode(t, Config{Now: func() time.Time { return time.Now().Add(row.ahead) }}, a, b)
			until(t, "two clocks are known", func() bool { _, clocks := n.offset(); return clocks == 2 })
			res := mustResolve(t, n, agent.ID(), Policy{})
			if res.Status != row.status {
				t.Errorf("%s, because %s; want %s", res.Status, res.Reason, row.status)
			}
			if s := n.Status(); !strings.Contains(s.Reason, row.says) || row.says == "" && s.Reason != "" || s.ClockPeers != 2 {
				t.Errorf("the status says %q, by %d clocks", s.Reason, s.ClockPeers)
			}
			for _, other := range []*Node{a, b} {
				if res := mustResolve(t, other, agent.ID(), Policy{}); res.Status != records.StatusActive {
					t.Errorf("another one says %s, because %s", res.Status, res.Reason)
				}
			}
		})
	}
}

// TestLedgerOutlivesRestart: a start goes through no fact that an earlier run had gone through
// for reconciliation, also where the cut-off has moved and nothing was dropped by it.
func TestLedgerOutlivesRestart(t *testing.T) {
	dir := t.TempDir()
	cut := records.CutOffAt(time.Now())
	n := newTestNode(t, Config{Dir: dir})
	for i := range 5 {
		if isNew, err := n.ingestGossip(endsOn(t, cut+400, i), "", gossip.ViaSync); !isNew || err != nil {
			t.Fatal(isNew, err)
		}
	}
	again := func(when string) {
		t.Helper()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		var told strings.Builder
		n = newTestNode(t, Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&told, nil))})
		before := n.store.BesideFacts()
		if err := n.Close(); err != nil { // what it has to say is said
			t.Fatal(err)
		}
		if len(before) == 0 || strings.Contains(told.String(), "gone through again") {
			t.Errorf("%s: %d bytes were beside the facts\n%s", when, len(before), told.String())
		}
		n = newTestNode(t, Config{Dir: dir})
	}
	again("at first")
	if dropped, err := n.cutAt(t.Context(), cut); dropped != 0 || err != nil {
		t.Fatal(dropped, err)
	}
	again("with a later cut-off")
}
