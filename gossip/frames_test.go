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
	"github.com/cairn-overlay/cairn/records"
)

// sampleHello and sampleWelcome have every field set.
func sampleHello() hello {
	h := hello{everReady: true, fresh: true, clock: 1_800_000_000, size: 300, sum: 258, next: 310, holds: 299}
	for i := range h.nonce {
		h.nonce[i] = byte(i)
	}
	for i := range h.instance {
		h.instance[i], h.of[i] = byte(0xa0+i), byte(0xb0+i)
	}
	for i := range h.sketch {
		h.sketch[i] = int32(i-16) & (1<<sketchBits - 1)
	}
	return h
}

func sampleWelcome() welcome {
	h := sampleHello()
	return welcome{everReady: true, mode: modeSymbols, nonce: h.nonce, instance: h.of, clock: 1_800_000_001, size: 400, sum: 259, next: 420, holds: 298, count: 101}
}

// rangedHello is the hello of one that holds nothing yet, about the quarter that begins
// with the bits 01.
func rangedHello() hello {
	return hello{nonce: sampleHello().nonce, over: scope{within: records.RangeAround(records.Position{0x40}, 2)}}
}

// narrowWelcome is the answer of one that holds the eighth that begins with 010.
func narrowWelcome() welcome {
	return welcome{mode: modeNarrow, nonce: sampleHello().nonce, stated: true, clock: 1_800_000_001, own: scope{records.RangeAround(records.Position{0x40}, 3), 20_803}}
}

// TestSpecVectors computes the vectors of docs/spec/003-reconciliation.md, and looks
// for them in the page.
func TestSpecVectors(t *testing.T) {
	page, err := os.ReadFile("../docs/spec/003-reconciliation.md")
	if err != nil {
		t.Fatal(err)
	}
	client := sampleHello().nonce
	server := client
	server[0] = 0xff
	k := sessionKeys(client, server)
	snap := ledgerOf(setOf(facts(t, 1, 3))).take()
	all, err := snap.all()
	if err != nil {
		t.Fatal(err)
	}
	v, one := newView(all, k), essenceOf(fact(t, 1))
	symbols := riblt.NewEncoder(k.symbols, slices.Values(v.hashed)).Next(4)
	l := ledgerOf(setOf(facts(t, 1, 3)))
	cells, err := l.run(l.take(), 0, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		got  []byte
	}{
		{"hello", frame(frameHello, sampleHello().append(nil))},
		{"welcome", frame(frameWelcome, sampleWelcome().append(nil))},
		{"ranged hello", frame(frameHello, rangedHello().append(nil))},
		{"narrow", frame(frameWelcome, narrowWelcome().append(nil))},
		{"refuse", frame(frameRefuse, []byte{byte(refuseRate)})},
		{"more", frame(frameMore, binary.AppendUvarint(nil, 300))},
		{"ask list", frame(frameAskList, nil)},
		{"list", frame(frameList, appendList(nil, []uint64{1, 0xfffefdfcfbfaf9f8}, true))},
		{"want", frame(frameWant, appendItems(nil, []riblt.Item{shortName(258)}, hashSize))},
		{"facts", frame(frameFacts, appendFact(appendFact(nil, []byte("ab")), []byte("c")))},
		{"end", frame(frameEnd, []byte{flag(true)})},
		{"done", frame(frameDone, done{whole: true, reach: 300, sum: 258}.append(nil))},
		{"anew", frame(frameAnew, binary.AppendUvarint(nil, 64))},
		{"fetch", frame(frameFetch, appendItems(nil, []riblt.Item{{15: 1}}, itemSize))},
		{"item key", k.items[:]},
		{"symbol key", k.symbols[:]},
		{"fact", fact(t, 1).Bytes()},
		{"fact item", func() []byte { it := fact(t, 1).Item(); return it[:] }()},
		{"item", one.item[:]},
		{"signs", binary.BigEndian.AppendUint32(nil, one.signs)},
		{"first lanes", binary.BigEndian.AppendUint64(nil, one.lanes[0])},
		{"sum", binary.BigEndian.AppendUint64(nil, snap.print.sum(client, server))},
		{"sketch", snap.sketch.append(nil)},
		{"session item", v.hashed[0][:]},
		{"short hash", binary.BigEndian.AppendUint64(nil, v.short(fact(t, 1)))},
		{"symbols", frame(frameSymbols, cells.Append(nil))},
		{"fresh", frame(frameSymbols, symbols.Append(nil))},
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
	f.Add(rangedHello().append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHello(b)
		roundTrip(t, b, err, func() []byte { return h.append(nil) })
	})
}

