package gossip

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"
)

// sampleHello has every field set.
func sampleHello() hello {
	h := hello{everReady: true, generation: 300, size: 299}
	for i := range h.nonce {
		h.nonce[i] = byte(i)
	}
	for i := range h.instance {
		h.instance[i] = byte(0xa0 + i)
	}
	return h
}

// TestFrameVectors are the vectors of docs/spec/003-reconciliation.md.
func TestFrameVectors(t *testing.T) {
	h := sampleHello()
	other := h
	other.nonce[0] = 0xff
	k := sessionKeys(h.nonce, other.nonce)
	f := fact(t, 1)
	v := newView(side(setOf(facts(t, 1, 2))).snaps.take(), k)
	for _, row := range []struct{ name, got, want string }{
		{"hello", hexOf(h.append(nil)), "0101000102030405060708090a0b0c0d0e0fa0a1a2a3a4a5a6a7ac02ab02"},
		{"welcome", hexOf(welcome{h, modeList}.append(nil)), "010102000102030405060708090a0b0c0d0e0fa0a1a2a3a4a5a6a7ac02ab02"},
		{"list", hexOf(appendList(nil, []uint64{1, 0xfffefdfcfbfaf9f8}, true)), "010000000000000001fffefdfcfbfaf9f8"},
		{"want", hexOf(appendHashes(nil, []uint64{258})), "0000000000000102"},
		{"facts", hexOf(appendFact(appendFact(nil, []byte("ab")), []byte("c"))), "02616201" + "63"},
		{"end", hexOf(end{partial: true, union: 258}.append(nil)), "010000000000000102"},
		{"done", hexOf(done{agreed: true, exact: true, generation: 300, union: 258}.append(nil)), "030000000000000102ac02"},
		{"item key", hexOf(k.items[:]), "6b6560e086d8fa0a910262bd83c53952"},
		{"symbol key", hexOf(k.symbols[:]), "6b25a8922ce1bb923b5cee48398afd1b"},
		{"fact", hexOf(f.Bytes()), "8284011a7735940058200000000000000001000000000000000000000000000000000000000000000000815820000000000000000200000000000000000000000000000000000000000000000000"},
		{"fact item", hexOf(v.items[0][:]), "fb4a2c65aa321029bf3cf7ac4e1ed8d68eb3ac4c575bc389093f5d356889a201"},
		{"session item", hexOf(v.hashed[0][:]), "0c25589ea64f0ec38f6d736c97fae668"},
		{"short hash", fmt.Sprintf("%016x", v.short(f)), hexOf(v.hashed[0][:8])},
	} {
		if row.got != row.want {
			t.Errorf("%s is %s, want %s", row.name, row.got, row.want)
		}
	}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// roundTrip checks that a payload that parses is the only encoding of what it means.
func roundTrip(t *testing.T, b []byte, err error, again func() []byte) {
	if err != nil {
		if !errors.Is(err, ErrJunk) {
			t.Fatalf("%x: %v is not junk", b, err)
		}
		return
	}
	if got := again(); !bytes.Equal(got, b) {
		t.Fatalf("%x parsed and became %x", b, got)
	}
}

func FuzzHello(f *testing.F) {
	f.Add(sampleHello().append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHello(b)
		roundTrip(t, b, err, func() []byte { return h.append(nil) })
	})
}

func FuzzWelcome(f *testing.F) {
	f.Add(welcome{sampleHello(), modeTell}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := parseWelcome(b)
		roundTrip(t, b, err, func() []byte { return w.append(nil) })
	})
}

func FuzzRefusal(f *testing.F) {
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRefusal(b)
		roundTrip(t, b, err, func() []byte { return []byte{byte(r)} })
		_ = r.String()
	})
}

func FuzzMore(f *testing.F) {
	f.Add([]byte{0x80, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseMore(b, maxSymbols)
		if err == nil && (n < 1 || n > maxSymbols) {
			t.Fatalf("%d symbols", n)
		}
		roundTrip(t, b, err, func() []byte { return binary.AppendUvarint(nil, uint64(n)) })
	})
}

