package riblt

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// naive computes symbols from the definition, item by item and symbol by symbol.
func naive(key Key, items []Item, m int) []Symbol {
	syms := make([]Symbol, m)
	for _, it := range items {
		seed := key.seed(&it)
		for i := range syms {
			if !placed(seed, uint32(i)) {
				continue
			}
			for b := range it {
				syms[i].Sum[b] ^= it[b]
			}
			syms[i].Check ^= uint32(seed)
			syms[i].Count++
		}
	}
	return syms
}

func TestEncoderMatchesDefinition(t *testing.T) {
	for _, n := range []int{0, 1, 2, 15, 16, 17, 100, 20_000} {
		d := newDraws(uint64(n))
		key, items := d.key(), d.items(n)
		want := naive(key, items, 40)
		for _, step := range []int{1, 3, 8, 40} {
			enc := NewEncoder(key, slices.Values(items))
			var got []Symbol
			for len(got) < len(want) {
				run := enc.Next(min(step, len(want)-len(got)))
				if run.Start != len(got) || run.Size != int64(n) {
					t.Fatalf("run of start %d, size %d; want %d, %d", run.Start, run.Size, len(got), n)
				}
				got = append(got, run.Symbols...)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%d items by %d: %s", n, step, diff)
			}
		}
	}
}

func TestEncoderIgnoresOrder(t *testing.T) {
	d := newDraws(3)
	key, items := d.key(), d.items(1000)
	want := NewEncoder(key, slices.Values(items)).Next(100)
	slices.Reverse(items)
	if diff := cmp.Diff(want, NewEncoder(key, slices.Values(items)).Next(100)); diff != "" {
		t.Error(diff)
	}
}

func TestEncoderDependsOnKey(t *testing.T) {
	d := newDraws(4)
	items := d.items(10)
	a := NewEncoder(d.key(), slices.Values(items)).Next(10)
	b := NewEncoder(d.key(), slices.Values(items)).Next(10)
	if a.Symbols[0].Sum != b.Symbols[0].Sum {
		t.Error("symbol 0 holds all items under any key")
	}
	if a.Symbols[0].Check == b.Symbols[0].Check || cmp.Equal(a.Symbols[1:], b.Symbols[1:]) {
		t.Error("checks or places are the same under two keys")
	}
}

func TestEncoderEnds(t *testing.T) {
	enc := NewEncoder(Key{}, slices.Values([]Item(nil)))
	enc.seq.pos, enc.seq.start = MaxSymbols-3, MaxSymbols-3 // as if all before had been sent
	if run := enc.Next(10); len(run.Symbols) != 3 || run.Start != MaxSymbols-3 {
		t.Errorf("%d symbols from %d", len(run.Symbols), run.Start)
	}
	if run := enc.Next(10); len(run.Symbols) != 0 {
		t.Errorf("%d symbols beyond the end", len(run.Symbols))
	}
	if run := enc.Next(math.MinInt); len(run.Symbols) != 0 {
		t.Errorf("%d symbols for a negative n", len(run.Symbols))
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, row := range []struct {
		name string
		n    int
	}{{"10k", 10_000}, {"1M", 1_000_000}} {
		items := newDraws(6).items(row.n)
		b.Run(row.name+"/hash", func(b *testing.B) {
			for b.Loop() {
				NewEncoder(Key{}, slices.Values(items))
			}
		})
		for _, m := range []int{1, 64, 1400} {
			b.Run(fmt.Sprintf("%s/hash+%d", row.name, m), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					NewEncoder(Key{}, slices.Values(items)).Next(m)
				}
			})
		}
	}
}
