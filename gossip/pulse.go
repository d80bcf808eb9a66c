package gossip

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// pulseEvery is the longest time between two pulses on a link, now from one end, now
	// from the other. QUIC would send a keep-alive after 15 s without a packet: a pulse takes
	// its place.
	pulseEvery = 14700 * time.Millisecond
	// pulseJitter is how much shorter it may be.
	pulseJitter = 300 * time.Millisecond
	// pulseEcho is how long a node waits before it answers a pulse that differs from
	// what it would say itself: facts that were on their way have come by then.
	pulseEcho = time.Second
	// pulseless is how long nothing may be heard from a link before it is asked by the
	// timer like a peer without one.
	pulseless = 3 * pulseEvery
)

// A pulse says what its sender holds of what both ends are to hold, their scopes' common
// part as far as it knows them: how many facts, and what stands for them under the key of
// the link. Two sets of the same pulse are equal; by chance they are not once in 2^64
// times, and nobody but the two ends knows the key.
type pulse struct {
	everReady bool   // the sender was complete itself at some time
	echo      bool   // an answer to a pulse that differed; it is not answered
	size, sum uint64 //
	own       scope  // the sender's
}

const pulseDomain = "cairn-tree/1 sum"

// pulseSum is what stands for a set under the key of a link: 0 where it is empty.
func pulseSum(key [16]byte, s *snapshot) uint64 {
	if s.size() == 0 {
		return 0
	}
	b := append([]byte(pulseDomain), key[:]...)
	sum := sha256.Sum256(append(b, s.print.bytes()...))
	return binary.BigEndian.Uint64(sum[:])
}

// stance is what this node has to say in a pulse to p now, and what it is about:
// some is false where there is nothing that both are to hold. A scope that was not
// reconciled over yet counts as empty: to go through the set takes a session.
func (r *reconciler) stance(p peer.ID, key [16]byte) (say pulse, over scope, some bool) {
	say = pulse{everReady: r.everReady(), own: r.own()}
	if over, some = r.common(p); some && (over == say.own || r.ledgers.has(over)) {
		snap := r.ledgers.get(over).take()
		say.size, say.sum = snap.size(), pulseSum(key, snap)
	}
	return say, over, some
}

// heart is what a link keeps for its pulses, owned by trees.mu.
type heart struct {
	key    *[16]byte // nil until the peer's first nonce has come
	due    time.Time // when it is our turn
	echo   time.Time // when to answer one that differed; zero: nothing is to be answered
	heard  time.Time // the last pulse
	agreed time.Time // when one that was alike last counted as a reconciliation
}

// meet takes the nonce of the peer's first ping: with that of ours, the nonce of
// whoever opened the link first, it is the key. From now on there are pulses. Owned by
// trees.mu.
func (l *link) meet(nonce [8]byte) {
	if l.heart.key != nil {
		return
	}
	first, second, turn := l.first, nonce, rand.N(pulseEvery) // so that not all beat at once
	if l.opener == l.peer {
		first, second, turn = nonce, l.first, 2*pulseEvery
	}
	now := time.Now()
	key := [16]byte(append(first[:], second[:]...))
	l.heart = heart{key: &key, due: now.Add(turn), heard: now}
}

// beat sends the pulses that are due, and returns when the next one is, treeTick later
// at most.
func (r *trees) beat(now time.Time) (wait time.Duration) {
	due, next := r.beating(now)
	for _, l := range due {
		say, _, _ := r.t.reconciler.stance(l.peer, *l.heart.key)
		l.pulse(now, say)
	}
	return next.Sub(now)
}

// beating are the links whose turn it is, and when the next one has it.
func (r *trees) beating(now time.Time) (due []*link, next time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next = now.Add(treeTick)
	for _, l := range r.byPeer {
		h := &l.heart
		switch {
		case h.key == nil:
		case !now.Before(h.due) || h.echoes(now):
			due = append(due, l)
		case h.due.Before(next):
			next = h.due
		}
		if h.echo.After(now) && h.echo.Before(next) {
			next = h.echo
		}
	}
	return due, next
}