func FuzzList(f *testing.F) {
	f.Add(appendList(nil, []uint64{1, 2}, true))
	f.Fuzz(func(t *testing.T, b []byte) {
		hashes, last, err := parseList(b)
		roundTrip(t, b, err, func() []byte { return appendList(nil, hashes, last) })
	})
}

func FuzzHashes(f *testing.F) {
	f.Add(appendHashes(nil, []uint64{1, 2}))
	f.Fuzz(func(t *testing.T, b []byte) {
		hashes, err := parseHashes(b)
		if !slices.IsSorted(hashes) {
			t.Fatal("not sorted")
		}
		roundTrip(t, b, err, func() []byte { return appendHashes(nil, hashes) })
	})
}

func FuzzFacts(f *testing.F) {
	f.Add(appendFact(appendFact(nil, []byte("one")), []byte("two")))
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := parseFacts(b)
		roundTrip(t, b, err, func() (out []byte) {
			for _, fact := range facts {
				out = appendFact(out, fact)
			}
			return out
		})
	})
}

func FuzzEnd(f *testing.F) {
	f.Add(end{union: 1}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEnd(b)
		roundTrip(t, b, err, func() []byte { return e.append(nil) })
	})
}

func FuzzDone(f *testing.F) {
	f.Add(done{agreed: true, exact: true, generation: 9, union: 1}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDone(b)
		roundTrip(t, b, err, func() []byte { return d.append(nil) })
	})
}

// tape is a stream that reads what was given and keeps what is written.
type tape struct {
	io.Reader
	bytes.Buffer
}

func (s *tape) Read(b []byte) (int, error)       { return s.Reader.Read(b) }
func (s *tape) SetReadDeadline(time.Time) error  { return nil }
func (s *tape) SetWriteDeadline(time.Time) error { return nil }

// FuzzWire reads frames from any bytes, and writes them again.
func FuzzWire(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 9, 0})
	f.Add([]byte{1, 0x80, 0x80, 0x04})
	f.Fuzz(func(t *testing.T, b []byte) {
		in := newWire(&tape{Reader: bytes.NewReader(b)})
		copied := &tape{Reader: bytes.NewReader(nil)}
		out := newWire(copied)
		for {
			kind, payload, err := in.read()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			if err := out.write(kind, payload); err != nil {
				t.Fatal(err)
			}
		}
		if err := out.flush(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(copied.Bytes(), b) || in.in != int64(len(b)) || out.out != in.in {
			t.Fatalf("%x became %x", b, copied.Bytes())
		}
	})
}

// FuzzServer and FuzzClient play any bytes to a whole session.
func FuzzServer(f *testing.F) {
	w := newWire(&tape{Reader: bytes.NewReader(nil)})
	_ = w.write(frameHello, hello{size: 3}.append(nil))
	_ = w.write(frameList, appendList(nil, []uint64{1, 2, 3}, true))
	_ = w.write(frameDone, done{}.append(nil))
	_ = w.flush()
	f.Add(w.s.(*tape).Bytes())
	set := facts(f, 0, 100)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &session{wire: newWire(&tape{Reader: bytes.NewReader(b)}), r: side(setOf(set)), peer: "peer"}
		_ = s.respond(t.Context())
	})
}

func FuzzClient(f *testing.F) {
	w := newWire(&tape{Reader: bytes.NewReader(nil)})
	_ = w.write(frameWelcome, welcome{hello{size: 3}, modeList}.append(nil))
	_ = w.write(frameList, appendList(nil, []uint64{1, 2, 3}, true))
	_ = w.write(frameDone, done{}.append(nil))
	_ = w.flush()
	f.Add(w.s.(*tape).Bytes())
	set := facts(f, 0, 100)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &session{wire: newWire(&tape{Reader: bytes.NewReader(b)}), r: side(setOf(set)), peer: "peer"}
		_, _ = s.initiate(t.Context())
	})
}
