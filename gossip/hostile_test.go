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
)

// A script is a hostile side: it gets the wire and does with it what it wants.
// Errors do not matter to it; it ends when the pipe is closed at the latest.
type script func(t *testing.T, w *wire)

// hear reads one frame.
func hear(w *wire) (frameKind, []byte) {
	kind, payload, _ := w.read()
	return kind, payload
}

// forever repeats a step until it fails.
func forever(step func() error) {
	for step() == nil {
	}
}

// claim is a welcome after whatever hello has come.
func claim(w *wire, m mode, size uint64) hello {
	_, payload := hear(w)
	h, _ := parseHello(payload)
	_ = w.write(frameWelcome, welcome{hello{size: size, generation: size, nonce: [16]byte{1}}, m}.append(nil))
	return h
}

// greet is a hello, and the welcome that follows.
func greet(w *wire, size uint64) welcome {
	_ = w.write(frameHello, hello{size: size, generation: size, nonce: [16]byte{2}}.append(nil))
	_, payload := hear(w)
	got, _ := parseWelcome(payload)
	return got
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
	"unknown mode":          func(_ *testing.T, w *wire) { claim(w, 4, 100); hear(w) },
	"set of 2^41":           func(_ *testing.T, w *wire) { claim(w, modeSymbols, 1<<41); hear(w) },
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
		claim(w, modeList, 1<<40)
		next := uint64(0)
		forever(func() error {
			time.Sleep(3 * time.Second)
			next++
			_ = w.write(frameList, appendList(nil, []uint64{next}, false))
			return w.flush()
		})
	},
	"wrong symbols for ever, then a list for ever": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, held)
		endlessNoise(w, held, symbolsAtFirst(held, held))
		ascending(w, false)
	},
	"wrong symbols for ever of 2^40 items": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, 1<<40)
		endlessNoise(w, 1<<40, mostAtFirst)
		ascending(w, false)
	},
	"other symbols than asked for": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, held)
		_ = w.write(frameSymbols, noise(7, held, 3))
		hear(w)
	},
	"more symbols than asked for": func(_ *testing.T, w *wire) {
		claim(w, modeSymbols, held)
		_ = w.write(frameSymbols, noise(0, held, firstSymbols+1))
		hear(w)
	},
	"a list for ever": func(_ *testing.T, w *wire) { claim(w, modeList, 1<<40); ascending(w, false) },
	"lists for ever":  func(_ *testing.T, w *wire) { claim(w, modeList, 1<<40); ascending(w, true) },
	"a list that descends": func(_ *testing.T, w *wire) {
		claim(w, modeList, 2)
		_ = w.write(frameList, appendList(nil, []uint64{2, 1}, true))
		hear(w)
	},
	"a list of empty frames": func(_ *testing.T, w *wire) {
		claim(w, modeList, 2)
		forever(func() error { return w.write(frameList, []byte{0}) })
	},
	"a list of lies, then nothing": func(_ *testing.T, w *wire) {
		claim(w, modeList, 2)
		_ = w.write(frameList, appendList(nil, []uint64{1, 2}, true))
		for kind, _ := hear(w); kind != frameEnd && kind != 0; kind, _ = hear(w) {
		}
		_ = w.write(frameDone, done{agreed: true}.append(nil))
		hear(w)
	},
	"facts that nobody asked for": func(t *testing.T, w *wire) {
		claim(w, modeList, 1)
		_ = w.write(frameList, appendList(nil, []uint64{1}, true))
		_ = w.write(frameFacts, appendFact(nil, fact(t, 5_000_000).Bytes()))
		hear(w)
	},
	"facts in place of a welcome": func(t *testing.T, w *wire) { hear(w); endlessFacts(t, w) },
	"facts for ever":              func(t *testing.T, w *wire) { claim(w, modeTell, 1<<40); endlessFacts(t, w) },
	"facts that do not verify": func(t *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		_ = w.write(frameFacts, appendFact(nil, random(t, 78)))
		hear(w)
	},
	"facts that do not fit": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		_ = w.write(frameFacts, []byte{0xff, 0x3f, 1})
		hear(w)
	},
	"empty facts": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		forever(func() error { return w.write(frameFacts, []byte{0}) })
	},
	"wants what never was": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		_ = w.write(frameWant, appendHashes(nil, []uint64{1, 2, 3}))
		_ = w.write(frameEnd, end{}.append(nil))
		hear(w)
		hear(w)
	},
	"wants for ever": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		next := uint64(0)
		forever(func() error { next++; return w.write(frameWant, appendHashes(nil, []uint64{next})) })
	},
	"sums that do not add up": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		_ = w.write(frameEnd, end{union: 1}.append(nil))
		hear(w)
	},
	"ends for ever": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		forever(func() error { return w.write(frameEnd, end{partial: true}.append(nil)) })
	},
	"partial for ever": func(t *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		_ = w.write(frameFacts, appendFact(nil, fact(t, 5_000_000).Bytes()))
		_ = w.write(frameEnd, end{partial: true}.append(nil))
		for kind, _ := hear(w); kind != frameDone && kind != 0; kind, _ = hear(w) {
		}
		_ = w.write(frameDone, done{}.append(nil))
		hear(w)
	},
	"the same, as it says": func(_ *testing.T, w *wire) { claim(w, modeSame, held); hear(w); hear(w) },
	"unknown frames for ever": func(_ *testing.T, w *wire) {
		claim(w, modeTell, 1<<40)
		forever(func() error { return w.write(99, nil) })
	},
}

