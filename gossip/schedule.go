package gossip

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// When this node starts reconciliations, and with whom.
const (
	fewPeers    = 4                      // peers of one wave; all, if there are no more
	maxRounds   = 3                      // rounds at once
	patience    = 500 * time.Millisecond // a round that takes longer does not keep the next one waiting
	coalesce    = 5 * time.Millisecond   // from the first call of SyncSoon to its wave
	waveGap     = 50 * time.Millisecond  // between two waves, and four times the longest round of the last one
	crowd       = 4                      // complete rounds after which peers that we meet can wait
	crowdDelay  = 10 * time.Second       // for so long, if they stay
	crowdFresh  = 2                      // times the mean time between two rounds: how old these may be
	theirTurn   = 2 * time.Second        // and so much longer those that dialled us, who should begin
	youth       = 2 * time.Second        // a peer new on the topic may not be in anybody's mesh yet
	youngDelay  = 2 * time.Millisecond   // from a new fact to the round with a young peer
	retryFirst  = time.Second            // after a failure, doubled each time
	retryMost   = 30 * time.Second
	retries     = 4                // then the peer waits for its turn by the timer
	junkFirst   = 30 * time.Second // after junk, doubled each time
	junkMost    = 10 * time.Minute
	paceFactor  = 4                // a peer's next round waits this many times what its last one took
	paceLimit   = 30 * time.Second // but no longer than this
	maxStates   = 4096             // peers that a state is kept of
	spreadCause = "learned"
)

// A scheduler decides when a round is due and with which peer. It knows nothing of
// sessions or streams: it calls run for a round, in a goroutine of its own.
type scheduler struct {
	every    time.Duration
	eligible func() []peer.ID   // connected peers that speak the protocol
	speaks   func(peer.ID) bool // is p one of them?
	settled  func(peer.ID) bool // have we, as we stand, agreed with p?
	spared   func(peer.ID) bool // need the timer not ask p?
	run      func(ctx context.Context, p peer.ID, reason string) SyncReport
	wake     chan struct{}

	mu       sync.Mutex
	peers    map[peer.ID]*turn // this and all below: owned by mu
	active   int
	tick     time.Time
	waveAt   time.Time // zero: none is asked for
	waveWhy  string
	lastWave time.Time
	slowest  time.Duration    // of the rounds since the last wave
	young    time.Time        // until then, some peer is young
	complete [crowd]time.Time // the ends of the latest complete rounds, in turns
	rounds   int              // how many there were
}

// turn is what the scheduler knows of one peer.
type turn struct {
	due     time.Time // zero: nothing is due
	met     time.Time // when it was, where what is due is a newcomer's round: one that can wait
	reason  string
	running bool
	started time.Time // the last round
	ended   time.Time
	took    time.Duration
	blocked time.Time // not before this, whatever happens
	fails   int       // in a row
	junk    int       // in this peer's life
	joined  time.Time // the topic
	grafted bool      // into our mesh
	vain    bool      // the last round found no difference
}

func newScheduler(every time.Duration) *scheduler {
	return &scheduler{every: every, wake: make(chan struct{}, 1), peers: make(map[peer.ID]*turn)}
}

// loop runs rounds until ctx ends, and waits for those under way.
func (s *scheduler) loop(ctx context.Context) {
	var rounds sync.WaitGroup
	defer rounds.Wait()
	s.mu.Lock()
	s.tick = time.Now().Add(s.jitter())
	s.mu.Unlock()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		for {
			p, reason, wait := s.next(time.Now())
			if reason == "" {
				timer.Reset(wait)
				break
			}
			rounds.Go(func() { s.ended(p, s.run(ctx, p, reason)) })
		}
	}
}

// jitter is a wait between 3/4 and 5/4 of every.
func (s *scheduler) jitter() time.Duration {
	return s.every*3/4 + rand.N(s.every/2+1)
}

// rouse makes the loop look again. It never blocks.
func (s *scheduler) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// wave asks for rounds with a few peers, shortly.
func (s *scheduler) wave(reason string) {
	s.mu.Lock()
	if s.waveAt.IsZero() {
		now := time.Now()
		s.waveAt, s.waveWhy = now.Add(coalesce), cmp.Or(reason, "asked")
		if gap := waveGap + min(paceFactor*s.slowest, paceLimit); s.waveAt.Before(s.lastWave.Add(gap)) {
			s.waveAt = s.lastWave.Add(gap)
		}
	}
	s.mu.Unlock()
	s.rouse()
}

// spread hands on what a round brought: other peers may lack it too, and gossip
// does not carry it.
func (s *scheduler) spread() { s.wave(spreadCause) }

// mark makes a round with p due.
func (s *scheduler) mark(p peer.ID, reason string, after time.Duration) {
	s.mu.Lock()
	if t := s.turn(p); t != nil {
		t.set(time.Now().Add(after), reason)
	}
	s.mu.Unlock()
	s.rouse()
}

