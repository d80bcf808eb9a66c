package records

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// array is the CBOR array of items that are encoded already.
func array(items ...string) []byte {
	return append([]byte{0x80 + byte(len(items))}, strings.Join(items, "")...)
}

// text is a CBOR text of up to 23 bytes.
func text(s string) string { return string([]byte{0x60 + byte(len(s))}) + s }

// A later version's facts are told from junk, and junk from them.
func TestOpenFact(t *testing.T) {
	dead := mustReveal(t, mustHeader(t, testSecrets[:1]...), testSecrets[0])
	rec := append([]byte{0x85}, text(RecordType)...)
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"a tombstone", dead.Bytes(), nil},
		{"a tombstone and a byte", append(dead.Bytes(), 0), ErrMalformed},
		{"another kind", array(text("cairn/rotated/1"), "\x01", "\x42ab"), ErrUnsupported},
		{"another kind, with nothing in it", array(text("cairn/rotated/1")), ErrUnsupported},
		{"another kind of two elements, as a tombstone has", array(text("cairn/rotated/1"), "\x01"), ErrUnsupported},
		{"another kind and a byte", append(array(text("cairn/rotated/1")), 0), ErrMalformed},
		{"another kind, cut short", array(text("cairn/rotated/1"), "\x42a"), ErrMalformed},
		{"somebody else's kind", array(text("other/rotated/1")), ErrMalformed},
		{"a record's type", append(rec, 0, 0, 0, 0), ErrMalformed},
		{"an empty array", array(), ErrMalformed},
		{"nothing", nil, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := OpenFact(c.b)
			if !errors.Is(err, c.want) || (f == nil) != (c.want != nil) {
				t.Errorf("%v, %v; want %v", f, err, c.want)
			}
		})
	}
}

func FuzzOpenFact(f *testing.F) {
	f.Add(mustReveal(f, mustHeader(f, testSecrets[:1]...), testSecrets[0]).Bytes())
	f.Add(array(text("cairn/rotated/1"), "\x01", "\x42ab"))
	f.Add(array(text(RecordType), "\xa0", "\x00", "\x40", "\x80"))
	f.Fuzz(func(t *testing.T, b []byte) {
		fact, err := OpenFact(b)
		switch {
		case err == nil && !bytes.Equal(fact.Bytes(), b):
			t.Fatalf("%x holds %x", b, fact.Bytes())
		case errors.Is(err, ErrUnsupported) && !bytes.Contains(b, []byte(kindPrefix)):
			t.Fatalf("%x has no type name: %v", b, err)
		}
	})
}
