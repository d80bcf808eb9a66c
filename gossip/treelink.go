package gossip

import (
	"bufio"
	"crypto/rand"
	"errors"
	"maps"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip/tree"
)

const (
	// maxPending bounds what waits to be written to one neighbour, in bytes. What does
	// not fit is dropped, counted, and reconciled.
	maxPending = 256 << 10
	// writeTime is how long a write may take before the link is given up.
	writeTime = 20 * time.Second
	// unmeasured is what a link is taken to need, one way, before its first answer.
	unmeasured = 150 * time.Millisecond
	// firstPings are sent one after the other when a link is new, then one at each
	// pingEvery.
	firstPings = 3
	pingEvery  = 5 * time.Minute
)

// link is a stream to a neighbour, open both ways.
type link struct {
	r      *trees
	peer   peer.ID
	stream network.Stream
	opener peer.ID // who opened the stream

	// Owned by trees.mu.
	slot    tree.Slot
	proven  bool   // the neighbour has answered: it speaks, and it hears
	pending []byte // frames to be written
	writing bool
	ended   bool
	pings   int
	pinged  time.Time
	nonce   [8]byte
	first   [8]byte // the nonce of our first ping
	heart   heart
	least   time.Duration // the shortest answer so far
}

// keep makes a stream a link, reads from it until it ends, and removes the link.
func (r *trees) keep(s network.Stream, ours bool) {
	l := &link{r: r, peer: s.Conn().RemotePeer(), stream: s, opener: s.Conn().RemotePeer()}
	if ours {
		l.opener = r.t.cfg.Host.ID()
	}
	if !r.adopt(l) {
		_ = s.Reset()
		return
	}
	if !ours {
		r.t.cfg.OnLink(l.peer, true)
		defer r.t.cfg.OnLink(l.peer, false)
	}
	err := l.read()
	_ = s.Reset()
	r.drop(l, err)
}

// adopt takes a new link in. Of two between the same peers that were opened from
// both sides at once, the one stays that the lower ID opened; of two from the same
// side, the later one.
func (r *trees) adopt(l *link) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || time.Now().Before(r.shun[l.peer]) {
		return false
	}
	if old := r.byPeer[l.peer]; old != nil {
		if old.opener != l.opener && old.opener < l.opener {
			return false
		}
		r.remove(old)
	}
	if l.slot = r.free(); l.slot == tree.None {
		return false
	}
	r.links[l.slot], r.byPeer[l.peer] = l, l
	r.relay.Welcome(l.slot, tree.Dist(unmeasured.Microseconds()), r.now())
	l.ping()
	r.tellSoon()
	return true
}

// remove takes a link out; owned by mu.
func (r *trees) remove(l *link) {
	if l.ended {
		return
	}
	if l.proven {
		r.proven--
	}
	l.ended, l.pending = true, nil
	_ = l.stream.Reset()
	r.links[l.slot] = nil
	delete(r.byPeer, l.peer)
	r.relay.Unlink(l.slot)
	if !r.closed && r.relay.Urgent() != 0 {
		r.t.inside.Go(r.tellUrgent)
	}
	r.tellSoon()
	r.t.sched.grafted(l.peer, false)
}

// drop removes a link that has ended. What was on its way may be lost. A peer that
// broke the protocol is left alone for a while; one that turned the link away, having
// no slot, is only not asked again.
func (r *trees) drop(l *link, err error) {
	r.mu.Lock()
	switch {
	case r.byPeer[l.peer] != l:
	case l.proven:
		r.remove(l)
		r.t.sched.mark(l.peer, "link ended", 0)
	default:
		r.remove(l)
		putOff(r.later, l.peer)
	}
	if errors.Is(err, ErrJunk) {
		r.t.counters.treeJunk.Add(1)
		putOff(r.shun, l.peer)
	}
	r.mu.Unlock()
	if err != nil {
		r.t.cfg.Logger.Debug("link ended", "peer", l.peer, "err", err)
	}
	r.rouse()
}

// send queues frames and reports whether the link still stands; owned by mu. A link
// that does not take what it is to be told is removed.
func (l *link) send(frames []byte) bool {
	switch {
	case l.ended:
		return false
	case len(l.pending)+len(frames) > maxPending:
		l.r.remove(l)
		return false
	}
	l.pending = append(l.pending, frames...)
	if !l.writing {
		l.writing = true
		l.r.t.inside.Go(l.write)
	}
	return true
}

