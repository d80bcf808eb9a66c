package gossip

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"net"
	"runtime"
	"runtime/metrics"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// A script is a hostile side: it gets the wire and does with it what it wants.
// Errors do not matter to it; it ends when the pipe is closed at the latest.
type script func(t *testing.T, w *wire)

// hear reads one frame.
func hear(w *wire) (frameKind, []byte) {
	kind, payload, _ := w.read()
	return kind, payload
}

// names is a want.
func names(hashes ...uint64) (b []byte) {
	for _, h := range hashes {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	return b
}

// forever repeats a step until it fails.
func forever(step func() error) {
	for step() == nil {
	}
}

// claim is a welcome after whatever hello has come.
func claim(w *wire, m mode, size, count uint64) hello {
	_, payload := hear(w)
	h, _ := parseHello(payload)
	_ = w.write(frameWelcome, welcome{mode: m, size: size, nonce: nonce{1}, count: count}.append(nil))
	return h
}

// greet is a hello, and the welcome that follows.
func greet(w *wire, h hello) welcome {
	h.nonce = nonce{2}
	_ = w.write(frameHello, h.append(nil))
	_, payload := hear(w)
	got, _ := parseWelcome(payload)
	return got
}

// Hellos after which the victim chooses each of the modes.
var (
	toFeed    = hello{}
	toTell    = hello{size: 10}
	toList    = hello{size: 1 << 39}
	toSymbols = hello{size: held, sketch: nearSketch()}
	toFresh   = hello{size: held, sketch: nearSketch(), fresh: true}
)

// nearSketch is the sketch of a set that differs from the victim's in two facts.
func nearSketch() sketch {
	set := records.NewFactSet()
	for n := range held - 1 {
		set.Add(plainFact(n))
	}
	set.Add(plainFact(5_000_000))
	return ledgerOf(set).take().sketch
}

// noise is a run of symbols of no set.
func noise(start int, size int64, n int) []byte {
	run := riblt.Run{Start: start, Size: size, Symbols: make([]riblt.Symbol, n)}
	for i := range run.Symbols {
		run.Symbols[i].Count = 2 * size / int64(start+i+2)
		binary.BigEndian.PutUint64(run.Symbols[i].Sum[:], uint64(start+i+1)*0x9e3779b97f4a7c15)
		run.Symbols[i].Check = uint32(start + i + 1)
	}
	if start == 0 {
		run.Symbols[0].Count = size
	}
	return run.Append(nil)
}

// endlessNoise answers every wish for symbols with noise.
func endlessNoise(w *wire, size int64, first int) {
	start := 0
	send := func(n int) {
		for n > 0 {
			step := min(n, symbolsFrame)
			_ = w.write(frameSymbols, noise(start, size, step))
			start, n = start+step, n-step
		}
	}
	send(first)
	for {
		kind, payload := hear(w)
		if kind != frameMore {
			return
		}
		n, err := parseMore(payload, math.MaxInt32)
		if err != nil {
			return
		}
		send(n)
	}
}

// ascending is an endless list.
func ascending(w *wire, last bool) {
	next := uint64(1)
	hashes := make([]uint64, maxHashes)
	forever(func() error {
		for i := range hashes {
			hashes[i], next = next, next+1
		}
		return w.write(frameList, appendList(nil, hashes, last))
	})
}

// endlessFacts sends facts for ever, all valid, always the same.
func endlessFacts(t *testing.T, w *wire) {
	var frame []byte
	for _, f := range facts(t, 5_000_000, 5_000_400) {
		frame = appendFact(frame, f.Bytes())
	}
	forever(func() error { return w.write(frameFacts, frame) })
}

// held is how many facts the victim has.
const held = 300

var hostileServers = map[string]script{
	"says nothing":          func(_ *testing.T, w *wire) { hear(w); hear(w) },
	"reads nothing":         func(*testing.T, *wire) { time.Sleep(time.Minute) },
	"goes away":             func(_ *testing.T, w *wire) { hear(w) },
	"no welcome":            func(_ *testing.T, w *wire) { hear(w); _ = w.write(frameDone, nil); hear(w) },
	"unknown version":       func(_ *testing.T, w *wire) { hear(w); _ = w.write(frameWelcome, make([]byte, 40)); hear(w) },
	"unknown mode":          func(_ *testing.T, w *wire) { claim(w, lastMode+1, 100, 0); hear(w) },
	"set of 2^41":           func(_ *testing.T, w *wire) { claim(w, modeSymbols, 1<<41, 9); hear(w) },
	"giant frame":           func(_ *testing.T, w *wire) { hear(w); _, _ = w.s.Write([]byte{2, 0xff, 0xff, 0xff, 0xff}); hear(w) },
	"long length":           func(_ *testing.T, w *wire) { hear(w); _, _ = w.s.Write([]byte{2, 0x80, 0x00}); hear(w) },
	"half a frame":          func(_ *testing.T, w *wire) { hear(w); _, _ = w.s.Write([]byte{2, 40, 1}) },
	"refuses with a letter": func(_ *testing.T, w *wire) { hear(w); _ = w.write(frameRefuse, make([]byte, 99)); hear(w) },
	"drips": func(_ *testing.T, w *wire) {
		hear(w)
		_, _ = w.s.Write([]byte{2, 0xff, 0xff, 3})
		forever(func() error {
			time.Sleep(time.Second)
			_, err := w.s.Write([]byte{1})
			return err
		})
	},
	"drips frames": func(_ *testing.T, w *wire) {
		claim(w, modeList, 1<<40, 0)
		next := uint64(0)
		forever(func() error {
			time.Sleep(3 * time.Second)
			next++
			_ = w.write(frameList, appendList(nil, []uint64{next}, false))
			return w.flush()
		})
	},
	"wrong symbols for ever, then a list for ever": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, held, 24)
		endlessNoise(w, held, 24)
		ascending(w, false)
	},
	"wrong symbols for ever of 2^40 items": func(_ *testing.T, w *wire) {
		claim(w, modeFresh, 1<<40, mostAtFirst)
		endlessNoise(w, 1<<40, mostAtFirst)
		ascending(w, false)
	},
	"as many wrong symbols as are kept": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, 1<<40, mostCells)
		endlessNoise(w, 1<<40, mostCells)
		ascending(w, false)
	},
	"other symbols than asked for": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, held, 10)
		_ = w.write(frameSymbols, noise(7, held, 3))
		hear(w)
	},
	"more symbols than asked for": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, held, 10)
		_ = w.write(frameSymbols, noise(0, held, 11))
		hear(w)
	},
	"a list for ever": func(_ *testing.T, w *wire) { claim(w, modeList, 1<<40, 0); ascending(w, false) },
	"lists for ever":  func(_ *testing.T, w *wire) { claim(w, modeList, 1<<40, 0); ascending(w, true) },
	"a list that descends": func(_ *testing.T, w *wire) {
		claim(w, modeList, 2, 0)
		_ = w.write(frameList, appendList(nil, []uint64{2, 1}, true))
		hear(w)
	},
	"a list of empty frames": func(_ *testing.T, w *wire) {
		claim(w, modeList, 2, 0)
		forever(func() error { return w.write(frameList, []byte{0}) })
	},
	"a list of lies, then nothing": func(_ *testing.T, w *wire) {
		claim(w, modeList, 2, 0)
		_ = w.write(frameList, appendList(nil, []uint64{1, 2}, true))
		for kind, _ := hear(w); kind != frameEnd && kind != 0; kind, _ = hear(w) {
		}
		_ = w.write(frameDone, done{whole: true}.append(nil))
		hear(w)
	},
	"facts that nobody asked for": func(t *testing.T, w *wire) {
		claim(w, modeList, 1, 0)
		_ = w.write(frameList, appendList(nil, []uint64{1}, true))
		_ = w.write(frameFacts, appendFact(nil, fact(t, 5_000_000).Bytes()))
		hear(w)
	},
	"facts in place of a welcome": func(t *testing.T, w *wire) { hear(w); endlessFacts(t, w) },
	"facts for ever":              func(t *testing.T, w *wire) { claim(w, modeTell, 1<<40, 0); endlessFacts(t, w) },
	"facts that do not verify": func(t *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		_ = w.write(frameFacts, appendFact(nil, random(t, 78)))
		hear(w)
	},
	"facts that do not fit": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		_ = w.write(frameFacts, []byte{0xff, 0x3f, 1})
		hear(w)
	},
	"empty facts": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		forever(func() error { return w.write(frameFacts, []byte{0}) })
	},
	"wants what never was": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		_ = w.write(frameWant, names(1, 2, 3))
		_ = w.write(frameEnd, []byte{0})
		hear(w)
		hear(w)
	},
	"wants for ever": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		next := uint64(0)
		forever(func() error { next++; return w.write(frameWant, names(next)) })
	},
	"sums that do not add up": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		_ = w.write(frameEnd, []byte{0})
		hear(w)
	},
	"ends for ever": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		forever(func() error { return w.write(frameEnd, []byte{1}) })
	},
	"partial for ever": func(t *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		_ = w.write(frameFacts, appendFact(nil, fact(t, 5_000_000).Bytes()))
		_ = w.write(frameEnd, []byte{1})
		for kind, _ := hear(w); kind != frameDone && kind != 0; kind, _ = hear(w) {
		}
		_ = w.write(frameDone, done{}.append(nil))
		hear(w)
	},
	"the same, as it says": func(_ *testing.T, w *wire) { claim(w, modeSame, held, 0); hear(w); hear(w) },
	"a feed for ever":      func(t *testing.T, w *wire) { claim(w, modeFeed, 1<<40, 0); endlessFacts(t, w) },
	"a feed of so many":    func(t *testing.T, w *wire) { claim(w, modeFeed, 7, 8); endlessFacts(t, w) },
	"a feed of nothing, that did not arrive": func(t *testing.T, w *wire) {
		claim(w, modeFeed, 7, 0)
		for kind, _ := hear(w); kind != frameDone && kind != 0; kind, _ = hear(w) {
		}
		_ = w.write(frameDone, done{whole: true, reach: 1 << 40}.append(nil))
		hear(w)
	},
	"holds more than there is": func(_ *testing.T, w *wire) {
		hear(w)
		_ = w.write(frameWelcome, welcome{mode: modeFeed, holds: held + 1}.append(nil))
		hear(w)
	},
	"no symbols":       func(_ *testing.T, w *wire) { claim(w, modeSymbols, held, 0); hear(w); hear(w) },
	"too many symbols": func(_ *testing.T, w *wire) { claim(w, modeSymbols, held, maxSymbols); hear(w); hear(w) },
	"symbols of nothing": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, held, 24)
		_ = w.write(frameSymbols, riblt.Run{Size: held, Symbols: append([]riblt.Symbol{{Count: held}}, make([]riblt.Symbol, 23)...)}.Append(nil))
		endlessNoise(w, held, 0)
		ascending(w, false)
	},
	"unknown frames for ever": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40, 0)
		forever(func() error { return w.write(99, nil) })
	},
}

