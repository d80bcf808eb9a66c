package gossip

import (
	"bytes"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/records"
)

// same reports whether two ledgers say the same of the facts as they stand.
func same(a, b *ledger) bool {
	x, y := a.take(), b.take()
	n := min(a.cells.Len(), b.cells.Len())
	one, err1 := a.run(x, 0, n)
	other, err2 := b.run(y, 0, n)
	return x.print == y.print && x.sketch == y.sketch && x.count == y.count && err1 == nil && err2 == nil && slices.Equal(one.Symbols, other.Symbols)
}

// TestLedgerIsKept: one that was kept says what one says that has looked at all facts,
// whatever came and went before, and whatever comes and goes after.
func TestLedgerIsKept(t *testing.T) {
	pool := facts(t, 0, 120)
	mortal := make(map[records.AgentID]bool)
	for n := range 16 {
		pool = append(pool, lifeOf(t, n).all()...)
		mortal[pool[len(pool)-1].ID()] = true
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	half := records.RangeAround(records.Position{}, 1)
	rapid.Check(t, func(t *rapid.T) {
		over := scope{}
		if rapid.Bool().Draw(t, "half") {
			over.within = half
		}
		set := records.NewFactSet()
		change := func(some []records.Fact) {
			for _, f := range some {
				set.Add(f)
			}
			for n, f := range set.Between(0, set.Next()) {
				if !mortal[f.ID()] && rapid.IntRange(0, 15).Draw(t, "drop") == 0 { // what they replaced would be back
					set.Drop(n, f)
				}
			}
		}
		change(pool[:rapid.IntRange(0, 100).Draw(t, "before")])
		first := newLedger(set, over)
		if rapid.Bool().Draw(t, "early") {
			first.take()
		}
		for _, f := range pool[100:rapid.IntRange(100, 150).Draw(t, "more")] {
			set.Add(f)
		}
		below := rapid.IntRange(0, set.Next()).Draw(t, "below")
		kept := first.append(nil, below)
		set = restarted(set, below)
		again, err := openLedger(set, over, kept)
		if err != nil {
			t.Fatal(err)
		}
		if looked := again.prepare(); looked != set.Next()-below {
			t.Fatalf("%d facts were looked at again, want those from %d to %d", looked, below, set.Next())
		}
		if !same(again, newLedger(set, over)) || again.take().print != first.take().print {
			t.Fatal("it is another one")
		}
		change(pool[150:])
		if !same(again, newLedger(set, over)) {
			t.Fatal("it is another one after a change")
		}
	})
}

// shelf is facts on a disk.
type shelf map[int]records.Fact

func (s shelf) Fact(n int) records.Fact { return s[n] }

func (s shelf) Facts(from, to int) iter.Seq2[int, records.Fact] {
	return func(yield func(int, records.Fact) bool) {
		for _, n := range slices.Sorted(maps.Keys(s)) {
			if n >= from && n < to && !yield(n, s[n]) {
				return
			}
		}
	}
}

// restarted is a set as its disk gives it back, of whose numbers below one an index was kept.
func restarted(set *records.FactSet, below int) *records.FactSet {
	disk := make(shelf)
	for n, f := range set.Between(0, set.Next()) {
		disk[n] = f
	}
	replaced, _ := set.Replaced(below)
	for _, r := range replaced { // their places were not free yet
		disk[r.Number] = r.Fact
	}
	again := records.NewShelvedFactSet(disk)
	for n, f := range disk.Facts(0, set.Next()) {
		again.Replay(n, f)
	}
	again.Skip(set.Next())
	return again
}

// TestLedgerOfOtherFacts: what a ledger was kept of must be what there is.
func TestLedgerOfOtherFacts(t *testing.T) {
	all := facts(t, 0, 100)
	set := setOf(all)
	kept := ledgerOf(set).append(nil, set.Next())
	for _, row := range []struct {
		name string
		over scope
		set  func() *records.FactSet
		b    []byte
	}{
		{"another range", scope{within: records.RangeAround(records.Position{}, 1)}, func() *records.FactSet { return setOf(all) }, kept},
		{"another cut-off", scope{cut: 20_000}, func() *records.FactSet { return setOf(all) }, kept},
		{"the last fact is lost", scope{}, func() *records.FactSet { return setOf(all[:99]) }, kept},
		{"a fact was dropped", scope{}, func() *records.FactSet {
			s := setOf(all)
			s.Drop(7, all[7])
			return s
		}, kept},
		{"another version", scope{}, func() *records.FactSet { return setOf(all) }, append([]byte{keptVersion + 1}, kept[1:]...)},
		{"nothing", scope{}, func() *records.FactSet { return setOf(all) }, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := openLedger(row.set(), row.over, row.b); err == nil {
				t.Error("no error")
			}
		})
	}
	for n := range kept {
		if _, err := openLedger(set, scope{}, kept[:n]); err == nil {
			t.Fatalf("%d of %d bytes are a ledger", n, len(kept))
		}
	}
}

// TestFalseLedgerIsMadeAnew: whatever a kept ledger says, two sides end with the same facts.
func TestFalseLedgerIsMadeAnew(t *testing.T) {
	client, server := side(setOf(facts(t, 0, 1_000))), side(setOf(facts(t, 0, 1_003)))
	false := ledgerOf(client.facts)
	false.take()
	false.print[0]++
	if err := client.ledgers.recall(false.append(nil, client.facts.Next())); err != nil {
		t.Fatal(err)
	}
	for left := 4; ; left-- {
		o := talk(client, server)
		if o.clientErr == nil && o.serverErr == nil {
			break
		}
		if left == 0 {
			t.Fatalf("they never agree: %v, %v", o.clientErr, o.serverErr)
		}
	}
	if client.facts.Len() != 1_003 {
		t.Errorf("%d facts", client.facts.Len())
	}
}

// FuzzKeptLedger opens whatever bytes: they are refused, or are written again as they are.
func FuzzKeptLedger(f *testing.F) {
	set := setOf(facts(f, 0, 40))
	f.Add(ledgerOf(set).append(nil, 40))
	f.Add(ledgerOf(set).append(nil, 30))
	f.Add(newLedger(set, scope{within: records.RangeAround(records.Position{}, 1)}).append(nil, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		over, _, err := cutScope(b[min(1, len(b)):])
		if err != nil {
			return
		}
		l, err := openLedger(set, over, b)
		if err != nil {
			return
		}
		next := l.next
		l.take()
		if again := l.append(nil, next); again != nil && !bytes.Equal(again[:min(len(again), 8)], b[:min(len(b), 8)]) {
			t.Fatalf("%x was read, %x is written", b, again)
		}
	})
}
