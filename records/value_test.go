package records

import (
	"bytes"
	"testing"
)

func TestOpenTellsTypesApart(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	rec := mustSign(t, ident, key, Draft{Issued: testTime, Location: testLocation()})
	dead := mustReveal(t, ident.Header(), secret)
	if v, err := Open(rec.Bytes()); err != nil || v.(*Record).Mark() != rec.Mark() {
		t.Error(v, err)
	}
	if v, err := Open(dead.Bytes()); err != nil || !same(v.(*Tombstone), dead) {
		t.Error(v, err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "a header": ident.HeaderBytes(), "a genesis": ident.GenesisBytes(), "zeros": make([]byte, 78), "text": []byte("record"),
	} {
		if v, err := Open(b); err == nil || v != nil {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

func TestMarkCompare(t *testing.T) {
	for _, row := range []struct {
		name string
		a, b Mark
		want int
	}{
		{"equal", Mark{1, 2, [32]byte{3}}, Mark{1, 2, [32]byte{3}}, 0},
		{"A28: the higher rotation wins over any sequence", Mark{1, 0, [32]byte{9}}, Mark{0, MaxSequence, [32]byte{1}}, 1},
		{"the higher sequence wins over any hash", Mark{0, 2, [32]byte{9}}, Mark{0, 1, [32]byte{1}}, 1},
		{"the lower hash wins", Mark{0, 1, [32]byte{1}}, Mark{0, 1, [32]byte{2}}, 1},
		{"the lower hash wins, in its last byte", Mark{0, 1, [32]byte{31: 1}}, Mark{0, 1, [32]byte{31: 2}}, 1},
		{"zero against zero", Mark{}, Mark{}, 0},
		{"zero loses against sequence 0", Mark{0, 0, [32]byte{0xff}}, Mark{}, 1},
		{"no overflow", Mark{1<<64 - 1, 0, [32]byte{1}}, Mark{0, 1<<64 - 1, [32]byte{1}}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.a.Compare(row.b); got != row.want {
				t.Errorf("%d, want %d", got, row.want)
			}
			if got := row.b.Compare(row.a); got != -row.want {
				t.Errorf("the other way %d, want %d", got, -row.want)
			}
		})
	}
	if !(Mark{}).IsZero() || (Mark{Digest: [32]byte{1}}).IsZero() {
		t.Error("IsZero")
	}
}

func TestCompareValues(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	sign := func(seq uint64, region string) *Record {
		l := testLocation()
		l.Region = region
		return mustSign(t, ident, key, Draft{Sequence: seq, Issued: testTime, Location: l})
	}
	one, last := sign(1, "a"), sign(MaxSequence, "a")
	low, high := sign(2, "a"), sign(2, "b")
	if lowSum, highSum := low.Mark().Digest, high.Mark().Digest; bytes.Compare(lowSum[:], highSum[:]) > 0 {
		low, high = high, low
	}
	same, err := Open(low.Bytes())
	wantErr(t, err, nil)
	dead := mustReveal(t, ident.Header(), secret)
	for _, row := range []struct {
		name string
		a, b Value
		want int
	}{
		{"a tombstone wins over the highest sequence", dead, last, 1},
		{"two tombstones are equal", dead, mustReveal(t, ident.Header(), secret), 0},
		{"the higher sequence wins", low, one, 1},
		{"the lower hash wins", low, high, 1},
		{"equal bytes are equal", low, same, 0},
		{"nothing loses against a record", one, nil, 1},
		{"nothing loses against a tombstone", dead, nil, 1},
		{"nothing against nothing", nil, nil, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := Compare(row.a, row.b); got != row.want {
				t.Errorf("%d, want %d", got, row.want)
			}
			if got := Compare(row.b, row.a); got != -row.want {
				t.Errorf("the other way %d, want %d", got, -row.want)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	stranger, strangersKey, _ := testAgent(t, 2)
	d := Draft{Sequence: 1, Issued: testTime, Location: testLocation()}
	one := mustSign(t, ident, key, d)
	theirs := mustSign(t, stranger, strangersKey, d)
	d.Sequence = 2
	two := mustSign(t, ident, key, d)
	dead := mustReveal(t, ident.Header(), secret)
	for _, row := range []struct {
		name   string
		values []Value
		want   int
		class  error
	}{
		{"none", nil, 0, ErrMalformed},
		{"one", []Value{one}, 0, nil},
		{"the higher sequence", []Value{one, two, one}, 1, nil},
		{"equal bytes", []Value{two, two, one}, 0, nil},
		{"a tombstone at the end", []Value{two, one, dead}, 2, nil},
		{"two tombstones: the first", []Value{two, dead, one, dead}, 1, nil},
		{"of two agents", []Value{one, theirs}, 0, ErrWrongSubject},
		{"with a nil", []Value{one, nil}, 0, ErrMalformed},
		{"a nil first", []Value{nil, one}, 0, ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Select(row.values)
			wantErr(t, err, row.class)
			if got != row.want {
				t.Errorf("%d, want %d", got, row.want)
			}
		})
	}
}