var hostileClients = map[string]script{
	"says nothing": func(_ *testing.T, w *wire) { hear(w) },
	"no hello":     func(_ *testing.T, w *wire) { _ = w.write(frameMore, []byte{1}); hear(w) },
	"half a hello": func(_ *testing.T, w *wire) { _ = w.write(frameHello, []byte{syncVersion, 0}); hear(w) },
	"set of 2^41":  func(_ *testing.T, w *wire) { greet(w, hello{size: 1 << 41}) },
	"giant frame":  func(_ *testing.T, w *wire) { _, _ = w.s.Write([]byte{1, 0x81, 0x80, 0x04}); hear(w) },
	"goes away":    func(_ *testing.T, w *wire) { greet(w, toSymbols) },
	"reads nothing": func(_ *testing.T, w *wire) {
		_ = w.write(frameHello, hello{}.append(nil))
		_ = w.flush()
		time.Sleep(time.Minute)
	},
	"symbols for ever": func(_ *testing.T, w *wire) {
		greet(w, toSymbols)
		forever(func() error { _ = w.write(frameMore, []byte{0xff, 0x0f}); hear(w); return w.flush() })
	},
	"no symbols": func(_ *testing.T, w *wire) { greet(w, toSymbols); _ = w.write(frameMore, []byte{0}); hear(w); hear(w) },
	"lists for ever": func(_ *testing.T, w *wire) {
		greet(w, toFresh)
		forever(func() error { _ = w.write(frameAskList, nil); hear(w); return w.flush() })
	},
	"a list of symbols that are no secret": func(_ *testing.T, w *wire) { greet(w, toSymbols); _ = w.write(frameAskList, nil); hear(w); hear(w) },
	"anew for ever": func(_ *testing.T, w *wire) {
		greet(w, toSymbols)
		forever(func() error { _ = w.write(frameAnew, []byte{9}); hear(w); return w.flush() })
	},
	"fresh symbols for ever": func(_ *testing.T, w *wire) {
		greet(w, toFresh)
		forever(func() error { _ = w.write(frameMore, []byte{0xff, 0x0f}); hear(w); return w.flush() })
	},
	"more of a list": func(_ *testing.T, w *wire) { greet(w, toList); hear(w); _ = w.write(frameMore, []byte{9}); hear(w) },
	"fetches what never was": func(_ *testing.T, w *wire) {
		greet(w, toSymbols)
		hear(w)
		_ = w.write(frameFetch, appendItems(nil, []riblt.Item{{1}, {2}}, itemSize))
		_ = w.write(frameEnd, []byte{0})
		hear(w)
		_ = w.write(frameDone, done{whole: true}.append(nil))
		hear(w)
	},
	"wants what has no name yet": func(_ *testing.T, w *wire) { greet(w, toSymbols); hear(w); _ = w.write(frameWant, names(1)); hear(w) },
	"answers a feed for ever":    func(t *testing.T, w *wire) { greet(w, toFeed); endlessFacts(t, w) },
	"answers a feed with wants":  func(_ *testing.T, w *wire) { greet(w, toFeed); hear(w); _ = w.write(frameWant, names(1)); hear(w) },
	"content with a feed that it did not get": func(_ *testing.T, w *wire) {
		greet(w, toFeed)
		hear(w)
		_ = w.write(frameDone, done{whole: true, reach: 1 << 40}.append(nil))
		hear(w)
	},
	"a list for ever": func(_ *testing.T, w *wire) { greet(w, toTell); ascending(w, false) },
	"a list of all":   func(_ *testing.T, w *wire) { greet(w, toTell); ascending(w, true) },
	"facts for ever":  func(t *testing.T, w *wire) { greet(w, toSymbols); hear(w); endlessFacts(t, w) },
	"facts that do not verify": func(t *testing.T, w *wire) {
		greet(w, toSymbols)
		hear(w)
		_ = w.write(frameFacts, appendFact(nil, random(t, 78)))
		hear(w)
	},
	"wants everything, twice": func(_ *testing.T, w *wire) {
		greet(w, toSymbols)
		hear(w)
		_ = w.write(frameWant, names(1, 2))
		_ = w.write(frameWant, names(1, 2))
		hear(w)
	},
	"wants in disorder": func(_ *testing.T, w *wire) {
		greet(w, toSymbols)
		hear(w)
		_ = w.write(frameWant, names(2, 1))
		hear(w)
	},
	"done with nothing": func(_ *testing.T, w *wire) {
		greet(w, toSymbols)
		hear(w)
		_ = w.write(frameDone, done{whole: true}.append(nil))
		hear(w)
	},
	"done at last": func(t *testing.T, w *wire) {
		greet(w, toSymbols)
		hear(w)
		_ = w.write(frameFacts, appendFact(nil, fact(t, 5_000_000).Bytes()))
		_ = w.write(frameDone, done{whole: true}.append(nil))
		hear(w)
	},
	"unknown frame": func(_ *testing.T, w *wire) { greet(w, toSymbols); _ = w.write(99, nil); hear(w); hear(w) },
}

