package overlay

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// watched runs a watch and collects what it hears.
type watched struct {
	mu   sync.Mutex
	all  []records.Value
	done chan struct{}
	stop context.CancelFunc
}

func watchOf(t *testing.T, n *testNode, id records.AgentID) *watched {
	ctx, stop := context.WithCancel(t.Context())
	w := &watched{done: make(chan struct{}), stop: stop}
	go func() {
		defer close(w.done)
		_ = n.Watch(ctx, id, func(v records.Value) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.all = append(w.all, v)
		})
	}()
	t.Cleanup(w.end)
	return w
}

func (w *watched) end() { w.stop(); <-w.done }

// sequence is that of the last record heard, 0 before the first.
func (w *watched) sequence() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.all) == 0 {
		return 0
	}
	r, ok := w.all[len(w.all)-1].(*records.Record)
	if !ok {
		return 0
	}
	return r.Sequence()
}

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.all)
}

func registered(nodes []*testNode) (n int) {
	for _, x := range nodes {
		n += x.Stats().Watchers
	}
	return n
}

// A watcher is told of what stands, of each move, and of the end; when it stops the
// holders forget it.
func TestWatch(t *testing.T) {
	nodes := newNetwork(t, 10, quic, func(c *Config) { c.Replication = 5 })
	agent := newAgent(t, 1)
	if _, err := nodes[3].Publish(t.Context(), agent.record(1), nil); err != nil {
		t.Fatal(err)
	}
	w := watchOf(t, nodes[7], agent.id())
	eventually(t, "the watcher knows what stands", func() bool { return w.sequence() == 1 })
	eventually(t, "it is registered", func() bool { return registered(nodes) == watchHolders })
	for seq := uint64(2); seq < 6; seq++ {
		if _, err := nodes[3].Publish(t.Context(), agent.record(seq), nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the watcher knows of the move", func() bool { return w.sequence() == seq })
	}
	if _, err := nodes[3].Publish(t.Context(), agent.tombstone(), nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the watcher knows of the end", func() bool { return w.count() == 6 })
	w.end()
	eventually(t, "the holders forget the watcher", func() bool { return registered(nodes) == 0 })
}

// connect lets h speak to n, and says a frame of a watch there.
func saysTo(t *testing.T, n *testNode, seed uint64) func(watchQuestion) (watchAnswer, error) {
	t.Helper()
	h := newHost(t, seed, tcp)
	if err := h.Connect(t.Context(), n.info()); err != nil {
		t.Fatal(err)
	}
	speaker := &DHT{cfg: Config{Host: h}}
	return func(q watchQuestion) (watchAnswer, error) {
		b, err := speaker.converse(t.Context(), n.self, "/cairn"+watchSuffix, q.encode(), maxWatchAnswer)
		if err != nil {
			return watchAnswer{}, err
		}
		return decodeWatchAnswer(b)
	}
}

// A watcher that registers for everything and never listens gets its share and no more,
// is forgotten when it cannot be told, and holds up nobody.
func TestHostileWatcher(t *testing.T) {
	holder := newNode(t, 0, tcp)
	agent := newAgent(t, 1)
	deaf := newHost(t, 1, tcp)
	deaf.SetStreamHandler("/cairn"+watchSuffix, func(network.Stream) {}) // and never reads
	if err := deaf.Connect(t.Context(), holder.info()); err != nil {
		t.Fatal(err)
	}
	var group netip.Prefix
	until, taken := time.Now().Add(time.Hour), 0
	for i := range 10_000 {
		var sum [32]byte
		binary.BigEndian.PutUint32(sum[:], uint32(i))
		id, err := records.AgentIDFromBytes(append([]byte{0x01, 0x71, 0x12, 0x20}, sum[:]...))
		if err != nil {
			t.Fatal(err)
		}
		if holder.telling.table.add(deaf.ID(), group, id, until, 0) {
			taken++
		}
	}
	if taken > maxWatchesOfPeer || holder.Stats().Watchers != taken {
		t.Errorf("one peer has %d registrations, %d in all", taken, holder.Stats().Watchers)
	}
	for i := range 3 * maxWatchesOfGroup { // many identities behind few addresses
		holder.telling.table.add(modelPeer(uint64(i)), group, newAgentID(i), until, 0)
	}
	if n := holder.Stats().Watchers; n > maxWatchesOfGroup+maxWatchesOfPeer {
		t.Errorf("one group of addresses has %d registrations", n)
	}
	for i := range 2 * maxWatchesOfAgent { // many peers everywhere, for one agent
		holder.telling.table.add(modelPeer(uint64(100_000+i)), netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24), agent.id(), until, 1)
	}
	if n := len(holder.telling.table.byAgent[agent.id()]); n > maxWatchesOfAgent {
		t.Errorf("one agent has %d registrations", n)
	}
	holder.telling.table.sweep(until)
	if n := holder.Stats().Watchers; n != 0 || len(holder.telling.table.ofPeer)+len(holder.telling.table.ofGroup) != 0 {
		t.Errorf("%d registrations are left of those that ran out", n)
	}

	honest := newNode(t, 2, tcp)
	if _, err := honest.Bootstrap(t.Context(), []peer.AddrInfo{holder.info()}); err != nil {
		t.Fatal(err)
	}
	w := watchOf(t, honest, agent.id())
	eventually(t, "the honest one is registered", func() bool { return holder.Stats().Watchers == 1 })
	holder.telling.table.add(deaf.ID(), group, agent.id(), until, 0)
	for seq := uint64(1); seq <= 5; seq++ {
		holder.Tell(agent.record(seq))
		eventually(t, "the honest one is told", func() bool { return w.sequence() == seq })
	}
	eventually(t, "the deaf one is forgotten", func() bool { return holder.Stats().TellsFailed == 1 && holder.Stats().Watchers == 1 })
	if !holder.telling.deaf.has(deaf.ID()) {
		t.Error("the deaf one may register at once")
	}
}

func newAgentID(n int) records.AgentID {
	var sum [32]byte
	binary.BigEndian.PutUint64(sum[8:], uint64(n))
	id, err := records.AgentIDFromBytes(append([]byte{0x01, 0x71, 0x12, 0x20}, sum[:]...))
	if err != nil {
		panic(err)
	}
	return id
}

// Two puts may end in one order and be told of in the other: what is owed is the newer one.
func TestOwedIsTheNewest(t *testing.T) {
	d := newNode(t, 0, tcp)
	agent := newAgent(t, 1)
	for range maxTelling {
		d.telling.slots <- struct{}{}
	}
	p := modelPeer(1)
	d.telling.table.add(p, netip.Prefix{}, agent.id(), time.Now().Add(time.Hour), 0)
	owed := func() records.Value {
		d.telling.mu.Lock()
		defer d.telling.mu.Unlock()
		return d.telling.owing[p][agent.id()]
	}
	d.Tell(agent.record(1))
	eventually(t, "the first is on its way", func() bool { return owed() == nil })
	d.Tell(agent.tombstone())
	d.Tell(agent.record(2))
	if _, dead := owed().(*records.Tombstone); !dead {
		t.Errorf("the tombstone is not told: %T is", owed())
	}
}

// A holder that tells junk, tells what is old, or tells without end is not listened to;
// nothing of it reaches the watcher, and the honest holders do.
func TestHostileHolder(t *testing.T) {
	agent, other := newAgent(t, 1), newAgent(t, 2)
	older, newer := agent.record(2).Bytes(), agent.record(3).Bytes() // made once: two of one number may differ by the time
	for _, c := range []struct {
		name string
		say  func(i int) watchQuestion
		best uint64 // what the watcher knows at the end
		lies bool   // the holder is not asked again
	}{
		{"junk", func(i int) watchQuestion {
			return watchQuestion{kind: watchValue, id: agent.id(), value: []byte{byte(i), byte(i >> 8), 7}}
		}, 1, true},
		{"another agent's record", func(int) watchQuestion {
			return watchQuestion{kind: watchValue, id: agent.id(), value: other.record(9).Bytes()}
		}, 1, true},
		{"what nobody asked for", func(int) watchQuestion {
			return watchQuestion{kind: watchValue, id: other.id(), value: other.record(9).Bytes()}
		}, 1, false},
		{"old records", func(i int) watchQuestion {
			value := newer
			if i > 0 {
				value = older
			}
			return watchQuestion{kind: watchValue, id: agent.id(), value: value}
		}, 3, true},
		{"a flood of the same", func(int) watchQuestion {
			return watchQuestion{kind: watchValue, id: agent.id(), value: newer}
		}, 3, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			watcher := newNode(t, 0, tcp)
			honest := newNode(t, 1, tcp)
			if _, err := watcher.Bootstrap(t.Context(), []peer.AddrInfo{honest.info()}); err != nil {
				t.Fatal(err)
			}
			if _, err := watcher.Publish(t.Context(), agent.record(1), nil); err != nil {
				t.Fatal(err)
			}
			w := watchOf(t, watcher, agent.id())
			eventually(t, "what stands is known", func() bool { return w.sequence() == 1 })
			say := saysTo(t, watcher, 7)
			_, liar := hostKey(t, 7)
			watcher.listening.mu.Lock()
			x := watcher.listening.by[agent.id()][0]
			watcher.listening.mu.Unlock()
			x.mu.Lock()
			x.asked[liar] = new(holder)
			x.mu.Unlock()
			good, floods := 0, 600
			for i := range floods {
				if _, err := say(c.say(i)); err == nil {
					good++
				}
			}
			if w.sequence() != c.best || watcher.listening.liars.has(liar) != c.lies {
				t.Errorf("the watcher knows sequence %d, the holder is not asked any more: %v", w.sequence(), watcher.listening.liars.has(liar))
			}
			if good > floods*2/3 {
				t.Errorf("%d of %d tidings were taken", good, floods)
			}
			holderNews := agent.record(4)
			if err := honest.values.Put(t.Context(), holderNews); err != nil {
				t.Fatal(err)
			}
			honest.Tell(holderNews)
			eventually(t, "the honest holder is heard", func() bool { return w.sequence() == 4 })
		})
	}
}

