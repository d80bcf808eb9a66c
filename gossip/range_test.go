package gossip

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/records"
)

// The ranges of these tests: everything, a half and its quarters, and the other half.
var (
	everything = records.Range{}
	low, high  = everything.Halves()
	lowLow, _  = low.Halves()
	_, lowHigh = low.Halves()
)

// part is a side that holds the facts of a range, and can halve it.
type part struct {
	*reconciler
	mu     sync.Mutex
	within records.Range
	cut    records.Day
}

func partOf(within records.Range, all ...records.Fact) *part {
	p := &part{within: within}
	set := records.NewFactSet()
	p.reconciler = newReconciler(Config{
		Facts: set,
		Ingest: func(f records.Fact, _ peer.ID, _ Via) (bool, error) {
			return p.own().has(f) && set.Add(f), nil
		},
		Flush:     func(context.Context) error { return nil },
		EverReady: func() bool { return true },
		Range: func() records.Range {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.within
		},
		CutOff: func() records.Day {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.cut
		},
		Now: time.Now,
	})
	p.add(all...)
	return p
}

func (p *part) add(all ...records.Fact) {
	for _, f := range all {
		if p.own().has(f) {
			p.facts.Add(f)
		}
	}
}

// narrow makes the range a part of itself.
func (p *part) shrink(to records.Range) {
	p.mu.Lock()
	p.within = to
	p.mu.Unlock()
	p.facts.Retain(func(_ int, f records.Fact) bool { return to.Has(f.ID()) })
}

// within are the facts of a list that are in a range.
func within(r records.Range, all []records.Fact) []records.Fact {
	return slices.DeleteFunc(slices.Clone(all), func(f records.Fact) bool { return !r.Has(f.ID()) })
}

// TestSessionsOverRanges: two sides end with the same facts in what is in both their
// ranges, get none beyond it, and know how each other's range stands afterwards.
func TestSessionsOverRanges(t *testing.T) {
	all := facts(t, 0, 800)
	for _, row := range []struct {
		name           string
		client, server records.Range
		trips          int // at most, the first time
		again          int
	}{
		{"everything", everything, everything, 3, 1},
		{"a half with everything", low, everything, 3, 1},
		{"everything with a half", everything, low, 4, 1},
		{"a quarter with its half", lowHigh, low, 3, 1},
		{"a half with its quarter", low, lowLow, 4, 1},
		{"two halves", low, high, 1, 1},
		{"two quarters of one half", lowLow, lowHigh, 1, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := partOf(row.client, all[:500]...), partOf(row.server, all[300:]...)
			over, some := row.client.Meet(row.server)
			was := b.facts.Len()
			o := talk(a.reconciler, b.reconciler)
			if o.clientErr != nil || o.serverErr != nil {
				t.Fatalf("client: %v, server: %v", o.clientErr, o.serverErr)
			}
			if o.client.waits > row.trips || o.client.apart != !some {
				t.Errorf("%s, apart %v", o, o.client.apart)
			}
			if !some {
				if b.facts.Len() != was || o.client.received > 0 {
					t.Error("got facts beyond the range")
				}
				return
			}
			if at := (scope{within: over}); o.client.over != at || o.server.over != at {
				t.Errorf("about %s and %s, want %s", o.client.over, o.server.over, over)
			}
			want := within(over, all)
			for _, f := range want {
				if a.facts.Lookup(f.ID()) == nil || b.facts.Lookup(f.ID()) == nil {
					t.Fatal("a side lacks a fact of both ranges")
				}
			}
			if all := slices.Collect(a.facts.All()); len(within(over, all)) != len(want) {
				t.Error("a fact of nobody's")
			}
			if o = talk(a.reconciler, b.reconciler); !o.same || o.client.waits != row.again {
				t.Errorf("again: %s", o)
			}
			if !a.settled(name(b.reconciler)) || !b.settled(name(a.reconciler)) {
				t.Error("not settled")
			}
		})
	}
}

// TestFeedOverARange: what is remembered of a peer about a part of our range serves when
// the range has become that part.
func TestFeedOverARange(t *testing.T) {
	all := facts(t, 0, 2_000)
	client, server := partOf(low, all[:1_000]...), partOf(everything, all[:1_000]...)
	for range 2 {
		if o := talk(client.reconciler, server.reconciler); o.clientErr != nil {
			t.Fatal(o.clientErr)
		}
	}
	add := func(from, to int) (news int) {
		server.add(all[from:to]...)
		return len(within(client.own().within, all[from:to]))
	}
	check := func(news int) {
		t.Helper()
		o := talk(client.reconciler, server.reconciler)
		if o.clientErr != nil || o.client.received != news || o.client.waits != 1 || o.bytes() > int64(180+80*news) {
			t.Errorf("%v, %s; want %d facts", o.clientErr, o, news)
		}
	}
	check(add(1_000, 1_200))
	server.shrink(low)
	check(add(1_200, 1_400))
	client.shrink(lowLow)
	talk(client.reconciler, server.reconciler)
	check(add(1_400, 1_600))
	if client.facts.Len() != len(within(lowLow, all[:1_600])) {
		t.Errorf("%d facts", client.facts.Len())
	}
}