var hostileClients = map[string]script{
	"says nothing": func(_ *testing.T, w *wire) { hear(w) },
	"no hello":     func(_ *testing.T, w *wire) { _ = w.write(frameMore, []byte{1}); hear(w) },
	"half a hello": func(_ *testing.T, w *wire) { _ = w.write(frameHello, []byte{syncVersion, 0}); hear(w) },
	"set of 2^41":  func(_ *testing.T, w *wire) { greet(w, 1<<41) },
	"giant frame":  func(_ *testing.T, w *wire) { _, _ = w.s.Write([]byte{1, 0x81, 0x80, 0x04}); hear(w) },
	"goes away":    func(_ *testing.T, w *wire) { greet(w, held) },
	"reads nothing": func(_ *testing.T, w *wire) {
		_ = w.write(frameHello, hello{}.append(nil))
		_ = w.flush()
		time.Sleep(time.Minute)
	},
	"symbols for ever": func(_ *testing.T, w *wire) {
		greet(w, held)
		forever(func() error { _ = w.write(frameMore, []byte{0xff, 0x0f}); hear(w); return w.flush() })
	},
	"no symbols": func(_ *testing.T, w *wire) { greet(w, held); _ = w.write(frameMore, []byte{0}); hear(w); hear(w) },
	"lists for ever": func(_ *testing.T, w *wire) {
		greet(w, held)
		forever(func() error { _ = w.write(frameAskList, nil); hear(w); return w.flush() })
	},
	"a list for ever": func(_ *testing.T, w *wire) { greet(w, 10); ascending(w, false) },
	"a list of all":   func(_ *testing.T, w *wire) { greet(w, 10); ascending(w, true) },
	"facts for ever":  func(t *testing.T, w *wire) { greet(w, held); hear(w); endlessFacts(t, w) },
	"facts that do not verify": func(t *testing.T, w *wire) {
		greet(w, held)
		hear(w)
		_ = w.write(frameFacts, appendFact(nil, random(t, 78)))
		hear(w)
	},
	"wants everything, twice": func(_ *testing.T, w *wire) {
		greet(w, held)
		hear(w)
		_ = w.write(frameWant, appendHashes(nil, []uint64{1, 2}))
		_ = w.write(frameWant, appendHashes(nil, []uint64{1, 2}))
		hear(w)
	},
	"wants in disorder": func(_ *testing.T, w *wire) {
		greet(w, held)
		hear(w)
		_ = w.write(frameWant, appendHashes(nil, []uint64{2, 1}))
		hear(w)
	},
	"done with nothing": func(_ *testing.T, w *wire) {
		greet(w, held)
		hear(w)
		_ = w.write(frameDone, done{agreed: true}.append(nil))
		hear(w)
	},
	"done at last": func(t *testing.T, w *wire) {
		greet(w, held)
		hear(w)
		_ = w.write(frameFacts, appendFact(nil, fact(t, 5_000_000).Bytes()))
		_ = w.write(frameDone, done{agreed: true}.append(nil))
		hear(w)
	},
	"unknown frame": func(_ *testing.T, w *wire) { greet(w, held); _ = w.write(99, nil); hear(w); hear(w) },
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
	for _, name := range []string{
		"wrong symbols for ever of 2^40 items", "wrong symbols for ever, then a list for ever", "a list for ever", "facts for ever",
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			watch := &sampler{Conn: theirs}
			set := setOf(facts(t, 0, held))
			s := &session{wire: newWire(ours), r: side(set), peer: "peer"}
			before := heap()
			over := make(chan struct{})
			go func() {
				defer close(over)
				defer func() { _ = theirs.Close() }()
				hostileServers[name](t, newWire(pump(watch)))
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
