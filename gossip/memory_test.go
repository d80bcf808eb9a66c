package gossip

import (
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

func TestMemoryIsBounded(t *testing.T) {
	a := newAcquaintances()
	for i := range maxAcquaintances + 100 {
		a.put(peer.ID(fmt.Sprint(i)), acquaintance{holds: uint64(i)})
	}
	last := peer.ID(fmt.Sprint(maxAcquaintances + 99))
	if len(a.by) != maxAcquaintances || a.get(last).holds != maxAcquaintances+99 {
		t.Errorf("%d remembered, the last one with %d", len(a.by), a.get(last).holds)
	}
	a.put(last, acquaintance{holds: 1})
	if len(a.by) != maxAcquaintances || a.get(last).holds != 1 {
		t.Error("what is known anew takes another one's place")
	}
	if a.get("stranger") != (acquaintance{}) {
		t.Error("a stranger is remembered")
	}
}

// TestAnyMemoryConverges: whatever two sides remember of each other, true or false, a
// session makes their sets equal or says that it did not; then the next one does, or
// the one after that, where both memories and the symbols misled.
func TestAnyMemoryConverges(t *testing.T) {
	pool := facts(t, 0, 400)
	rapid.Check(t, func(t *rapid.T) {
		pick := func(name string) *reconciler {
			set := records.NewFactSet()
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(pool)-1), 0, 300).Draw(t, name) {
				set.Add(pool[i])
			}
			return side(set)
		}
		a, b := pick("a"), pick("b")
		remember := func(of, peer *reconciler, who string) {
			instance := peer.ledgers.instance
			if rapid.IntRange(0, 3).Draw(t, who+" of another instance") == 0 {
				instance[0]++
			}
			size := uint64(peer.facts.Len())
			of.memory.put(name(peer), acquaintance{
				instance: instance, holds: rapid.Uint64Range(0, size+1).Draw(t, who+" holds"),
				fresh: rapid.IntRange(0, 3).Draw(t, who+" fresh") == 0, equal: rapid.Bool().Draw(t, who+" equal"),
			})
		}
		remember(a, b, "a")
		remember(b, a, "b")
		for left := 3; ; left-- {
			want := union(a.facts, b.facts)
			o := talk(a, b)
			if o.clientErr == nil {
				if o.serverErr != nil {
					t.Fatalf("the server says %v", o.serverErr)
				}
				if a.facts.Len() != want.Len() || b.facts.Len() != want.Len() {
					t.Fatalf("agreed with %d and %d facts of %d", a.facts.Len(), b.facts.Len(), want.Len())
				}
				if !a.settled(name(b)) || !b.settled(name(a)) {
					t.Fatal("agreed and not settled")
				}
				return
			}
			if a.settled(name(b)) || b.settled(name(a)) {
				t.Fatalf("settled after %v and %v", o.clientErr, o.serverErr)
			}
			if left == 0 {
				t.Fatalf("no agreement: %v and %v", o.clientErr, o.serverErr)
			}
			if rapid.Bool().Draw(t, "other way") {
				a, b = b, a
			}
		}
	})
}

func union(sets ...*records.FactSet) *records.FactSet {
	all := records.NewFactSet()
	for _, s := range sets {
		for f := range s.All() {
			all.Add(f)
		}
	}
	return all
}

// TestFeedAfterAgreement: between two that have agreed, a session carries what is
// missing and next to nothing else.
func TestFeedAfterAgreement(t *testing.T) {
	client, server := side(setOf(facts(t, 0, 500))), side(setOf(facts(t, 200, 700)))
	agree(t, client, server)
	next := 1_000
	add := func(r *reconciler, n int) {
		for _, f := range facts(t, next, next+n) {
			r.facts.Add(f)
		}
		next += n
	}
	for _, row := range []struct {
		name                 string
		client, server, both int
		trips                int
	}{
		{"client was away", 0, 100, 0, 1}, {"server was away", 100, 0, 0, 2}, {"both were", 50, 50, 0, 2},
		{"one fact", 0, 1, 0, 1}, {"a few at both", 1, 1, 1, 2}, {"again", 30, 20, 0, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			add(client, row.client)
			add(server, row.server)
			for _, f := range facts(t, next, next+row.both) {
				client.facts.Add(f)
				server.facts.Add(f)
			}
			next += row.both
			o := agree(t, client, server)
			if most := int64(190 + 79*(row.client+row.server+row.both)); o.client.waits != row.trips || o.bytes() > most {
				t.Errorf("%s, %d bytes in all, want at most %d", o, o.bytes(), most)
			}
			if o.client.view != nil || o.server.view != nil {
				t.Error("went through the set")
			}
			if o = agree(t, server, client); !o.same {
				t.Errorf("the other way: %s", o)
			}
		})
	}
}

// TestMisledByCells: what somebody has planted so that cells lead astray costs a
// session under fresh keys, and nothing else.
func TestMisledByCells(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(*reconciler)
	}{
		{"an item that is none", func(r *reconciler) { whole(r).take(); whole(r).cells.Add([16]byte{1}) }},
		{"two that cancel", func(r *reconciler) { whole(r).take(); whole(r).cells.Add(itemOf(fact(t, 0))) }},
		{"nothing ever fits", func(r *reconciler) {
			whole(r).take()
			for i := range 200 {
				whole(r).cells.Add([16]byte{byte(i), 1})
			}
		}},
		{"all looks alike", func(r *reconciler) {
			whole(r).take()
			whole(r).cells = riblt.NewPrefix(publicKey, 512)
			for _, f := range facts(t, 0, 1_005) {
				whole(r).cells.Add(itemOf(f))
			}
		}},
		{"the estimate is far too small", func(r *reconciler) { whole(r).sketch = sketch{} }},
	} {
		for _, spoilt := range []string{"client", "server"} {
			t.Run(row.name+" at the "+spoilt, func(t *testing.T) {
				client, server := side(setOf(facts(t, 0, 1_000))), side(setOf(facts(t, 5, 1_005)))
				row.spoil(map[string]*reconciler{"client": client, "server": server}[spoilt])
				sessions := 1
				for o := talk(client, server); o.clientErr != nil || o.serverErr != nil; o = talk(client, server) {
					t.Logf("%v and %v", o.clientErr, o.serverErr)
					if sessions++; sessions > 2 {
						t.Fatal("no agreement")
					}
				}
				if client.facts.Len() != 1_005 || server.facts.Len() != 1_005 {
					t.Errorf("%d and %d facts", client.facts.Len(), server.facts.Len())
				}
			})
		}
	}
}