// push queues a fact, or drops it where too much waits; owned by mu.
func (l *link) push(tag tree.Tag, fact []byte) {
	if len(l.pending)+len(fact) > maxPending/2 {
		l.r.t.counters.droppedOutbound.Add(1)
		l.r.t.sched.drop(l.peer, "drop: a link is full")
		return
	}
	l.r.t.counters.treePushed.Add(1)
	l.send(appendPush(nil, tag, fact))
}

// write writes what is pending, all of it at once, until nothing is.
func (l *link) write() {
	var spare []byte
	for {
		l.r.mu.Lock()
		out := l.pending
		l.pending = spare[:0]
		if len(out) == 0 || l.ended {
			l.writing, l.pending = false, nil
			l.r.mu.Unlock()
			return
		}
		l.r.mu.Unlock()
		_ = l.stream.SetWriteDeadline(time.Now().Add(writeTime)) // a stream without deadlines ends with its connection
		if _, err := l.stream.Write(out); err != nil {
			_ = l.stream.Reset() // the reader removes the link
			l.r.mu.Lock()
			l.writing = false
			l.r.mu.Unlock()
			return
		}
		spare = out
	}
}

// read handles frames until the stream ends.
func (l *link) read() error {
	in := bufio.NewReaderSize(l.stream, 1<<10)
	var buf []byte
	for {
		kind, payload, err := readTreeFrame(in, &buf)
		if err != nil {
			return err
		}
		if err := l.handle(kind, payload); err != nil {
			return err
		}
	}
}

// handle does what a frame says. Kinds of a later version are passed over.
func (l *link) handle(kind byte, payload []byte) error {
	switch kind {
	case treePush:
		return l.gotPush(payload)
	case treeName:
		return l.gotNames(payload)
	case treeFetch:
		return l.gotFetch(payload)
	case treeWords:
		return l.gotWords(payload)
	case treePing, treePong:
		return l.gotPing(kind, payload)
	case treePulse:
		return l.gotPulse(payload)
	case treeMore:
		return l.gotMore(payload)
	}
	return nil
}

// putOff notes that a peer is to be left alone for shunTime.
func putOff(until map[peer.ID]time.Time, p peer.ID) {
	now := time.Now()
	if len(until) >= maxShunned {
		maps.DeleteFunc(until, func(_ peer.ID, end time.Time) bool { return now.After(end) })
	}
	if len(until) < maxShunned {
		until[p] = now.Add(shunTime)
	}
}

func (l *link) gotWords(payload []byte) error {
	words, err := parseWords(payload)
	if err != nil {
		return err
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if l.ended {
		return nil
	}
	for _, w := range words {
		if !l.r.relay.Hear(l.slot, w) {
			l.r.t.counters.treeNoRoom.Add(1)
		}
	}
	l.r.tellSoon()
	return nil
}

// ping asks for an answer; owned by mu.
func (l *link) ping() {
	_, _ = rand.Read(l.nonce[:]) // it never fails
	if l.pings++; l.pings == 1 {
		l.first = l.nonce
	}
	l.pinged = time.Now()
	l.send(appendFrame(nil, treePing, l.nonce[:]))
}

// gotPing answers a ping, or measures a link by the answer to its own.
func (l *link) gotPing(kind byte, payload []byte) error {
	if len(payload) != len(l.nonce) {
		return junkf("a ping of %d bytes", len(payload))
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	switch {
	case l.ended:
	case kind == treePing:
		l.meet([8]byte(payload))
		l.send(appendFrame(nil, treePong, payload))
	case [8]byte(payload) == l.nonce && !l.pinged.IsZero():
		l.measured(time.Since(l.pinged))
	}
	return nil
}

// measured takes the time of an answer; owned by mu.
func (l *link) measured(took time.Duration) {
	l.pinged = time.Time{}
	l.nearer(took)
	if !l.proven {
		l.proven = true
		l.r.proven++
		l.r.t.sched.linked(l.peer, l.opener != l.peer)
	}
	if l.pings < firstPings {
		l.ping()
	}
}

// nearer takes a round trip, if it is the least so far; owned by mu.
func (l *link) nearer(rtt time.Duration) {
	if l.least == 0 || rtt < l.least {
		l.least = rtt
		l.r.relay.Link(l.slot, tree.Dist(rtt.Microseconds()/2))
		l.r.tellSoon()
	}
}