// drop notes that something on the way to or from p was dropped. A round with p
// mends it; others may have been hit too.
func (s *scheduler) drop(p peer.ID, reason string) {
	s.mark(p, reason, coalesce)
	s.wave(reason)
}

// met notes that p is connected from now on, by our dial or by its own. Whoever
// dialled is to begin, at once; but of a crowd, such as those that a lookup meets,
// only the first few are asked until rounds were complete, and the others are given
// the time to go again.
func (s *scheduler) met(p peer.ID, dialled bool) { s.newcomer(p, "connect", dialled) }

// joined notes that p is on the topic from now on. What was published before may
// have missed it, so a round is due unless the two have agreed already.
func (s *scheduler) joined(p peer.ID, dialled bool) {
	s.mu.Lock()
	if t := s.turn(p); t != nil {
		now := time.Now()
		t.joined, s.young = now, now.Add(youth)
	}
	s.mu.Unlock()
	if !s.settled(p) {
		s.newcomer(p, "joined", dialled)
	}
}

// newcomer makes a round with p due that is given up if the two agree before.
func (s *scheduler) newcomer(p peer.ID, reason string, dialled bool) {
	s.mu.Lock()
	if t := s.turn(p); t != nil && t.due.IsZero() {
		now := time.Now()
		at := now
		if !dialled {
			at = at.Add(crowdDelay + theirTurn)
		}
		t.set(at, reason)
		t.met = now
	}
	s.mu.Unlock()
	s.rouse()
}

// putOff looks at a newcomer's round when its time has come: it is not needed if
// the two have agreed, and can wait a while if others have told us what there is.
func (s *scheduler) putOff(p peer.ID, t *turn, now time.Time) {
	if s.settled(p) {
		t.due = time.Time{}
		return
	}
	if s.complete[s.rounds%crowd].After(now.Add(-crowdFresh * s.every)) {
		t.due = t.met.Add(crowdDelay)
	}
}

// linked notes that a link with p stands: from now on p gets what we learn at once.
// What was published before may have missed it, so whoever opened the link begins a
// round unless the two have agreed.
func (s *scheduler) linked(p peer.ID, opened bool) {
	s.grafted(p, true)
	if opened && !s.settled(p) {
		s.mark(p, "linked", 0)
	}
}

// unlike notes that p's set differs from ours, by p's own word. Where the last round
// found nothing to give or to take, the next one waits for its turn as by the timer.
func (s *scheduler) unlike(p peer.ID) {
	s.mu.Lock()
	if t := s.turn(p); t != nil {
		at := time.Now()
		if t.vain && t.ended.Add(s.every).After(at) {
			at = t.ended.Add(s.every)
		}
		t.set(at, "pulse")
	}
	s.mu.Unlock()
	s.rouse()
}

// left notes that p is not on the topic any more. It may be on the trees again
// already: word of the topic comes late.
func (s *scheduler) left(p peer.ID, linked bool) { s.grafted(p, linked) }

// grafted notes whether p is in our mesh, and so gets what we learn at once.
func (s *scheduler) grafted(p peer.ID, in bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.turn(p); t != nil {
		t.grafted = in
	}
}

// mesh are the peers in our mesh.
func (s *scheduler) mesh() []peer.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in []peer.ID
	for p, t := range s.peers {
		if t.grafted {
			in = append(in, p)
		}
	}
	return in
}

// learned notes that gossip brought a new fact. The router forwards it along its
// mesh, which it mends once a second only. As long as the mesh is small, peers
// that are new on the topic and not in it get the fact by a round.
func (s *scheduler) learned() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.After(s.young) {
		return
	}
	mesh := 0
	var young []*turn
	for _, t := range s.peers {
		switch {
		case t.grafted:
			mesh++
		case now.Sub(t.joined) < youth:
			young = append(young, t)
		}
	}
	if mesh >= fewPeers {
		return
	}
	for _, t := range young[:min(len(young), fewPeers)] {
		t.set(now.Add(youngDelay), "young")
		s.rouse()
	}
}

// turn returns p's, nil if there are too many.
func (s *scheduler) turn(p peer.ID) *turn {
	t := s.peers[p]
	if t == nil && len(s.peers) < maxStates {
		t = &turn{}
		s.peers[p] = t
	}
	return t
}

// set makes a round due at a time, or leaves an earlier one.
func (t *turn) set(at time.Time, reason string) {
	at = t.paced(at)
	if t.due.IsZero() || at.Before(t.due) {
		t.due, t.reason = at, reason
	}
	t.met = time.Time{}
}

// paced puts a time off as far as the last round's cost asks for.
func (t *turn) paced(at time.Time) time.Time {
	if earliest := t.ended.Add(min(paceFactor*t.took, paceLimit)); at.Before(earliest) {
		return earliest
	}
	return at
}

// at is when the round that is due may begin.
func (t *turn) at() time.Time {
	if t.blocked.After(t.due) {
		return t.blocked
	}
	return t.due
}

