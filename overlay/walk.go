package overlay

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// patience times its limit is how long a late peer can keep a lookup from
	// ending where its answer would change the outcome, and minPatience at least.
	patience    = 2
	minPatience = 250 * time.Millisecond
	// writePatience is minPatience while targets of a put are sought, but for peers
	// that a dial did not reach a moment ago: targets that are known go ahead
	// meanwhile, and who is only slow is not left out of the holders.
	writePatience = time.Second
	// headStart is what questions over open connections have before the packets of many
	// dials queue up on the node's own link.
	headStart = 500 * time.Microsecond
)

// errLiar: the value in an answer does not verify, or is about another key.
var errLiar = errors.New("false answer")

// Whom a lookup names here, and the lookup: peers at their addresses.
type (
	contact    = lookup.Peer[peer.ID, multiaddr.Multiaddr]
	peerLookup = lookup.Lookup[peer.ID, multiaddr.Multiaddr]
	peerPaths  = lookup.Paths[peer.ID, multiaddr.Multiaddr]
)

// course decides whom a walk asks: a lookup, or one on several paths.
type course interface {
	Next(cost func(peer.ID) time.Duration) (contact, bool)
	Cheapest(cost func(peer.ID) time.Duration) (contact, bool)
	Suggest(named contact, by peer.ID)
	Answered(p peer.ID, closer []contact)
	Failed(p peer.ID, liar bool)
	Late(p peer.ID)
	Reached(p peer.ID, group netip.Prefix)
	Done() bool
	Stragglers() []peer.ID
	Closest() []peer.ID
	Nearest() []peer.ID
	Alive() []contact
	Crowded() bool
	Distance(p peer.ID) int
}

// reply is how one question of a walk ended.
type reply struct {
	peer   peer.ID
	rtt    time.Duration
	value  records.Value // nil where none came
	closer []contact
	covers bool          // it holds all facts of a range that covers the key, where that was asked
	age    time.Duration // as of when
	err    error
	via    peer.ID // who passed the question on, and says that peer answered; empty: nobody
}

// request asks p one question, and tells the table how it went.
func (d *DHT) request(ctx context.Context, p peer.ID, m *pb.Message) (answer, error) {
	start := time.Now()
	a, err := d.sender.ask(ctx, p, m)
	if err != nil {
		d.table.failed(p, err)
		d.members.failed(p, err, start)
		return a, err
	}
	d.table.answered(p)
	d.members.answered(p)
	return a, nil
}

// askCloser asks p for the peers closest to key.
func (d *DHT) askCloser(ctx context.Context, p peer.ID, key string) reply {
	a, err := d.request(ctx, p, findNode(key))
	if err != nil {
		return reply{peer: p, err: err}
	}
	return reply{peer: p, rtt: a.rtt, closer: d.diverse(peersIn(a.msg, lookup.MaxPerAnswer, d.acceptable))}
}

// askValue asks p for the value at key.
func (d *DHT) askValue(ctx context.Context, p peer.ID, key string) reply {
	return d.askFor(ctx, p, key, getValue(key))
}

// askBacked is askValue, and asks whether p covers the key.
func (d *DHT) askBacked(ctx context.Context, p peer.ID, key string) reply {
	return d.askFor(ctx, p, key, askingCover(getValue(key)))
}

// askFor asks p a question for the value at key.
func (d *DHT) askFor(ctx context.Context, p peer.ID, key string, question *pb.Message) reply {
	a, err := d.request(ctx, p, question)
	if err != nil {
		return reply{peer: p, err: err}
	}
	r := reply{peer: p, rtt: a.rtt, closer: d.diverse(peersIn(a.msg, lookup.MaxPerAnswer, d.acceptable))}
	if seconds, ok := coverIn(a.msg); ok {
		r.covers, r.age = true, time.Duration(min(seconds-1, maxCoverAge))*time.Second
	}
	b, err := valueIn(a.msg, key)
	if err == nil && b != nil {
		r.value, err = d.verify.open(key, b)
	}
	if err != nil {
		d.stats.liars.Add(1)
		return reply{peer: p, rtt: a.rtt, err: errors.Join(errLiar, err)}
	}
	return r
}

// walk drives one lookup: it asks whom the lookup names, some at a time and one
// more for each that is late. It belongs to one goroutine.
type walk struct {
	d        *DHT
	target   lookup.Position
	look     course
	parallel int
	// eager walks ask everybody at once: whoever is connected first, and then, headStart
	// later, those who must be dialled.
	eager    bool
	dialFrom time.Time // since when an eager walk that began with a connected peer may dial
	held     *contact  // whom it dials then
	// far are round trips that the view knows or guesses.
	far map[peer.ID]time.Duration
	// leisurely walks give every peer more time, and keep no more than three times
	// parallel questions in the air: nobody waits for them, and on a busy machine
	// each hedge is one more dial that makes the others late.
	leisurely bool
	// thorough walks give peers at least writePatience.
	thorough bool
	// doubtful says that what was found so far is too little to give up on peers that
	// are late: they are hoped for as long as a question may take. May be nil.
	doubtful func() bool
	// ask runs on a goroutine of its own.
	ask func(context.Context, peer.ID) reply
	// passers are asked to pass the question on, by pass.
	passers []peer.ID
	pass    func(context.Context, peer.ID) reply
	// got sees every reply; false ends the walk. May be nil.
	got func(reply) bool
	// settled is told each time that the outcome stands but for late peers. May be nil.
	settled func()

	replies chan reply
	out     map[peer.ID]deadlines // asked, no reply yet
	waiting int                   // of these, not late
}

