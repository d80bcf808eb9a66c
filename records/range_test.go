package records

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestPositionIsThatOfTheKey(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	if got, want := ident.ID().Position(), sha256.Sum256([]byte(ident.ID().Key())); got != want {
		t.Errorf("position %x, want %x", got, want)
	}
}

func TestRangeWords(t *testing.T) {
	at := Position{0x5b, 0xff}
	for _, row := range []struct {
		name string
		bits int
		text string
		wire string
	}{
		{"everything", 0, "everything", "00"},
		{"half", 1, "1/2 from 00", "0100"},
		{"quarter", 2, "1/4 from 40", "0240"},
		{"a byte", 8, "1/256 from 5b", "085b"},
		{"nine bits", 9, "1/512 from 5b80", "095b80"},
		{"less than nothing", -1, "everything", "00"},
		{"more than there is", 99, "1/2^64 from 5bff000000000000", "405bff000000000000"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := RangeAround(at, row.bits)
			if r.String() != row.text || hex.EncodeToString(r.Append(nil)) != row.wire {
				t.Errorf("%s, on the wire %x; want %s, %s", r, r.Append(nil), row.text, row.wire)
			}
			if !r.Covers(at) {
				t.Error("does not cover its own position")
			}
		})
	}
}

func TestRangesMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := func(name string) (p Position) {
			copy(p[:], rapid.SliceOfN(rapid.ByteRange(0, 255), 1, 9).Draw(t, name))
			return p
		}
		draw := func(name string) Range {
			return RangeAround(at(name), rapid.IntRange(0, MaxRangeBits).Draw(t, name+" bits"))
		}
		a, b, p := draw("a"), draw("b"), at("p")
		both, some := a.Meet(b)
		if in := a.Covers(p) && b.Covers(p); in != (some && both.Covers(p)) {
			t.Fatalf("%s and %s meet in %s (%v); %x is in both: %v", a, b, both, some, p, in)
		}
		if again, other := b.Meet(a); again != both || other != some {
			t.Fatalf("%s and %s do not meet alike from both sides", a, b)
		}
		if a.Holds(b) && b.Covers(p) && !a.Covers(p) {
			t.Fatalf("%s holds %s, and not %x of it", a, b, p)
		}
		if a.Bits() == MaxRangeBits {
			return
		}
		low, high := a.Halves()
		if a.Covers(p) != (low.Covers(p) != high.Covers(p)) || low.Covers(p) && high.Covers(p) || !a.Holds(low) || !a.Holds(high) || low == high {
			t.Fatalf("%s is not %s and %s", a, low, high)
		}
		if half := a.Toward(p); a.Covers(p) && (!half.Covers(p) || half != low && half != high) {
			t.Fatalf("%s toward %x is %s", a, p, half)
		}
	})
}

func FuzzCutRange(f *testing.F) {
	for _, bits := range []int{0, 1, 8, 9, 63, 64} {
		f.Add(RangeAround(Position{0xab, 0xcd, 0xef, 1, 2, 3, 4, 5}, bits).Append(nil))
	}
	f.Add([]byte{1, 0xc0})
	f.Add([]byte{65, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, rest, err := CutRange(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if again := append(r.Append(nil), rest...); !bytes.Equal(again, b) {
			t.Fatalf("%x reads as %s, which is %x", b, r, again)
		}
	})
}

func TestWork(t *testing.T) {
	var ascending, small AgentID
	for i := range ascending.sum {
		ascending.sum[i] = byte(i)
	}
	small.sum[31] = 0x5c
	if a, b := ascending.Work(), small.Work(); a != 3 || b != 9 { // as in the specification
		t.Errorf("work %d and %d, want 3 and 9", a, b)
	}
	most := 0
	for i := range 4096 {
		id := AgentID{sha256.Sum256([]byte{byte(i), byte(i >> 8)})}
		b := append([]byte("cairn-work/1"), id.sum[:]...)
		sum := sha256.Sum256(b)
		want := 0
		for want < 64 && sum[want/8]>>(7-want%8)&1 == 0 {
			want++
		}
		if got := id.Work(); got != want {
			t.Fatalf("work %d in %x, want %d", got, id.sum, want)
		}
		most = max(most, want)
	}
	if most < 8 {
		t.Errorf("the most of 4096 is %d bits", most)
	}
}
