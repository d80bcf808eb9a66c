package overlay

import (
	"bufio"
	"bytes"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// Whoever is connected with a holder answers for it, its own store first; who is asked
// too often does not.
func TestPassedQuestion(t *testing.T) {
	nodes := newNetwork(t, 5, quic, func(c *Config) { c.Replication = 3 })
	rec := newAgent(t, 1).record(1)
	want := nearest(nodes, rec.ID(), 3, "")
	for _, n := range nodes {
		if slices.Contains(want, n.self) {
			if err := n.values.Put(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	i := slices.IndexFunc(nodes, func(n *testNode) bool { return !slices.Contains(want, n.self) })
	x := nodes[i]
	reader := newNode(t, 100, quic, func(c *Config) { c.Client = true })
	if _, err := reader.Bootstrap(t.Context(), []peer.AddrInfo{x.info()}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the passer is connected with a holder", func() bool { return x.quickestHolder(rec.ID().Key(), "") != "" })
	r := reader.askPassed(t.Context(), x.self, rec.ID().Key())
	if r.err != nil || r.value == nil || !bytes.Equal(r.value.Bytes(), rec.Bytes()) || !slices.Contains(want, r.peer) || r.via != x.self {
		t.Errorf("passed on: %+v", r)
	}
	if r := reader.askPassed(t.Context(), x.self, newAgent(t, 2).id().Key()); r.err != nil || r.value != nil {
		t.Errorf("nobody has it: %+v", r)
	}
	refused := 0
	for range 5 * passBurst {
		if r := reader.askPassed(t.Context(), x.self, rec.ID().Key()); r.err != nil {
			refused++
		}
	}
	if refused == 0 || x.Stats().Passed == 0 {
		t.Errorf("%d of %d refused, %d passed on", refused, 5*passBurst, x.Stats().Passed)
	}
}

// A value that is passed on verifies like any other.
func TestPassedLies(t *testing.T) {
	n := newNode(t, 0, quic)
	mine, other := newAgent(t, 1), newAgent(t, 2)
	holder, _ := hostKey(t, 7)
	id, err := peer.IDFromPrivateKey(holder)
	if err != nil {
		t.Fatal(err)
	}
	var body atomic.Value // of []byte
	liar := newHost(t, 1, quic)
	liar.SetStreamHandler("/cairn"+passSuffix, func(s network.Stream) {
		_, _ = readBody(bufio.NewReader(s), maxPassKey)
		_ = writeFrame(s, body.Load().([]byte))
		_ = s.Close()
	})
	if err := n.host.Connect(t.Context(), infoOf(liar)); err != nil {
		t.Fatal(err)
	}
	good := encodePassed(id, mine.record(1))
	for name, row := range map[string]struct {
		body []byte
		ok   bool
	}{
		"the value":        {good, true},
		"of another agent": {encodePassed(id, other.record(1)), false},
		"cut short":        {good[:len(good)-1], false},
		"no value":         {good[:1+len(id)], false},
		"no holder":        {append([]byte{0}, good[1+len(id):]...), false},
		"a long holder":    {append([]byte{200}, good...), false},
		"too long":         {make([]byte, maxPassed+1), false},
	} {
		body.Store(row.body)
		if r := n.askPassed(t.Context(), liar.ID(), mine.id().Key()); (r.err == nil && r.value != nil) != row.ok {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Who passes on what the holders' own answers outrank is found out.
func TestStalePasser(t *testing.T) {
	agent := newAgent(t, 1)
	s := &search{holders: make(map[peer.ID]bool)}
	n := newNode(t, 0, quic)
	look := n.newLookup(positionOfKey(agent.id().Key()), lookup.Region{K: 3}, nil)
	for _, r := range []reply{
		{peer: "h1", via: "old", value: agent.record(1)},
		{peer: "h2", via: "new", value: agent.record(3)},
		{peer: "h3", value: agent.record(2)},
		{peer: "h1", value: agent.record(3)},
	} {
		s.got(look, r)
	}
	if all := s.staleBy(); !slices.Equal(all, []peer.ID{"old"}) {
		t.Errorf("found out: %v", all)
	}
	if len(s.holders) != 2 || len(s.report.Path) != 4 {
		t.Errorf("%d holders, %d hops", len(s.holders), len(s.report.Path))
	}
}

func FuzzPassed(f *testing.F) {
	_, id := hostKey(f, 1)
	f.Add(encodePassed(id, newAgent(f, 1).record(1)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		holder, value, err := decodePassed(b)
		if err != nil || len(b) == 0 {
			return
		}
		if again := append(append([]byte{byte(len(holder))}, holder...), value...); !bytes.Equal(again, b) || len(value) == 0 {
			t.Errorf("%x became %x", b, again)
		}
	})
}