func FuzzWelcome(f *testing.F) {
	f.Add(sampleWelcome().append(nil))
	f.Add(narrowWelcome().append(nil))
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

// FuzzItems reads names of both sizes.
func FuzzItems(f *testing.F) {
	f.Add(appendItems(nil, []riblt.Item{{7: 1}, {7: 2}}, hashSize), true)
	f.Add(appendItems(nil, []riblt.Item{{15: 1}, {15: 2}}, itemSize), false)
	f.Fuzz(func(t *testing.T, b []byte, short bool) {
		size := itemSize
		if short {
			size = hashSize
		}
		items, err := parseItems(b, size)
		if !slices.IsSortedFunc(items, compareItems) {
			t.Fatal("not sorted")
		}
		roundTrip(t, b, err, func() []byte { return appendItems(nil, items, size) })
	})
}

// FuzzSketch: any bytes of the right length are a sketch, whose distance from any
// other has a bound.
func FuzzSketch(f *testing.F) {
	f.Add(sampleHello().sketch.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != sketchSize {
			return
		}
		k := parseSketch(b)
		if got := k.append(nil); !bytes.Equal(got, b) {
			t.Fatalf("%x became %x", b, got)
		}
		if d := k.difference(sketch{}); d > 1<<(2*sketchBits-2) || d != k.difference(parseSketch(b)) && k == (sketch{}) {
			t.Fatalf("%d apart", d)
		}
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
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		partial, err := parseEnd(b)
		roundTrip(t, b, err, func() []byte { return []byte{flag(partial)} })
	})
}

func FuzzDone(f *testing.F) {
	f.Add(done{whole: true, reach: 9, sum: 1}.append(nil))
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

// recorded is what a session writes, as a seed.
func recorded(frames func(w *wire)) []byte {
	w := newWire(&tape{Reader: bytes.NewReader(nil)})
	frames(w)
	_ = w.flush()
	return w.s.(*tape).Bytes()
}

// FuzzServer and FuzzClient play any bytes to a whole session.
func FuzzServer(f *testing.F) {
	one := appendFact(nil, fact(f, 1_000).Bytes())
	for _, h := range []hello{{}, {size: 3}, {size: 100, fresh: true}, {size: 100, sketch: sketch{5, 3, 1}}} {
		f.Add(recorded(func(w *wire) {
			_ = w.write(frameHello, h.append(nil))
			_ = w.write(frameList, appendList(nil, []uint64{1, 2, 3}, true))
			_ = w.write(frameDone, done{}.append(nil))
		}))
		f.Add(recorded(func(w *wire) {
			_ = w.write(frameHello, h.append(nil))
			_ = w.write(frameAnew, []byte{9})
			_ = w.write(frameFacts, one)
			_ = w.write(frameEnd, []byte{0})
			_ = w.write(frameDone, done{}.append(nil))
		}))
	}
	set := facts(f, 0, 100)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &session{wire: newWire(&tape{Reader: bytes.NewReader(b)}), r: side(setOf(set)), peer: "peer"}
		_ = s.respond(t.Context())
	})
}

func FuzzClient(f *testing.F) {
	one := appendFact(nil, fact(f, 1_000).Bytes())
	for m := range lastMode + 1 {
		f.Add(recorded(func(w *wire) {
			_ = w.write(frameWelcome, welcome{mode: m, size: 100, count: 2}.append(nil))
			_ = w.write(frameList, appendList(nil, []uint64{1, 2, 3}, true))
			_ = w.write(frameDone, done{}.append(nil))
		}))
		f.Add(recorded(func(w *wire) {
			_ = w.write(frameWelcome, welcome{mode: m, size: 100, count: 2}.append(nil))
			_ = w.write(frameSymbols, noise(0, 100, 2))
			_ = w.write(frameFacts, one)
			_ = w.write(frameDone, done{}.append(nil))
		}))
	}
	set := facts(f, 0, 100)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &session{wire: newWire(&tape{Reader: bytes.NewReader(b)}), r: side(setOf(set)), peer: "peer"}
		_, _ = s.initiate(t.Context())
	})
}
