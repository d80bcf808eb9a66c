package riblt

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// lone returns the symbol of a single item under the key.
func lone(key Key, it Item) Symbol {
	return Symbol{Sum: it, Count: 1, Check: uint32(key.seed(&it))}
}

// itemWhere returns an item whose places satisfy ok: what a peer that knows the
// key finds by trying.
func itemWhere(d draws, key Key, ok func(in func(i uint32) bool) bool) Item {
	for {
		it := d.item()
		seed := key.seed(&it)
		if ok(func(i uint32) bool { return placed(seed, i) }) {
			return it
		}
	}
}

func TestHostileSymbols(t *testing.T) {
	d := newDraws(10)
	key := d.key()
	x := itemWhere(d, key, func(in func(uint32) bool) bool { return in(1) && in(2) })
	y := itemWhere(d, key, func(in func(uint32) bool) bool { return in(1) && !in(2) })
	one, nothing := lone(key, x), Symbol{}
	xy := one
	xy.toggle(&y, uint32(key.seed(&y)), 1)
	sum := func(count int64) Symbol { return Symbol{Sum: d.item(), Count: count, Check: d.Uint32()} }

	for _, row := range []struct {
		name string
		runs []Run
	}{
		{"an item recovered twice", []Run{{Size: 2, Symbols: []Symbol{xy, one, one, nothing, one}}}},
		{"an empty symbol that an item should be in", []Run{{Size: 2, Symbols: []Symbol{xy, nothing, one}}}},
		{"a count of nothing", []Run{{Size: 7, Symbols: []Symbol{{Count: 7}}}}},
		{"a count left over", []Run{{Size: 3, Symbols: []Symbol{{Sum: one.Sum, Check: one.Check, Count: 3}, one}}}},
		{"a negative count", []Run{{Size: 5, Symbols: []Symbol{sum(5), sum(-1)}}}},
		{"more than there are", []Run{{Size: 5, Symbols: []Symbol{sum(5), sum(6)}}}},
		{"symbol 0 without some", []Run{{Size: 5, Symbols: []Symbol{sum(4)}}}},
		{"a negative size", []Run{{Size: -1, Symbols: []Symbol{sum(-1)}}}},
		{"2^62 items", []Run{{Size: 1 << 62, Symbols: []Symbol{sum(1 << 62)}}}},
		{"no symbols", []Run{{Size: 5}}},
		{"a gap", []Run{{Size: 5, Symbols: []Symbol{sum(5)}}, {Start: 2, Size: 5, Symbols: []Symbol{sum(3)}}}},
		{"the same again", []Run{{Size: 5, Symbols: []Symbol{sum(5)}}, {Size: 5, Symbols: []Symbol{sum(5)}}}},
		{"another size", []Run{{Size: 5, Symbols: []Symbol{sum(5)}}, {Start: 1, Size: 6, Symbols: []Symbol{sum(3)}}}},
		{"beyond the end", []Run{{Start: MaxSymbols, Size: 5, Symbols: []Symbol{sum(0)}}}},
		{"before the start", []Run{{Start: -1, Size: 5, Symbols: []Symbol{sum(0)}}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dec := NewDecoder(key, slices.Values([]Item(nil)), 0)
			var err error
			for _, run := range row.runs {
				if err = dec.Add(run); err != nil {
					break
				}
			}
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("err = %v, want ErrCorrupt", err)
			}
			t.Log(err)
			if again := dec.Add(Run{Size: 0, Symbols: []Symbol{{}}}); again != err {
				t.Errorf("then err = %v", again)
			}
			if dec.Done() {
				t.Error("done in spite of the error")
			}
		})
	}
}

// A peer that sends noise costs its limit and nothing else.
func TestHostileNoise(t *testing.T) {
	d := newDraws(11)
	dec := NewDecoder(d.key(), slices.Values(d.items(1000)), 5000)
	var err error
	for err == nil {
		s := Symbol{Sum: d.item(), Check: d.Uint32(), Count: 1000 + int64(d.IntN(3)) - 1}
		if dec.Received() == 0 {
			s.Count = 1001
		}
		err = dec.Add(Run{Start: dec.Received(), Size: 1001, Symbols: []Symbol{s}})
	}
	if !errors.Is(err, ErrLimit) || dec.Received() != 5000 {
		t.Errorf("%v after %d symbols", err, dec.Received())
	}
	checkBounds(t, dec)
}

// An item is not recovered from a symbol it does not belong in.
func TestHostilePlace(t *testing.T) {
	d := newDraws(12)
	key := d.key()
	x := itemWhere(d, key, func(in func(uint32) bool) bool { return !in(1) })
	dec := NewDecoder(key, slices.Values([]Item(nil)), 0)
	two := Symbol{Sum: d.item(), Check: d.Uint32(), Count: 2}
	if err := dec.Add(Run{Size: 2, Symbols: []Symbol{two, lone(key, x)}}); err != nil {
		t.Fatal(err)
	}
	if got := dec.Missing(); len(got) > 0 || dec.Done() {
		t.Errorf("recovered %x, done %t", got, dec.Done())
	}
}

