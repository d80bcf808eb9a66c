package riblt

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The set {01 00.., 02 00.., 03 00..} under the key 00..0f: symbols 0 to 3.
const vector = "000300d879f72b000000000000000000000000000000000002ebd12c0300000000000000000000000000000002a49099a90100000000000000000000000000000002a49099a901000000000000000000000000000000"

func vectorRun() Run {
	var key Key
	for i := range key {
		key[i] = byte(i)
	}
	return NewEncoder(key, slices.Values([]Item{{1}, {2}, {3}})).Next(4)
}

func TestRunVector(t *testing.T) {
	if got := hex.EncodeToString(vectorRun().Append(nil)); got != vector {
		t.Errorf("run = %s\nwant  %s", got, vector)
	}
}

func TestRunRoundTrip(t *testing.T) {
	enc := NewEncoder(Key{}, slices.Values(newDraws(16).items(3000)))
	for _, n := range []int{1, 2, 100, 1000} {
		want := enc.Next(n)
		b := want.Append([]byte("before"))
		if !bytes.HasPrefix(b, []byte("before")) {
			t.Fatal("dst is lost")
		}
		got, err := ParseRun(b[len("before"):], n)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestRunIsCompact(t *testing.T) {
	for _, row := range []struct {
		n, symbols int
		most       float64
	}{{0, 100, 21.1}, {100, 100, 21.1}, {10_000, 100, 21.3}, {1_000_000, 64, 22.2}, {1_000_000, 1400, 21.9}} {
		enc := NewEncoder(Key{}, slices.Values(newDraws(17).items(row.n)))
		got := float64(len(enc.Next(row.symbols).Append(nil))) / float64(row.symbols)
		t.Logf("%7d items, %4d symbols: %.2f bytes each", row.n, row.symbols, got)
		if got > row.most {
			t.Errorf("%d items: %.2f bytes a symbol, want at most %.2f", row.n, got, row.most)
		}
	}
}

func TestParseRunRefuses(t *testing.T) {
	sym := func(delta ...byte) []byte { return append(delta, make([]byte, 20)...) }
	for _, row := range []struct {
		name string
		b    []byte
	}{
		{"nothing", nil},
		{"no size", []byte{0}},
		{"no symbols", []byte{0, 3}},
		{"cut in the sum", slices.Concat([]byte{0, 3}, sym(0)[:20])},
		{"cut in the count", []byte{0, 3, 0x80}},
		{"a byte too many", slices.Concat([]byte{0, 3}, sym(0), []byte{0})},
		{"long start", slices.Concat([]byte{0x80, 0, 3}, sym(0))},
		{"long size", slices.Concat([]byte{0, 0x83, 0}, sym(0))},
		{"long count", slices.Concat([]byte{0, 3}, sym(0x80, 0))},
		{"overflowing varint", slices.Concat([]byte{0, 3}, sym(bytes.Repeat([]byte{0xff}, 11)...))},
		{"start at the end", slices.Concat([]byte{0x80, 0x80, 0x80, 8, 3}, sym(0))},
		{"2^41 items", slices.Concat([]byte{0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}, sym(0))},
		{"symbol 0 short of some", slices.Concat([]byte{0, 3}, sym(1))},
		{"fewer than none", slices.Concat([]byte{1, 3}, sym(5))},
		{"more than all", slices.Concat([]byte{1, 3}, sym(4))},
		{"smallest delta", slices.Concat([]byte{1, 3}, sym(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1))},
		{"largest delta", slices.Concat([]byte{1, 3}, sym(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1))},
		{"too many symbols", slices.Concat([]byte{0, 3}, sym(0), bytes.Repeat(sym(0), 4))},
	} {
		t.Run(row.name, func(t *testing.T) {
			if run, err := ParseRun(row.b, 4); !errors.Is(err, ErrMalformed) {
				t.Errorf("%+v, %v; want ErrMalformed", run, err)
			}
		})
	}
	if _, err := ParseRun(slices.Concat([]byte{1, 3}, sym(2), sym(0)), 2); err != nil {
		t.Errorf("a good run: %v", err)
	}
}

func FuzzParseRun(f *testing.F) {
	good := vectorRun().Append(nil)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(NewEncoder(Key{}, slices.Values([]Item{})).Next(3).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 16
		run, err := ParseRun(b, limit)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		if len(run.Symbols) > limit {
			t.Errorf("%d symbols", len(run.Symbols))
		}
		if again := run.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("two encodings of one run:\n%x\n%x", b, again)
		}
	})
}
