package gossip

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/records"
)

// firstEnd is the first of the days on which the subjects of these tests end, and
// endDays how many there are.
const firstEnd records.Day = 20_000
const endDays = 5

// ending makes facts whose subjects end on one day after another, over and over.
func ending(t testing.TB, from, to int) []records.Fact {
	t.Helper()
	all := make([]records.Fact, 0, to-from)
	for n := from; n < to; n++ {
		f, err := makeFactEnding(n, uint32((int(firstEnd)+n%endDays)*86_400+n))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// cuts moves the cut-off of a side, which drops what is past it now or later.
func (p *part) cuts(at records.Day) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = max(p.cut, at)
}

// drops drops what is past the cut-off.
func (p *part) drops() {
	p.facts.Retain(func(_ int, f records.Fact) bool { return !p.own().cut.Past(f) })
}

// at sets what a side's clock shows: the noon of the day on which this is the cut-off.
func (p *part) at(cut records.Day) {
	noon := cut.Reached().Add(12 * time.Hour)
	p.now = func() time.Time { return noon }
}

// TestCutOffs: a session is about what is past neither side's cut-off, whoever has the later
// one, and whether what is past has been dropped or not. A cut-off that a clock cannot have
// reached voids it, on both sides, and nothing is exchanged.
func TestCutOffs(t *testing.T) {
	all := ending(t, 0, 100)
	for _, row := range []struct {
		name           string
		client, server records.Day // their cut-offs; by their clocks both are firstEnd + 2
		dropped        bool        // by whoever has a cut-off
		want           records.Day
		trips          int
		void           bool
	}{
		{name: "none", trips: 2},
		{name: "the same", client: firstEnd + 2, server: firstEnd + 2, dropped: true, want: firstEnd + 2, trips: 2},
		{name: "the client's alone", client: firstEnd + 2, want: firstEnd + 2, trips: 2},
		{name: "the client's alone, dropped", client: firstEnd + 2, dropped: true, want: firstEnd + 2, trips: 2},
		{name: "the server's alone", server: firstEnd + 2, want: firstEnd + 2, trips: 3},
		{name: "the server's alone, dropped", server: firstEnd + 2, dropped: true, want: firstEnd + 2, trips: 3},
		{name: "a day apart", client: firstEnd + 1, server: firstEnd + 2, dropped: true, want: firstEnd + 2, trips: 3},
		{name: "a day ahead", client: firstEnd + 3, server: firstEnd + 2, dropped: true, want: firstEnd + 3, trips: 2},
		{name: "the client's too far ahead", client: firstEnd + 4, server: firstEnd + 2, void: true},
		{name: "the server's too far ahead", client: firstEnd + 2, server: firstEnd + 4, void: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			client, server := partOf(everything, all[:90]...), partOf(everything, all[10:]...)
			client.at(firstEnd + 2)
			server.at(firstEnd + 2)
			client.cuts(row.client)
			server.cuts(row.server)
			if row.dropped {
				client.drops()
				server.drops()
			}
			hadC, hadS := client.facts.Len(), server.facts.Len()
			o := talk(client.reconciler, server.reconciler)
			if row.void {
				if !errors.Is(o.clientErr, errAhead) || o.client.agreed || o.server.agreed {
					t.Errorf("ended with %v and %v", o.clientErr, o.serverErr)
				}
				if errors.Is(o.clientErr, ErrJunk) || errors.Is(o.serverErr, ErrJunk) {
					t.Errorf("somebody is accused: %v, %v", o.clientErr, o.serverErr)
				}
				if client.facts.Len() != hadC || server.facts.Len() != hadS {
					t.Error("facts were exchanged")
				}
				return
			}
			if o.clientErr != nil || o.serverErr != nil || !o.client.agreed || !o.server.agreed {
				t.Fatalf("%v and %v", o.clientErr, o.serverErr)
			}
			if o.client.over.cut != row.want || o.server.over.cut != row.want || o.client.waits != row.trips {
				t.Errorf("about %s and %s, %s; want a cut-off of %s, %d trips", o.client.over, o.server.over, o, row.want, row.trips)
			}
			for i, f := range all {
				for _, p := range []*part{client, server} {
					if has := p.facts.Lookup(f.ID()) != nil; !has && !row.want.Past(f) {
						t.Errorf("fact %d is missing", i)
					} else if has && row.dropped && p.own().cut.Past(f) {
						t.Errorf("fact %d came back", i)
					}
				}
			}
			again := talk(client.reconciler, server.reconciler)
			if again.clientErr != nil || !again.same || again.client.waits != 1 {
				t.Errorf("the next one: %v, %s", again.clientErr, again)
			}
			client.drops()
			server.drops()
			again = talk(server.reconciler, client.reconciler)
			if again.clientErr != nil || !again.same || again.client.waits != 1 {
				t.Errorf("after all has been dropped: %v, %s", again.clientErr, again)
			}
		})
	}
}