// echoes reports whether a pulse that differed is to be answered now.
func (h *heart) echoes(now time.Time) bool { return !h.echo.IsZero() && !now.Before(h.echo) }

// pulse sends one. The next one is the peer's, or ours if none comes.
func (l *link) pulse(now time.Time, p pulse) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if p.echo = l.heart.echoes(now); p.echo {
		l.heart.echo = time.Time{}
	} else {
		l.heart.due = now.Add(2 * pulseEvery)
	}
	l.send(appendPulse(nil, p))
}

// gotPulse compares. Where the sets differ although what was on its way has come, a
// reconciliation follows.
func (l *link) gotPulse(payload []byte) error {
	p, err := parsePulse(payload)
	if err != nil {
		return err
	}
	t := l.r.t
	if !t.reconciler.sane(p.own.cut) {
		t.counters.pulsesAhead.Add(1)
		return nil // as if none had come
	}
	key := l.listen(p)
	if key == nil {
		return junkf("a pulse before the first ping")
	}
	t.reconciler.memory.stated(l.peer, p.own)
	mine, over, some := t.reconciler.stance(l.peer, *key)
	if !some {
		return nil
	}
	alike := p.size == mine.size && p.sum == mine.sum
	switch {
	case alike:
		t.counters.pulsesAlike.Add(1)
		if l.agrees() {
			t.alike(l.peer, over.within, p.everReady)
		}
	case p.echo:
		t.counters.pulsesUnlike.Add(1)
		t.sched.unlike(l.peer)
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	switch {
	case alike:
		l.heart.echo = time.Time{}
	case !p.echo && l.heart.echo.IsZero():
		l.heart.echo = time.Now().Add(pulseEcho)
	}
	return nil
}

// agrees reports whether a pulse that is alike counts as a reconciliation: one in the
// time between two does, since each costs a flush and anybody can send thousands.
func (l *link) agrees() bool {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	now := time.Now()
	if now.Sub(l.heart.agreed) < pulseEvery/2 {
		return false
	}
	l.heart.agreed = now
	return true
}

// listen notes a pulse: the next one is ours.
func (l *link) listen(p pulse) (key *[16]byte) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	now := time.Now()
	if l.heart.heard = now; !p.echo {
		l.heart.due = now.Add(pulseEvery - rand.N(pulseJitter))
	}
	return l.heart.key
}

// beats reports whether pulses tell how p's set differs from ours: then the timer need
// not ask.
func (r *trees) beats(p peer.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hears(p)
}

// hears is beats; owned by mu.
func (r *trees) hears(p peer.ID) bool {
	l := r.byPeer[p]
	return l != nil && l.proven && l.heart.key != nil && time.Since(l.heart.heard) < pulseless
}

// audible is with how many peers it is so.
func (r *trees) audible() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := range r.byPeer {
		if r.hears(p) {
			n++
		}
	}
	return n
}

// alike notes that p holds what we hold of a range, and so counts as a reconciliation
// with it.
func (t *Topic) alike(p peer.ID, over records.Range, everReady bool) {
	t.inside.Go(func() {
		if err := t.cfg.Flush(t.ctx); err == nil {
			t.cfg.OnSync(SyncReport{Peer: p, EverReady: everReady, Range: over, Reason: "pulse", Complete: true, unchanged: true})
		}
	})
}

// spared reports whether the timer may leave p out: its pulses say how its set differs
// from ours, or those of enough others do, and p has links of its own.
func (t *Topic) spared(p peer.ID) bool {
	if t.cfg.NoTrees || !t.supports(p, t.trees.protocol) {
		return false
	}
	return t.trees.beats(p) || t.trees.audible() >= fewPeers
}
