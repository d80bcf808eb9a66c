package gossip

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/internal/riblt"
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

// TestSpecVectors computes the vectors of docs/spec/003-reconciliation.md, and looks
// for them in the page.
func TestSpecVectors(t *testing.T) {
	page, err := os.ReadFile("../docs/spec/003-reconciliation.md")
	if err != nil {
		t.Fatal(err)
	}
	h := sampleHello()
	other := h
	other.nonce[0] = 0xff
	k := sessionKeys(h.nonce, other.nonce)
	v := newView(side(setOf(facts(t, 1, 3))).snaps.take(), k)
	one := newView(side(setOf(facts(t, 1, 2))).snaps.take(), k)
	symbols := riblt.NewEncoder(k.symbols, slices.Values(v.hashed)).Next(4)
	for _, row := range []struct {
		name string
		got  []byte
	}{
		{"hello", frame(frameHello, h.append(nil))},
		{"welcome", frame(frameWelcome, welcome{h, modeList}.append(nil))},
		{"refuse", frame(frameRefuse, []byte{byte(refuseRate)})},
		{"more", frame(frameMore, binary.AppendUvarint(nil, 300))},
		{"ask list", frame(frameAskList, nil)},
		{"list", frame(frameList, appendList(nil, []uint64{1, 0xfffefdfcfbfaf9f8}, true))},
		{"want", frame(frameWant, appendHashes(nil, []uint64{258}))},
		{"facts", frame(frameFacts, appendFact(appendFact(nil, []byte("ab")), []byte("c")))},
		{"end", frame(frameEnd, end{partial: true, union: 258}.append(nil))},
		{"done", frame(frameDone, done{agreed: true, exact: true, generation: 300, union: 258}.append(nil))},
		{"item key", k.items[:]},
		{"symbol key", k.symbols[:]},
		{"fact", fact(t, 1).Bytes()},
		{"fact item", one.items[0][:]},
		{"session item", one.hashed[0][:]},
		{"short hash", binary.BigEndian.AppendUint64(nil, one.short(fact(t, 1)))},
		{"symbols", frame(frameSymbols, symbols.Append(nil))},
	} {
		if !regexp.MustCompile(`(?m)^` + row.name + ` +` + hex.EncodeToString(row.got) + `$`).Match(page) {
			t.Errorf("not in the page: %-13s %x", row.name, row.got)
		}
	}
}

// frame is a whole frame.
func frame(kind frameKind, payload []byte) []byte {
	s := &tape{Reader: bytes.NewReader(nil)}
	w := newWire(s)
	_ = w.write(kind, payload)
	_ = w.flush()
	return s.Bytes()
}

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