// pumped is a connection whose incoming bytes are taken at once, so that a script
// may write for ever without reading.
type pumped struct {
	net.Conn
	bytes chan []byte
	rest  []byte
}

func pump(c net.Conn) *pumped {
	p := &pumped{Conn: c, bytes: make(chan []byte, 1<<16)}
	go func() {
		defer close(p.bytes)
		for {
			b := make([]byte, 4<<10)
			n, err := c.Read(b)
			if err != nil {
				return
			}
			p.bytes <- b[:n]
		}
	}()
	return p
}

func (p *pumped) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		more, ok := <-p.bytes
		if !ok {
			return 0, io.EOF
		}
		p.rest = more
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *pumped) SetReadDeadline(time.Time) error { return nil }

// TestHostilePeers is attack A23, against both sides: whatever the peer does, a
// session ends in less than 10 s with an error, and takes in no more than its
// limit. It runs in virtual time, in which computing takes none: what never ends
// must end by a limit on bytes or counts.
func TestHostilePeers(t *testing.T) {
	run := func(name string, attack script, part func(*session) error, quiet bool) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				over := make(chan struct{})
				go func() {
					defer close(over)
					defer func() { _ = theirs.Close() }()
					w := newWire(theirs)
					if name != "server/reads nothing" && name != "client/reads nothing" {
						w = newWire(pump(theirs))
					}
					w.until = time.Now().Add(time.Minute)
					_ = theirs.SetWriteDeadline(w.until)
					attack(t, w)
				}()
				set := setOf(facts(t, 0, held))
				s := &session{wire: newWire(ours), r: side(set), peer: "peer"}
				start := time.Now()
				err := part(s)
				took := time.Since(start)
				_ = ours.Close()
				<-over
				t.Logf("%s, %d bytes in, %d out: %v", took, s.in, s.out, err)
				if err == nil && !quiet {
					t.Error("no error")
				}
				if took >= 10*time.Second {
					t.Errorf("took %s", took)
				}
				if s.in > maxSessionIn+maxFrame+8 || s.out > maxSessionIn {
					t.Errorf("%d bytes in and %d out", s.in, s.out)
				}
				if n := set.Len(); n > held+400 {
					t.Errorf("%d facts", n)
				}
			})
		})
	}
	for name, attack := range hostileServers {
		run("server/"+name, attack, func(s *session) error {
			_, err := s.initiate(context.Background())
			return err
		}, false)
	}
	for name, attack := range hostileClients {
		run("client/"+name, attack, func(s *session) error { return s.respond(context.Background()) }, false)
	}
}