// TestLedgerOfARange: it is the ledger of the facts in it, whatever comes in between, and
// stays so when facts are dropped.
func TestLedgerOfARange(t *testing.T) {
	pool := ending(t, 0, 120)
	rapid.Check(t, func(t *rapid.T) {
		set, next := records.NewFactSet(), 0
		ls := newLedgers(set, func() scope { return scope{} })
		ranges := []scope{{}, {within: low}, {within: high}, {within: lowLow}, {cut: firstEnd + 2}, {low, firstEnd + 1}}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, 30).Draw(t, "more") {
					set.Add(pool[next%len(pool)])
					next++
				}
			},
			"look": func(t *rapid.T) { ls.get(rapid.SampledFrom(ranges).Draw(t, "at")).take() },
			"drop": func(t *rapid.T) {
				from := rapid.SampledFrom(ranges).Draw(t, "of")
				for _, r := range ranges {
					ls.get(r).take()
				}
				set.Retain(func(n int, f records.Fact) bool { return !from.has(f) || n%3 != 0 })
			},
			"": func(t *rapid.T) {
				r := rapid.SampledFrom(ranges).Draw(t, "range")
				var in []records.Fact
				for f := range set.All() {
					if r.has(f) {
						in = append(in, f)
					}
				}
				l := ls.get(r)
				got, want := l.take(), ledgerOf(setOf(in))
				w := want.take()
				if got.print != w.print || got.sketch != w.sketch || got.size() != w.size() {
					t.Fatalf("%s: %d facts, want %d", r, got.size(), w.size())
				}
				if !slices.Equal(symbolsOf(t, got), symbolsOf(t, w)) {
					t.Fatal("other symbols")
				}
				since, err := got.since(0)
				if err != nil || len(since) != len(in) {
					t.Fatalf("%d facts, %v", len(since), err)
				}
				for i, f := range since {
					if set.Arrival(f.fact.ID()) != f.n || f.fact.ID() != in[i].ID() || got.find(itemOf(f.fact)) == nil {
						t.Fatalf("fact %d is number %d", i, f.n)
					}
				}
			},
		})
	})
}

// TestLedgersAreFew: whatever ranges peers name, so many are kept, and our own one always.
func TestLedgersAreFew(t *testing.T) {
	set := setOf(facts(t, 0, 50))
	ls := newLedgers(set, func() scope { return scope{within: low} })
	ours := scope{within: low}
	ls.get(ours).take()
	for i := range 200 {
		ls.get(scope{within: records.RangeAround(records.Position{byte(i / 2)}, 9)}).take()
	}
	if len(ls.of) > maxLedgers+1 || !ls.has(ours) {
		t.Errorf("%d ledgers, our own %v", len(ls.of), ls.has(ours))
	}
}

// TestBeyondTheRange: whoever sends what is not in the range that he named breaks the
// protocol.
func TestBeyondTheRange(t *testing.T) {
	ours, theirs := net.Pipe()
	s := &session{wire: newWire(untimed{ours}), r: partOf(low).reconciler, peer: "peer"}
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer func() { _ = theirs.Close() }()
		w := newWire(untimed{theirs})
		if _, _, err := w.read(); err != nil {
			t.Error(err)
		}
		beyond := within(high, facts(t, 0, 20))[0]
		_ = w.write(frameWelcome, welcome{mode: modeFeed, size: 1, count: 1}.append(nil))
		_ = w.write(frameFacts, appendFact(nil, beyond.Bytes()))
		_ = w.flush()
		_, _, _ = w.read()
	}()
	_, err := s.initiate(t.Context())
	_ = ours.Close()
	<-over
	if !errors.Is(err, ErrJunk) || s.r.facts.Len() > 0 {
		t.Errorf("%v, %d facts", err, s.r.facts.Len())
	}
}

// TestPulsesOverRanges: two nodes whose ranges differ find by pulses that they agree on
// what is in both.
func TestPulsesOverRanges(t *testing.T) {
	all := facts(t, 0, 100)
	half := func(c *Config) { c.Range = func() records.Range { return low } }
	a, b := join(t, newHost(t), all), join(t, newHost(t), within(low, all), half)
	connect(t, a.host, b.host)
	a.wait(t, "agree about the half", func() bool {
		return slices.ContainsFunc(a.reports, func(r SyncReport) bool { return r.Complete && r.Range == low })
	})
	eventually(t, "link", func() bool { return a.trees.linked(b.host.ID()) && b.trees.linked(a.host.ID()) })
	a.hasten()
	b.hasten()
	for _, n := range []*node{a, b} {
		n.wait(t, "agree by a pulse", func() bool {
			return slices.ContainsFunc(n.reports, func(r SyncReport) bool { return r.Complete && r.Range == low && r.Reason == "pulse" })
		})
	}
}