// An encoder that breaks the rule of distinct items gives a wrong answer or an
// error, and no endless loop.
func TestHostileDuplicates(t *testing.T) {
	d := newDraws(12)
	key, items := d.key(), d.items(50)
	for _, row := range []struct {
		name    string
		local   []Item
		missing int
		err     error
	}{
		{"held on both sides", items, 5, nil},
		{"unknown to us", items[5:], 0, ErrCorrupt},
	} {
		t.Run(row.name, func(t *testing.T) {
			enc := NewEncoder(key, slices.Values(slices.Concat(items, items[:5])))
			dec := NewDecoder(key, slices.Values(row.local), 500)
			var err error
			for err == nil && !dec.Done() {
				err = dec.Add(enc.Next(10))
			}
			if !errors.Is(err, row.err) || len(dec.Missing()) != row.missing {
				t.Errorf("%d missing, %v", len(dec.Missing()), err)
			}
			checkBounds(t, dec)
		})
	}
}

// checkBounds asserts what the decoder promises about its work and its memory.
func checkBounds(t testing.TB, dec *Decoder) {
	t.Helper()
	m := dec.Received()
	if got := len(dec.Missing()) + len(dec.Extra()); got > m {
		t.Errorf("%d items out of %d symbols", got, m)
	}
	if dec.touches > touchesPerSymbol*m+1 {
		t.Errorf("%d steps of peeling for %d symbols", dec.touches, m)
	}
	if cap(dec.queue) > 2*touchesPerSymbol*m+8 {
		t.Errorf("queue of %d for %d symbols", cap(dec.queue), m)
	}
}

// FuzzDecoder feeds symbols written by somebody who knows the key. Each step of
// the program is an opcode and an operand: which items and noise the next symbol
// is the sum of. Real symbols are mixed in, so that peeling gets under way.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0, 0, 1, 3, 0, 0, 1, 4, 2, 0, 3, 1, 0, 0})
	f.Add([]byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	f.Add([]byte{3, 0, 3, 1, 3, 255, 4, 7, 4, 7, 2, 2, 0, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		d := newDraws(13)
		key := d.key()
		remote, local := d.pair(20, 8, 8)
		pool := slices.Concat(remote, local)
		enc := NewEncoder(key, slices.Values(remote))
		dec := NewDecoder(key, slices.Values(local), 256)
		var err error
		for len(program) >= 2 && err == nil && !dec.Done() {
			op, arg := program[0], program[1]
			program = program[2:]
			s := enc.Next(1).Symbols[0]
			it := pool[int(arg)%len(pool)]
			switch op % 5 {
			case 1: // an item more than there should be
				s.toggle(&it, uint32(key.seed(&it)), 1)
			case 2: // an item less
				s.toggle(&it, uint32(key.seed(&it)), -1)
			case 3: // another count
				s.Count = int64(arg)
			case 4: // an item of our own, alone after subtraction
				binary.LittleEndian.PutUint16(it[:], uint16(arg))
				s, _ = NewDecoder(key, slices.Values(local), 0).symbolAt(dec.Received())
				s.toggle(&it, uint32(key.seed(&it)), 1)
			}
			size := int64(len(remote))
			if dec.Received() == 0 {
				s.Count = size
			}
			err = dec.Add(Run{Start: dec.Received(), Size: size, Symbols: []Symbol{s}})
		}
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLimit) {
			t.Errorf("untyped error %v", err)
		}
		checkBounds(t, dec)
	})
}

// symbolAt returns a fresh decoder's local symbol i.
func (d *Decoder) symbolAt(i int) (s Symbol, ok bool) {
	for range i + 1 {
		s, ok = d.local.next()
	}
	return s, ok
}

// FuzzDecoderBytes feeds arbitrary bytes as symbols, without the parser's checks.
func FuzzDecoderBytes(f *testing.F) {
	enc := NewEncoder(Key{}, slices.Values(newDraws(14).items(5)))
	f.Add(enc.Next(20).Append(nil), int64(5))
	f.Add(make([]byte, 200), int64(0))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		run := Run{Size: size}
		for ; len(b) >= 22; b = b[22:] {
			s := Symbol{Sum: Item(b[2:18]), Check: binary.LittleEndian.Uint32(b[18:])}
			s.Count = int64(int16(binary.LittleEndian.Uint16(b)))
			if len(run.Symbols) == 0 {
				s.Count = size
			}
			run.Symbols = append(run.Symbols, s)
		}
		dec := NewDecoder(Key{}, slices.Values(newDraws(15).items(5)), 100)
		err := dec.Add(run)
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLimit) {
			t.Errorf("untyped error %v", err)
		}
		checkBounds(t, dec)
	})
}