// sampler is a connection that looks at the memory in use every few writes. The
// victim has read what was written and waits for more, so little garbage is about.
type sampler struct {
	net.Conn
	writes int
	most   uint64
}

func (c *sampler) Write(b []byte) (int, error) {
	if c.writes++; c.writes%16 == 0 {
		c.most = max(c.most, heap())
	}
	return c.Conn.Write(b)
}

// heap is the memory that a garbage collection finds in use, the script's included.
func heap() uint64 {
	runtime.GC()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}

// TestHostileMemory: what a peer can make a session hold is less than 10 MB.
func TestHostileMemory(t *testing.T) {
	for _, row := range []struct {
		name string
		held int
	}{
		{"wrong symbols for ever of 2^40 items", held}, {"as many wrong symbols as are kept", 2 * mostCells},
		{"a list for ever", held}, {"facts for ever", held}, {"a feed for ever", held},
	} {
		t.Run(row.name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			watch := &sampler{Conn: theirs}
			s := &session{wire: newWire(ours), r: side(setOf(facts(t, 0, row.held))), peer: "peer"}
			whole(s.r).take()
			before := heap()
			over := make(chan struct{})
			go func() {
				defer close(over)
				defer func() { _ = theirs.Close() }()
				hostileServers[row.name](t, newWire(pump(watch)))
			}()
			if _, err := s.initiate(t.Context()); err == nil {
				t.Error("no error")
			}
			_ = ours.Close()
			<-over
			t.Logf("%d kB in %d samples", (watch.most-min(watch.most, before))>>10, watch.writes/16)
			if watch.most > before+10<<20 || watch.writes < 16 {
				t.Errorf("%d bytes before, %d at most", before, watch.most)
			}
		})
	}
}