func FuzzWatchFrames(f *testing.F) {
	id := newAgentID(1)
	f.Add(watchQuestion{kind: watchAsk, id: id, lease: watchLease, have: 7}.encode())
	f.Add(watchQuestion{kind: watchValue, id: id, value: []byte{1}}.encode())
	f.Add(watchAnswer{taken: true, lease: watchLease, value: []byte{1}}.encode())
	f.Add(watchAnswer{}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := decodeWatchQuestion(b); err == nil && string(q.encode()) != string(b) {
			t.Errorf("question %x comes back as %x", b, q.encode())
		}
		if a, err := decodeWatchAnswer(b); err == nil && string(a.encode()) != string(b) {
			t.Errorf("answer %x comes back as %x", b, a.encode())
		}
	})
}

// The hexadecimal of docs/spec/010-watch.md is what this package makes of the same.
func TestWatchVectors(t *testing.T) {
	page, err := os.ReadFile("../docs/spec/010-watch.md")
	if err != nil {
		t.Fatal(err)
	}
	var count [32]byte
	for i := range count {
		count[i] = byte(i)
	}
	id, err := records.AgentIDFromBytes(append([]byte{0x01, 0x71, 0x12, 0x20}, count[:]...))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"watch for 180 s, nothing held":           watchQuestion{kind: watchAsk, id: id, lease: 180 * time.Second}.encode(),
		"watch for 600 s, holding ff00ff00ff00ff": watchQuestion{kind: watchAsk, id: id, lease: 600 * time.Second, have: 0xff00ff00ff00ff}.encode(),
		"no more":                           watchQuestion{kind: watchAsk, id: id}.encode(),
		"the value 010203":                  watchQuestion{kind: watchValue, id: id, value: []byte{1, 2, 3}}.encode(),
		"refused":                           watchAnswer{}.encode(),
		"taken for 180 s, nothing new":      watchAnswer{taken: true, lease: 180 * time.Second}.encode(),
		"taken for 180 s, the value 010203": watchAnswer{taken: true, lease: 180 * time.Second, value: []byte{1, 2, 3}}.encode(),
	} {
		if row := "| " + name + " | `" + hex.EncodeToString(b) + "` |"; !strings.Contains(string(page), row) {
			t.Errorf("the page lacks the row\n%s", row)
		}
	}
}
