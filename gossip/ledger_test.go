package gossip

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// TestLedgerFollowsTheSet: it is the same whether facts came in one order or in
// another, before the first session or between two, and it tells the set as it stood.
func TestLedgerFollowsTheSet(t *testing.T) {
	pool := facts(t, 0, 400)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, len(pool)).Draw(t, "facts")
		then := rapid.IntRange(0, n).Draw(t, "then")
		a, b := records.NewFactSet(), records.NewFactSet()
		early, late := ledgerOf(a), ledgerOf(b)
		for i, f := range pool[:n] {
			if a.Add(f); rapid.IntRange(0, 40).Draw(t, "session") == 0 || i+1 == then {
				early.take()
			}
		}
		for _, f := range slices.Backward(pool[:then]) {
			b.Add(f)
		}
		before := late.take()
		for _, f := range slices.Backward(pool[then:n]) {
			b.Add(f)
		}
		x, y := early.take(), late.take()
		if x.print != y.print || x.sketch != y.sketch || x.size() != uint64(n) {
			t.Fatal("the order matters")
		}
		half := ledgerOf(setOf(pool[:then]))
		if was := half.take(); was.print != before.print || !slices.Equal(symbolsOf(t, before), symbolsOf(t, was)) {
			t.Fatal("a snapshot does not stay")
		}
		for _, f := range pool[:n] {
			if got := y.find(itemOf(f)); got == nil || got.ID() != f.ID() {
				t.Fatal("a fact is not found by its item")
			}
			if got, held := before.find(itemOf(f)), a.Arrival(f.ID()) < then; (got != nil) != held {
				t.Fatalf("found in an earlier snapshot: %t, want %t", got != nil, held)
			}
		}
	})
}

// symbolsOf are the first symbols of a snapshot.
func symbolsOf(t interface{ Fatal(...any) }, s *snapshot) []riblt.Symbol {
	run, err := s.of.run(s, 0, fewestCells)
	if err != nil {
		t.Fatal(err)
	}
	return run.Symbols
}

// ledgerOf is the ledger of everything.
func ledgerOf(set *records.FactSet) *ledger { return newLedger(set, scope{}) }

func TestCellsGrow(t *testing.T) {
	for _, row := range []struct {
		size uint64
		want int
	}{{0, 64}, {128, 64}, {129, 128}, {65_535, 32_768}, {1_000_000, 32_768}, {maxSetSize, 32_768}} {
		if got := cellsFor(row.size); got != row.want {
			t.Errorf("%d cells of %d facts, want %d", got, row.size, row.want)
		}
	}
}

// TestFingerprintLanes: sums carry within a lane and not into the next one.
func TestFingerprintLanes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p, q fingerprint
		var want [lanesSize / 2]uint16
		for i := range p {
			p[i], q[i] = rapid.Uint64().Draw(t, "p"), rapid.Uint64().Draw(t, "q")
		}
		a, b := p.bytes(), q.bytes()
		for i := range want {
			want[i] = binary.BigEndian.Uint16(a[2*i:]) + binary.BigEndian.Uint16(b[2*i:])
		}
		was := p
		p.add(&q)
		back := p
		if back.sub(&q); back != was {
			t.Fatal("what was added is not taken away")
		}
		for i, sum := 0, p.bytes(); i < len(want); i++ {
			if got := binary.BigEndian.Uint16(sum[2*i:]); got != want[i] {
				t.Fatalf("lane %d is %d, want %d", i, got, want[i])
			}
		}
	})
}

// TestSketchEstimates: right to a quarter in two of three cases, never off by more than
// its double, and not at all where there is one difference.
func TestSketchEstimates(t *testing.T) {
	pool := facts(t, 0, 5_000)
	next := 0
	for _, d := range []int{0, 1, 2, 10, 100, 1_000} {
		t.Run(fmt.Sprint(d), func(t *testing.T) {
			worst := 0.0
			for range 5 {
				var a, b sketch
				for i := range d {
					e := essenceOf(pool[(next+i)%len(pool)])
					if i%3 == 0 {
						a.add(e.signs)
					} else {
						b.add(e.signs)
					}
				}
				next += d
				got := parseSketch(a.append(nil)).difference(parseSketch(b.append(nil)))
				worst = max(worst, math.Abs(float64(got)-float64(d)))
			}
			if worst > float64(d) || d < 2 && worst > 0 {
				t.Errorf("off by %.0f", worst)
			}
		})
	}
}

func BenchmarkLedger(b *testing.B) {
	pool := facts(b, 0, 1<<12)
	for i := 0; b.Loop(); i++ {
		l := ledger{set: records.NewFactSet(), cells: riblt.NewPrefix(publicKey, mostCells)}
		for _, f := range pool {
			e := essenceOf(f)
			l.print.add(&e.lanes)
			l.sketch.add(e.signs)
			l.cells.Add(e.item)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(pool)), "ns/fact")
}