// deadlines of one question.
type deadlines struct {
	late, over time.Time
	end        time.Time // over, for a walk that is doubtful
	isLate     bool
}

// newWalk begins at the peers known around key. Where these may well be the k nearest
// there are, it asks all at once: it will ask all in any case, and the quickest of them
// is who counts.
func (d *DHT) newWalk(key string, region lookup.Region, ask func(context.Context, peer.ID, string) reply) *walk {
	k, target, parallel := region.K, positionOfKey(key), d.cfg.Parallel
	eager := d.members.dense(target, k)
	if eager {
		parallel = k
	}
	known := d.members.nearest(target, lookup.MaxPerAnswer)
	return &walk{
		d:        d,
		target:   target,
		eager:    eager,
		parallel: parallel,
		look:     d.newLookup(target, region, known),
		far:      farness(known),
		ask:      func(ctx context.Context, p peer.ID) reply { return ask(ctx, p, key) },
		replies:  make(chan reply),
		out:      make(map[peer.ID]deadlines),
	}
}

// farness is what the view knows of the round trips to its peers.
func farness(known []member) map[peer.ID]time.Duration {
	far := make(map[peer.ID]time.Duration)
	for _, p := range known {
		if steps := cmp.Or(p.RTT, p.Most); steps > 0 {
			far[p.ID.peer()] = roundTripOf(steps)
		}
	}
	return far
}

// newLookup starts where the table knows somebody, and the view.
func (d *DHT) newLookup(target lookup.Position, region lookup.Region, known []member) *peerLookup {
	l := lookup.New(d.lookupConfig(target, region), d.seeds(target, known))
	d.suggest(l, known)
	return l
}

// newPaths is newLookup on several paths that share no peer.
func (d *DHT) newPaths(target lookup.Position, region lookup.Region, known []member, paths int) *peerPaths {
	l := lookup.NewPaths(d.lookupConfig(target, region), paths, d.seeds(target, known))
	d.suggest(l, known)
	return l
}

func (d *DHT) lookupConfig(target lookup.Position, region lookup.Region) lookup.Config[peer.ID] {
	return lookup.Config[peer.ID]{Self: d.self, Target: target, Region: region, Where: positionOfPeer}
}

// seeds are whom a lookup begins with: those of the table, and of the view whom this node
// talked with.
func (d *DHT) seeds(target lookup.Position, known []member) []contact {
	seeds := d.table.nearest(target, lookup.MaxPerAnswer)
	for _, p := range known {
		if !p.Hint {
			seeds = append(seeds, contactOf(p))
		}
	}
	return d.grouped(seeds)
}

// suggest adds the hints of the view.
func (d *DHT) suggest(l course, known []member) {
	for _, p := range known {
		if p.Hint {
			l.Suggest(d.grouped([]contact{contactOf(p)})[0], p.Source.peer())
		}
	}
}

// run walks until the lookup is done, and then reports true, or until ctx ends,
// the questions are used up, or got has enough.
func (w *walk) run(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, w.d.cfg.LookupTimeout)
	defer cancel() // ends the questions in the air
	defer w.note()
	for _, x := range w.passers {
		w.send(ctx, func() reply { return w.pass(ctx, x) })
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		w.fill(ctx)
		now := time.Now()
		if w.look.Done() {
			if w.settled != nil {
				w.settled()
			}
			if !w.hopeful(now) {
				return w.ended()
			}
		} else if len(w.out) == 0 && w.held == nil {
			return false
		}
		timer.Reset(w.nextDeadline(now))
		select {
		case r := <-w.replies:
			if !w.take(r) {
				return false
			}
		case <-timer.C:
			w.markLate(time.Now())
		case <-ctx.Done():
			return false
		}
	}
}

// ended notes what the end of the lookup says of the network, and reports whether anybody
// answered.
func (w *walk) ended() bool {
	closest := w.look.Closest()
	w.d.sizes.saw(w.target, closest)
	if w.look.Crowded() {
		w.d.stats.crowded.Add(1)
	}
	return len(closest) > 0
}

// fill asks until enough questions are in the air.
func (w *walk) fill(ctx context.Context) {
	for w.waiting < w.parallel && !(w.leisurely && len(w.out) >= 3*w.parallel) {
		info, ok := w.next()
		if !ok {
			return
		}
		connected := w.d.links.connected(info.ID)
		if !connected && len(info.Addrs) > 0 {
			w.d.cfg.Host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.TempAddrTTL)
		}
		w.out[info.ID] = w.deadlines(info.ID, connected)
		w.waiting++
		if !w.send(ctx, func() reply { return w.ask(ctx, info.ID) }) {
			return // closing: ctx ends
		}
	}
}

