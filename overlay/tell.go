package overlay

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"github.com/cairn-overlay/cairn/records"
)

// The holder's side of a watch, spec 010: it tells those who asked for it when it takes
// a newer value.
const (
	// watchTime bounds one question and its answer, on both sides.
	watchTime = 5 * time.Second
	// watchAskRate and watchAskBurst are how often one peer may ask.
	watchAskRate, watchAskBurst = 10, 600
	// tellPause is the least time between two rounds of telling one peer: what changes
	// meanwhile is told at its end, as it is then.
	tellPause = 250 * time.Millisecond
	// deafFor is how long nobody may register who could not be told.
	deafFor = time.Minute
	// maxTelling is how many peers are told at a time.
	maxTelling = 64
	// tellBytes is how many bytes of values are told in a second, and tellBurst at once.
	tellBytes, tellBurst = 1 << 20, 8 << 20
)

// telling is what this node owes to those who watch.
type telling struct {
	table *watchTable
	deaf  shuns // who could not be told lately, and may not register
	asks  *quotas
	bytes *rate.Limiter
	slots chan struct{} // a token for each peer that is being told

	mu    sync.Mutex
	owing map[peer.ID]map[records.AgentID]records.Value // by whom it is told; a goroutine for each
}

func newTelling() *telling {
	return &telling{
		table: newWatchTable(), asks: newQuotas(watchAskRate, watchAskBurst), bytes: rate.NewLimiter(tellBytes, tellBurst),
		slots: make(chan struct{}, maxTelling), owing: make(map[peer.ID]map[records.AgentID]records.Value),
	}
}

// Tell has those who watch the agent of v at this node told of it. The overlay does so
// by itself for what others put here; a node calls it for what came into Values by
// another way. It does not wait.
func (d *DHT) Tell(v records.Value) {
	if !d.telling.table.watched(v.ID()) {
		return
	}
	whom := d.telling.table.news(v.ID(), sumOf(v), time.Now())
	if len(whom) == 0 {
		return
	}
	d.telling.mu.Lock()
	defer d.telling.mu.Unlock()
	for _, p := range whom {
		owed, running := d.telling.owing[p]
		if !running {
			owed = make(map[records.AgentID]records.Value)
			if !d.start(func() { d.tellAll(p) }) {
				return
			}
			d.telling.owing[p] = owed
		}
		if was := owed[v.ID()]; was == nil || records.Compare(v, was) > 0 { // two puts may end in the other order
			owed[v.ID()] = v
		}
	}
}

// tellAll tells p what is owed to it until nothing is. Whoever cannot be told has to
// register anew: then it learns what it missed.
func (d *DHT) tellAll(p peer.ID) {
	for {
		owed := d.telling.take(p)
		if owed == nil {
			return
		}
		if err := d.tellRound(p, owed); err != nil {
			d.stats.tellsFailed.Add(1)
			d.telling.table.forget(p)
			d.telling.deaf.addFor(p, deafFor)
		}
		timer := time.NewTimer(tellPause)
		select {
		case <-timer.C:
		case <-d.ctx.Done():
			timer.Stop()
			return
		}
	}
}

// take returns what is owed to p. Nil ends who tells it.
func (t *telling) take(p peer.ID) map[records.AgentID]records.Value {
	t.mu.Lock()
	defer t.mu.Unlock()
	owed := t.owing[p]
	if len(owed) == 0 {
		delete(t.owing, p)
		return nil
	}
	t.owing[p] = make(map[records.AgentID]records.Value)
	return owed
}

func (d *DHT) tellRound(p peer.ID, owed map[records.AgentID]records.Value) error {
	select {
	case d.telling.slots <- struct{}{}:
		defer func() { <-d.telling.slots }()
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
	for id, v := range owed {
		if err := d.telling.bytes.WaitN(d.ctx, len(v.Bytes())); err != nil {
			return err
		}
		if _, err := d.askWatch(d.ctx, p, watchQuestion{kind: watchValue, id: id, value: v.Bytes()}); err != nil {
			return err
		}
		d.stats.told.Add(1)
	}
	return nil
}

// askWatch puts one question to p, and dials where that is needed.
func (d *DHT) askWatch(ctx context.Context, p peer.ID, q watchQuestion) (watchAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, watchTime)
	defer cancel()
	if !d.links.connected(p) {
		if _, err := d.links.conn(ctx, p); err != nil {
			return watchAnswer{}, err
		}
	}
	b, err := d.converse(ctx, p, d.cfg.prefix()+watchSuffix, q.encode(), maxWatchAnswer)
	if err != nil {
		return watchAnswer{}, err
	}
	return decodeWatchAnswer(b)
}

// serveWatch answers one question of either kind.
func (d *DHT) serveWatch(s network.Stream) {
	_ = s.SetDeadline(time.Now().Add(watchTime))
	answer, ok := d.answerWatch(s)
	if !ok || writeFrame(s, answer.encode()) != nil {
		_ = s.Reset()
		return
	}
	_ = s.Close()
}

func (d *DHT) answerWatch(s network.Stream) (a watchAnswer, ok bool) {
	p := s.Conn().RemotePeer()
	b, err := readBody(bufio.NewReaderSize(s, readBuffer), maxWatchQuestion)
	if err != nil {
		return a, false
	}
	q, err := decodeWatchQuestion(b)
	switch {
	case err != nil:
		d.stats.watchRefused.add("malformed")
		return a, false
	case q.kind == watchValue:
		return watchAnswer{taken: true}, d.hear(p, q)
	case !d.telling.asks.of(p).Allow():
		d.stats.watchRefused.add("rate")
		return a, false
	}
	return d.register(s.Conn(), q), true
}

// register answers an ask. Who is refused may ask another holder.
func (d *DHT) register(c network.Conn, q watchQuestion) (a watchAnswer) {
	p := c.RemotePeer()
	if q.lease == 0 {
		d.telling.table.remove(p, q.id)
		return watchAnswer{taken: true}
	}
	ctx, cancel := context.WithTimeout(d.ctx, watchTime)
	defer cancel()
	if d.cfg.Client || d.telling.deaf.has(p) || !d.telling.table.add(p, groupOf(c), q.id, time.Now().Add(q.lease), q.have) {
		d.stats.watchRefused.add("full")
		return a
	}
	a.taken, a.lease = true, q.lease
	held, err := d.cfg.Values.Get(ctx, q.id) // after it is registered: nothing falls between
	if err == nil && held != nil && sumOf(held) != q.have {
		a.value = held.Bytes()
		d.telling.table.add(p, groupOf(c), q.id, time.Now().Add(q.lease), sumOf(held))
	}
	return a
}

// groupOf is the group of addresses that a connection comes from.
func groupOf(c network.Conn) netip.Prefix {
	at, ok := doorOf(c.RemoteMultiaddr())
	if !ok {
		return netip.Prefix{}
	}
	return doorGroup(at)
}

// sumOf names a value in a few bytes; 0 is none.
func sumOf(v records.Value) uint64 {
	sum := sha256.Sum256(v.Bytes())
	return binary.BigEndian.Uint64(sum[:])
}

// sweepWatches ends what has run out at now.
func (d *DHT) sweepWatches(now time.Time) {
	d.telling.table.sweep(now)
	d.telling.asks.sweep(now)
	d.telling.deaf.sweep(now)
	d.listening.tells.sweep(now)
	d.listening.liars.sweep(now)
}
