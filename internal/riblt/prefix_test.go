package riblt

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPrefixIsTheSequence: a prefix that grew item by item is what an encoder of the
// whole set produces, from whatever symbol on, as it was before the last items came, and
// before others went.
func TestPrefixIsTheSequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDraws(rapid.Uint64().Draw(t, "seed"))
		key := d.key()
		items := d.items(rapid.IntRange(0, 300).Draw(t, "items"))
		then := rapid.IntRange(0, len(items)).Draw(t, "then")
		length := rapid.IntRange(1, 200).Draw(t, "length")
		p := NewPrefix(key, length)
		for _, it := range items {
			p.Add(it)
		}
		went := items[:rapid.IntRange(0, then).Draw(t, "went")]
		for _, it := range went {
			p.Remove(it)
		}
		start := rapid.IntRange(0, length-1).Draw(t, "start")
		n := rapid.IntRange(1, length-start).Draw(t, "n")
		enc := NewEncoder(key, slices.Values(items[:then]))
		enc.Next(start)
		want := enc.Next(n)
		if got := p.Run(start, n, items[then:], went); !reflect.DeepEqual(got, want) {
			t.Fatalf("%d symbols from %d on: %+v, want %+v", n, start, got, want)
		}
	})
}

func TestPrefixBounds(t *testing.T) {
	p := NewPrefix(Key{}, 10)
	for _, row := range []struct{ start, n, from, count int }{
		{0, 10, 0, 10}, {0, 11, 0, 10}, {9, 5, 9, 1}, {10, 1, 10, 0}, {99, 1, 10, 0}, {-1, -1, 0, 0},
	} {
		if run := p.Run(row.start, row.n, nil, nil); run.Start != row.from || len(run.Symbols) != row.count {
			t.Errorf("Run(%d, %d): %d from %d on", row.start, row.n, len(run.Symbols), run.Start)
		}
	}
	if NewPrefix(Key{}, -1).Len() != 0 {
		t.Error("a prefix of less than nothing")
	}
}

// TestDecoderOverPrefix: two prefixes give the difference of their sets, in runs of
// any length.
func TestDecoderOverPrefix(t *testing.T) {
	for _, row := range []struct {
		name                  string
		shared, remote, local int
	}{
		{"equal", 500, 0, 0}, {"one missing", 500, 1, 0}, {"one extra", 500, 0, 1},
		{"both ways", 500, 20, 30}, {"nothing in common", 0, 40, 40}, {"empty", 0, 0, 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := newDraws(7)
			remote, local := d.pair(row.shared, row.remote, row.local)
			key := d.key()
			theirs, ours := NewPrefix(key, 512), NewPrefix(key, 512)
			for _, it := range remote {
				theirs.Add(it)
			}
			for _, it := range local {
				ours.Add(it)
			}
			dec := NewDecoder(key, slices.Values([]Item(nil)), 512)
			for n := 3; !dec.Done(); n *= 2 {
				at := dec.Received()
				run, err := ParseRun(theirs.Run(at, n, nil, nil).Append(nil), n)
				if err != nil {
					t.Fatal(err)
				}
				if err := dec.AddOver(run, ours.Run(at, n, nil, nil).Symbols); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := sorted(dec.Missing()), minus(remote, local); !slices.Equal(got, want) {
				t.Errorf("%d missing, want %d", len(got), len(want))
			}
			if got, want := sorted(dec.Extra()), minus(local, remote); !slices.Equal(got, want) {
				t.Errorf("%d extra, want %d", len(got), len(want))
			}
		})
	}
}

func BenchmarkPrefixAdd(b *testing.B) {
	d := newDraws(1)
	p := NewPrefix(d.key(), 1<<15)
	items := d.items(1 << 10)
	for i := 0; b.Loop(); i++ {
		p.Add(items[i%len(items)])
	}
}