// next picks the round to start now; without one, reason is empty and wait says
// when to look again.
func (s *scheduler) next(now time.Time) (p peer.ID, reason string, wait time.Duration) {
	out := s.leftOut(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect(now, out)
	look := s.tick
	if !s.waveAt.IsZero() && s.waveAt.Before(look) {
		look = s.waveAt
	}
	var first *turn
	var youngest time.Time // the latest start among the rounds under way
	for id, t := range s.peers {
		if t.running && t.started.After(youngest) {
			youngest = t.started
		}
		if t.due.IsZero() || t.running {
			continue
		}
		if first == nil || t.at().Before(first.at()) {
			p, first = id, t
		}
	}
	if first == nil {
		return "", "", look.Sub(now)
	}
	at := first.at()
	if free := youngest.Add(patience); s.active > 0 && free.After(at) {
		at = free
	}
	switch {
	case s.active >= maxRounds: // the end of a round rouses the loop
		return "", "", look.Sub(now)
	case at.After(now):
		return "", "", min(look.Sub(now), at.Sub(now))
	}
	reason, first.due, first.running, first.started = first.reason, time.Time{}, true, now
	s.active++
	return p, reason, 0
}

// leftOut are those whom the timer need not ask, where its time has come. It is called
// without mu: the trees answer under their own lock, and call here while they hold it.
func (s *scheduler) leftOut(now time.Time) map[peer.ID]bool {
	s.mu.Lock()
	ticked := !now.Before(s.tick)
	s.mu.Unlock()
	if !ticked {
		return nil
	}
	out := make(map[peer.ID]bool)
	for _, p := range s.eligible() {
		if s.spared(p) {
			out[p] = true
		}
	}
	return out
}

// collect makes rounds due whose time has come by the timer, which leaves some out, or by
// a wave, and forgets peers that are gone. It is called with mu.
func (s *scheduler) collect(now time.Time, out map[peer.ID]bool) {
	ticked, waved := !now.Before(s.tick), !s.waveAt.IsZero() && !now.Before(s.waveAt)
	for p, t := range s.peers {
		if !t.met.IsZero() && !t.due.IsZero() && !t.due.After(now) {
			s.putOff(p, t, now)
		}
		if t.running || !ticked && t.due.IsZero() || s.speaks(p) {
			continue
		}
		t.due = time.Time{}
		if t.blocked.Before(now) {
			delete(s.peers, p)
		}
	}
	if !ticked && !waved {
		return
	}
	reason := "timer"
	if ticked {
		s.tick = now.Add(s.jitter())
	}
	if waved {
		reason, s.waveAt, s.lastWave, s.slowest = s.waveWhy, time.Time{}, now, 0
	}
	if waved {
		out = nil
	}
	for _, p := range s.few(now, out) {
		s.turn(p).set(now, reason)
	}
}

// few returns the peers whose last round is longest ago, without those left alone and
// those to skip.
func (s *scheduler) few(now time.Time, skip map[peer.ID]bool) []peer.ID {
	peers := slices.DeleteFunc(s.eligible(), func(p peer.ID) bool {
		t := s.turn(p)
		return t == nil || t.blocked.After(now) || skip[p]
	})
	rand.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
	slices.SortStableFunc(peers, func(a, b peer.ID) int { return s.peers[a].started.Compare(s.peers[b].started) })
	return peers[:min(len(peers), fewPeers)]
}

// ended notes how a round went and what follows from it.
func (s *scheduler) ended(p peer.ID, rep SyncReport) {
	s.mu.Lock()
	now := time.Now()
	s.active--
	s.slowest = max(s.slowest, rep.Took)
	if rep.Complete {
		s.complete[s.rounds%crowd] = now
		s.rounds++
	}
	if t := s.peers[p]; t != nil {
		t.running, t.ended, t.took = false, now, rep.Took
		t.vain = (rep.Complete || rep.Apart) && rep.Received+rep.Sent == 0
		if !t.due.IsZero() { // fell due meanwhile: not before its pace either
			t.due = t.paced(t.due)
		}
		t.judge(now, rep)
	}
	s.mu.Unlock()
	if rep.Received > 0 {
		s.spread()
	}
	s.rouse()
}

// judge sets when the peer may and should be tried again.
func (t *turn) judge(now time.Time, rep SyncReport) {
	switch {
	case rep.Complete || rep.Apart:
		t.fails = 0
	case errors.Is(rep.Err, ErrJunk):
		t.junk++
		t.blocked, t.due = now.Add(backoff(junkFirst, junkMost, t.junk)), time.Time{}
	case errors.Is(rep.Err, errPartial) && rep.Received+rep.Sent > 0:
		t.fails = 0
		t.due, t.reason = now, "continued" // it was cut short, so no pace
	default:
		t.fails++
		t.blocked = now.Add(backoff(retryFirst, retryMost, t.fails))
		if t.fails <= retries {
			t.set(t.blocked, "again")
		}
	}
}

// backoff is first, doubled with every repetition, with jitter, and at most most.
func backoff(first, most time.Duration, n int) time.Duration {
	d := min(first<<min(n-1, 16), most)
	return d*3/4 + rand.N(d/4+1)
}
