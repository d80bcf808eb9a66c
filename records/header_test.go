package records

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	testBody    = sha256.Sum256([]byte("body"))
	testSecrets = []Secret{{1}, {2}, {3}}
)

const testEnd = 1_900_000_000

func mustHeader(t testing.TB, secrets ...Secret) Header {
	t.Helper()
	h, err := NewHeader(KindAgent, testEnd, testBody, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHeaderLayout(t *testing.T) {
	for n, size := range map[int]int{1: 76, 2: 110, 3: 144} {
		h := mustHeader(t, testSecrets[:n]...)
		b := h.Bytes()
		if len(b) != size {
			t.Errorf("%d locks: %d bytes, want %d", n, len(b), size)
		}
		var locks [][]byte
		for _, l := range h.Locks {
			locks = append(locks, cBytes(l[:]))
		}
		if want := cArray(cUint(1), cUint(testEnd), cBytes(testBody[:]), cArray(locks...)); !bytes.Equal(b, want) {
			t.Errorf("%d locks:\n%x, by the spec\n%x", n, b, want)
		}
		back, err := OpenHeader(b)
		wantErr(t, err, nil)
		if back.ID() != h.ID() || !slices.Equal(back.Locks, h.Locks) || h.ID().Digest() != sha256.Sum256(b) {
			t.Errorf("%d locks: another header", n)
		}
	}
	if got := mustHeader(t, Secret{1}).EndTime(); !got.Equal(time.Unix(testEnd, 0)) {
		t.Error(got)
	}
}

func TestHeaderOrderOfSecretsIsNothing(t *testing.T) {
	a, b := mustHeader(t, testSecrets...), mustHeader(t, testSecrets[2], testSecrets[0], testSecrets[1])
	if a.ID() != b.ID() {
		t.Fatal("two IDs")
	}
}

func TestNewHeaderRefuses(t *testing.T) {
	for _, row := range []struct {
		name    string
		kind    Kind
		end     uint32
		secrets []Secret
	}{
		{"kind 0", 0, testEnd, testSecrets[:1]},
		{"kind 5", 5, testEnd, testSecrets[:1]},
		{"kind 24, which takes two bytes", 24, testEnd, testSecrets[:1]},
		{"end 0", KindAgent, 0, testSecrets[:1]},
		{"end 2^16-1", KindAgent, MinEnd - 1, testSecrets[:1]},
		{"no lock", KindAgent, testEnd, nil},
		{"four locks", KindAgent, testEnd, []Secret{{1}, {2}, {3}, {4}}},
		{"one secret twice", KindAgent, testEnd, []Secret{{1}, {1}}},
		{"a secret that nobody drew", KindAgent, testEnd, []Secret{{1}, {}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, err := NewHeader(row.kind, row.end, testBody, row.secrets...)
			wantErr(t, err, ErrMalformed)
			if h.Locks != nil {
				t.Fatal("a header beside an error")
			}
		})
	}
}

// badHeader is a byte sequence that is no header; the vectors publish the rows.
// lax says that a decoder without the strict rules reads it as a header.
type badHeader struct {
	name string
	b    []byte
	lax  bool
}

func badHeaders(t testing.TB) []badHeader {
	h := mustHeader(t, testSecrets...)
	b := h.Bytes()
	lock := func(i int) []byte { return cBytes(h.Locks[i][:]) }
	var (
		kind, end = cUint(1), cUint(testEnd)
		body      = cBytes(testBody[:])
		locks     = cArray(lock(0), lock(1), lock(2))
	)
	at := func(i int, v byte) []byte {
		b := slices.Clone(b)
		b[i] = v
		return b
	}
	fourth := cBytes(bytes.Repeat([]byte{0xff}, 32))
	return []badHeader{
		{"empty", nil, false},
		{"one byte", []byte{0x84}, false},
		{"a byte short", b[:len(b)-1], false},
		{"a lock short", b[:len(b)-lockField], false},
		{"trailing byte", append(slices.Clone(b), 0), false},
		{"trailing header", slices.Concat(b, b), false},
		{"kind 0", at(1, 0), true},
		{"kind 5", at(1, 5), true},
		{"kind in two bytes", cArray([]byte{0x18, 1}, end, body, locks), true},
		{"kind negative", at(1, 0x20), false},
		{"kind null", cArray(cNull, end, body, locks), true},
		{"end below 2^16, in three bytes", cArray(kind, cUint(65535), body, locks), true},
		{"end below 2^16, in five bytes", cArray(kind, []byte{0x1a, 0, 0, 0xff, 0xff}, body, locks), true},
		{"end in nine bytes", cArray(kind, []byte{0x1b, 0, 0, 0, 0, 0x71, 0x3f, 0xb3, 0x00}, body, locks), true},
		{"end 2^32", cArray(kind, cUint(1<<32), body, locks), false},
		{"end a float", cArray(kind, []byte{0xfb, 0x41, 0xdc, 0x4f, 0xec, 0xc0, 0, 0, 0}, body, locks), false},
		{"end negative", cArray(kind, []byte{0x3a, 0x71, 0x3f, 0xb3, 0x00}, body, locks), false},
		{"end tagged as a time", cArray(kind, slices.Concat([]byte{0xc1}, end), body, locks), true},
		{"body of 31 bytes", cArray(kind, end, cBytes(testBody[:31]), locks), true},
		{"body of 33 bytes", cArray(kind, end, cBytes(append(testBody[:], 0)), locks), true},
		{"body with its length in three bytes", cArray(kind, end, slices.Concat([]byte{0x59, 0, 32}, testBody[:]), locks), true},
		{"body in indefinite length", cArray(kind, end, slices.Concat([]byte{0x5f}, body, []byte{0xff}), locks), false},
		{"body as text", cArray(kind, end, cText(strings.Repeat("b", 32)), locks), false},
		{"no lock", cArray(kind, end, body, cEmptyArray), true},
		{"locks null", cArray(kind, end, body, cNull), true},
		{"four locks", cArray(kind, end, body, cArray(lock(0), lock(1), lock(2), fourth)), true},
		{"locks descending", cArray(kind, end, body, cArray(lock(1), lock(0))), true},
		{"last lock out of order", cArray(kind, end, body, cArray(lock(0), lock(2), lock(1))), true},
		{"one lock twice", cArray(kind, end, body, cArray(lock(0), lock(0))), true},
		{"a lock of 31 bytes", cArray(kind, end, body, cArray(lock(0), cBytes(h.Locks[1][:31]))), true},
		{"locks in indefinite length", cArray(kind, end, body, slices.Concat([]byte{0x9f}, lock(0), lock(1), lock(2), []byte{0xff})), false},
		{"array in indefinite length", slices.Concat([]byte{0x9f}, kind, end, body, locks, []byte{0xff}), false},
		{"array of five", cArray(kind, end, body, locks, cNull), false},
		{"array of three", cArray(kind, end, body), false},
		{"array with its length in two bytes", slices.Concat([]byte{0x98, 4}, kind, end, body, locks), true},
		{"map", fields{"kind": kind, "end": end, "body": body, "locks": locks}.encode(), false},
		{"self-described CBOR", slices.Concat([]byte{0xd9, 0xd9, 0xf7}, b), true},
	}
}

func TestOpenHeaderRefuses(t *testing.T) {
	type lax struct {
		_     struct{} `cbor:",toarray"`
		Kind  Kind
		End   uint32
		Body  [32]byte
		Locks [][32]byte
	}
	for _, row := range badHeaders(t) {
		t.Run(row.name, func(t *testing.T) {
			h, err := OpenHeader(row.b)
			wantErr(t, err, ErrMalformed)
			if h.Locks != nil {
				t.Fatal("a header beside an error")
			}
			if got := loose.Unmarshal(row.b, new(lax)) == nil; got != row.lax {
				t.Fatalf("a decode without the strict rules: accepted %v, want %v", got, row.lax)
			}
		})
	}
}

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{KindAgent: "agent", KindGrant: "grant", KindClaim: "claim", KindRealm: "realm", 9: "kind 9"} {
		if k.String() != want {
			t.Errorf("%s, want %s", k, want)
		}
	}
}