// TestDaysPass: whatever comes, is reconciled, and is lost in crashes, while days pass, and
// each side changes its cut-off and drops what is past when it pleases: nothing is dropped
// early, nothing comes back that is past a side's own cut-off, and in the end all hold the
// same facts, those not past.
func TestDaysPass(t *testing.T) {
	pool := ending(t, 0, 60)
	rapid.Check(t, func(t *rapid.T) {
		const many = 4
		today := firstEnd - 1 // the cut-off of a right clock
		sides, disks := make([]*part, many), make([][]records.Fact, many)
		ever := records.NewFactSet()
		ahead := func(i int) records.Day { return records.Day(i % 2) } // clocks around midnight
		look := func(i int) { sides[i].at(today + ahead(i)) }
		flush := func(i int) { disks[i] = slices.Collect(sides[i].facts.All()) }
		for i := range sides {
			sides[i] = partOf(everything)
			look(i)
		}
		meet := func(t *rapid.T, i, j int) {
			past := func(p *part) (n int) {
				for f := range p.facts.All() {
					if p.own().cut.Past(f) {
						n++
					}
				}
				return n
			}
			hadI, hadJ := past(sides[i]), past(sides[j])
			o := talk(sides[i].reconciler, sides[j].reconciler)
			if errors.Is(o.clientErr, ErrJunk) || errors.Is(o.serverErr, ErrJunk) || errors.Is(o.clientErr, errAhead) {
				t.Fatalf("%d with %d: %v and %v", i, j, o.clientErr, o.serverErr)
			}
			if past(sides[i]) > hadI || past(sides[j]) > hadJ {
				t.Fatal("what is past came back")
			}
			flush(i)
			flush(j)
		}
		draw := func(t *rapid.T) int { return rapid.IntRange(0, many-1).Draw(t, "side") }
		t.Repeat(map[string]func(*rapid.T){
			"gossip": func(t *rapid.T) {
				f := rapid.SampledFrom(pool).Draw(t, "fact")
				for i := range sides {
					if rapid.Bool().Draw(t, "hears") && !sides[i].own().cut.Past(f) {
						sides[i].add(f)
						ever.Add(f)
						flush(i)
					}
				}
			},
			"reconcile": func(t *rapid.T) {
				if i, j := draw(t), draw(t); i != j {
					meet(t, i, j)
				}
			},
			"a day": func(t *rapid.T) {
				if today < firstEnd+endDays-2 {
					today++
				}
				for i := range sides { // who is two days behind is in no session, see TestCutOffs
					look(i)
				}
			},
			"cut": func(t *rapid.T) { i := draw(t); sides[i].cuts(today + ahead(i)) },
			"drop": func(t *rapid.T) {
				i := draw(t)
				sides[i].drops()
				flush(i)
			},
			"crash": func(t *rapid.T) {
				i := draw(t)
				memory, cut := sides[i].remembered(), sides[i].own().cut
				sides[i] = partOf(everything)
				sides[i].cuts(cut) // it is on the disk before anything is dropped
				for _, f := range disks[i] {
					sides[i].facts.Add(f)
				}
				look(i)
				if rapid.Bool().Draw(t, "remembers") {
					_ = sides[i].recall(memory)
				}
			},
		})
		for i := range sides {
			if rapid.Bool().Draw(t, "cuts at last") {
				sides[i].cuts(today + ahead(i))
			}
			if rapid.Bool().Draw(t, "drops at last") {
				sides[i].drops()
			}
		}
		for range 3 * many {
			for i := range sides {
				for j := range sides {
					if i != j {
						meet(t, i, j)
					}
				}
			}
		}
		last := today + 1
		for i := range sides {
			sides[i].cuts(last)
			sides[i].drops()
			for f := range ever.All() {
				if has := sides[i].facts.Lookup(f.ID()) != nil; has == last.Past(f) {
					t.Fatalf("side %d has a fact that is past %v: %v", i, last.Past(f), has)
				}
			}
		}
		for i := range sides[1:] {
			if o := talk(sides[0].reconciler, sides[i+1].reconciler); o.clientErr != nil || !o.same {
				t.Fatalf("sets that should be equal: %v, %s", o.clientErr, o)
			}
		}
	})
}

