package gossip

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/records"
)

// TestAnyOrderEndsAlike: whatever is put, gossiped, reconciled, lost in crashes, brought back
// in restarts and halved, in any order: once all have reconciled with all that they have
// anything in common with, any two hold the same facts of what is in both their ranges, and
// nobody lacks one that somebody has kept.
func TestAnyOrderEndsAlike(t *testing.T) {
	pool := facts(t, 0, 120)
	ranges := []records.Range{everything, everything, low, low, high, lowLow, lowHigh}
	rapid.Check(t, func(t *rapid.T) {
		sides := make([]*part, len(ranges))
		disks := make([][]records.Fact, len(ranges)) // what a crash leaves
		for i, r := range ranges {
			sides[i] = partOf(r)
		}
		draw := func(t *rapid.T) int { return rapid.IntRange(0, len(sides)-1).Draw(t, "side") }
		flush := func(i int) { disks[i] = slices.Collect(sides[i].facts.All()) }
		meet := func(t *rapid.T, i, j int) {
			o := talk(sides[i].reconciler, sides[j].reconciler)
			if errors.Is(o.clientErr, ErrJunk) || errors.Is(o.serverErr, ErrJunk) { // they are all honest
				t.Fatalf("%d with %d: %v and %v", i, j, o.clientErr, o.serverErr)
			}
			flush(i)
			flush(j)
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				i := draw(t)
				sides[i].add(rapid.SampledFrom(pool).Draw(t, "fact"))
				flush(i)
			},
			"gossip": func(t *rapid.T) {
				f := rapid.SampledFrom(pool).Draw(t, "fact")
				for i := range sides {
					if rapid.Bool().Draw(t, "hears") {
						sides[i].add(f)
					}
				}
			},
			"reconcile": func(t *rapid.T) {
				if i, j := draw(t), draw(t); i != j {
					meet(t, i, j)
				}
			},
			"crash": func(t *rapid.T) {
				i := draw(t)
				memory := sides[i].remembered()
				sides[i] = partOf(sides[i].own().within, disks[i]...)
				if rapid.Bool().Draw(t, "remembers") {
					_ = sides[i].recall(memory) // what it has lost makes it wrong, and nothing worse
				}
			},
			"halve": func(t *rapid.T) {
				if i := draw(t); i > 0 && sides[i].own().within.Bits() < 3 {
					sides[i].shrink(sides[i].own().within.Toward(records.Position{}))
					flush(i)
				}
			},
		})
		kept := union()
		for _, s := range sides {
			for f := range s.facts.All() {
				kept.Add(f)
			}
		}
		for range 2 * len(sides) { // a session may be misled twice, and what one brings goes on by another
			for i := range sides {
				for j := range sides {
					if i != j {
						meet(t, i, j)
					}
				}
			}
			if alike(sides, kept) {
				return
			}
		}
		t.Fatal("two sides differ in what is in both their ranges, or a fact was lost")
	})
}

// alike reports whether each side holds all facts of its range.
func alike(sides []*part, kept *records.FactSet) bool {
	for _, s := range sides {
		want := within(s.own().within, slices.Collect(kept.All()))
		if s.facts.Len() != len(want) {
			return false
		}
		for _, f := range want {
			if s.facts.Lookup(f.ID()) == nil {
				return false
			}
		}
	}
	return true
}