// send asks on a goroutine of its own; false while closing.
func (w *walk) send(ctx context.Context, ask func() reply) bool {
	return w.d.start(func() {
		r := ask()
		select {
		case w.replies <- r:
		case <-ctx.Done():
		}
	})
}

// next is whom to ask now.
func (w *walk) next() (contact, bool) {
	if !w.eager {
		return w.look.Next(w.cost)
	}
	c, ok := contact{}, w.held != nil
	if ok {
		c = *w.held
	} else if c, ok = w.look.Cheapest(w.connectedFirst); !ok {
		return c, false
	}
	w.held = nil
	now := time.Now()
	switch connected := w.d.links.connected(c.ID); {
	case connected && w.dialFrom.IsZero():
		w.dialFrom = now.Add(headStart)
	case !connected && now.Before(w.dialFrom):
		w.held = &c
		return c, false
	}
	return c, true
}

// deadlines says how long the walk waits for p before it turns to somebody else as
// well, and how long it hopes on. Of whom a dial did not reach lately it hopes nothing.
func (w *walk) deadlines(p peer.ID, connected bool) deadlines {
	now, limit := time.Now(), w.d.trips.limit(p, connected)
	switch {
	case w.leisurely:
		limit = max(4*limit, lookup.FirstLimit)
	case !connected && w.d.sender.shuns.has(p):
		soon := now.Add(min(limit, lookup.MinLimit))
		return deadlines{late: soon, over: soon, end: soon}
	}
	hope := max(patience*limit, minPatience)
	if w.thorough {
		hope = max(hope, writePatience)
	}
	return deadlines{late: now.Add(limit), over: now.Add(hope), end: now.Add(max(hope, w.d.cfg.RequestTimeout))}
}

// hope is until when a peer that is late is waited for.
func (w *walk) hope(q deadlines) time.Time {
	if w.doubtful != nil && w.doubtful() {
		return q.end
	}
	return q.over
}

// cost is what a question to p is expected to take.
func (w *walk) cost(p peer.ID) time.Duration {
	if d := leastRTT(w.d.cfg.Host.Network().ConnsToPeer(p)); d > 0 {
		return d
	}
	connected := w.d.links.connected(p)
	if far := w.far[p]; far > 0 && !connected && w.d.trips.of(p) == 0 {
		return lookup.Trips{Warm: lookup.Estimate{Mean: far}, Known: true}.Cost()
	}
	return w.d.trips.cost(p, connected)
}

// connectedFirst is cost, but for those who must be dialled so high that they come last.
func (w *walk) connectedFirst(p peer.ID) time.Duration {
	if w.d.links.connected(p) {
		return w.cost(p)
	}
	return time.Hour + w.cost(p)
}

// take enters a reply.
func (w *walk) take(r reply) bool {
	if r.via != "" {
		return w.got == nil || w.got(r)
	}
	if q, ok := w.out[r.peer]; ok && !q.isLate {
		w.waiting--
	}
	delete(w.out, r.peer)
	if r.err != nil {
		w.look.Failed(r.peer, errors.Is(r.err, errLiar))
	} else {
		w.look.Reached(r.peer, w.d.groupReached(r.peer))
		w.look.Answered(r.peer, r.closer)
	}
	return w.got == nil || w.got(r)
}

// markLate stops waiting for those who took longer than they were given.
func (w *walk) markLate(now time.Time) {
	for p, q := range w.out {
		if !q.isLate && !now.Before(q.late) {
			q.isLate = true
			w.out[p] = q
			w.waiting--
			w.look.Late(p)
			w.d.stats.late.Add(1)
		}
	}
}

// hopeful reports whether a late peer that matters may still answer.
func (w *walk) hopeful(now time.Time) bool {
	for _, p := range w.look.Stragglers() {
		if q, ok := w.out[p]; ok && now.Before(w.hope(q)) {
			return true
		}
	}
	return false
}

// note remembers who was not even reached in all the time that it was given, since
// the end of the walk ends the dial before it fails.
func (w *walk) note() {
	now := time.Now()
	for p, q := range w.out {
		if now.After(q.over) && !w.d.links.connected(p) {
			w.d.sender.shuns.add(p)
			w.d.members.failed(p, errTimeout, now)
		}
	}
}

// nextDeadline returns the time until something is to be reconsidered.
func (w *walk) nextDeadline(now time.Time) time.Duration {
	next := time.Hour
	if w.held != nil {
		next = w.dialFrom.Sub(now)
	}
	for _, q := range w.out {
		switch {
		case !q.isLate:
			next = min(next, q.late.Sub(now))
		case now.Before(w.hope(q)):
			next = min(next, w.hope(q).Sub(now))
		}
	}
	return max(next, 0)
}