// TestPulsesOverCutOffs: while one side has changed its cut-off and dropped what is past, and
// the other one has not, their pulses are alike; one with a cut-off that is too far ahead is
// not heard.
func TestPulsesOverCutOffs(t *testing.T) {
	all := ending(t, 0, 100)
	early, late := partOf(everything, all...), partOf(everything, all...)
	for _, p := range []*part{early, late} {
		p.at(firstEnd + 2)
		p.cuts(firstEnd + 1)
	}
	key := [16]byte{1}
	alike := func(when string) {
		t.Helper()
		a, over, _ := early.stance(name(late.reconciler), key)
		b, _, _ := late.stance(name(early.reconciler), key)
		if a.size != b.size || a.sum != b.sum || a.size == 0 {
			t.Errorf("%s: %d and %d facts about %s", when, a.size, b.size, over)
		}
	}
	for _, meet := range []func() outcome{
		func() outcome { return talk(early.reconciler, late.reconciler) },
		func() outcome { return talk(late.reconciler, early.reconciler) },
	} {
		if o := meet(); o.clientErr != nil {
			t.Fatal(o.clientErr)
		}
		alike("before")
	}
	late.cuts(firstEnd + 2)
	if o := talk(early.reconciler, late.reconciler); o.clientErr != nil || o.client.waits != 2 || !o.same {
		t.Errorf("the first session after it: %v, %s", o.clientErr, o)
	}
	alike("after one has changed its cut-off")
	late.drops()
	alike("after it has dropped what is past")
	early.cuts(firstEnd + 2)
	alike("after both have")
	early.drops()
	alike("after both have dropped it")
	if early.facts.Len() != 60 || late.facts.Len() != 60 {
		t.Errorf("%d and %d facts", early.facts.Len(), late.facts.Len())
	}
}

// TestDropsKeepTheLedger: what is past leaves without work that grows with the set, and
// what peers know of the numbers still holds.
func TestDropsKeepTheLedger(t *testing.T) {
	p := partOf(everything, ending(t, 0, 100)...)
	p.cuts(firstEnd + 2)
	l := p.ledgers.get(p.own())
	before, cells := l.take(), l.cells
	instance := p.ledgers.named()
	p.drops()
	after := l.take()
	if after.print != before.print || after.size() != before.size() || l.cells != cells || p.ledgers.named() != instance {
		t.Error("the ledger was made anew")
	}
	p.facts.Retain(func(n int, _ records.Fact) bool { return n != 2 })
	if l.take().size() != before.size()-1 {
		t.Error("a fact that is not past has left, and the ledger does not see it")
	}
}
