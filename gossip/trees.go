package gossip

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/gossip/tree"
)

const (
	// treeCharge is what a node is taken to need before it passes a fact on, in
	// microseconds: to verify and to hand over.
	treeCharge = 100
	// treeTick is the time between two looks at links and roots.
	treeTick = time.Second
	// forgiveTicks is how many of them pass between two reliefs.
	forgiveTicks = 10
	// tellDelay is how long changes gather before neighbours are told. While they come
	// without a pause, as in a network that is being born, the delay doubles up to
	// tellMost: each node tells each neighbour in any case, and the later the more at
	// once.
	tellDelay = 500 * time.Millisecond
	tellMost  = 2 * time.Second
	// wordsPerFrame bounds what is told at once.
	wordsPerFrame = 512
	// openTime bounds the opening of a link, openParallel how many open at once.
	openTime     = 10 * time.Second
	openParallel = 4
	// shunTime is how long a peer is left alone that broke the protocol, or that
	// turned a link away.
	shunTime   = 30 * time.Second
	maxShunned = 1024
)

// trees pass facts on along trees of least delay, between peers that speak the
// protocol, see package tree. Where a link of theirs stands the router of GossipSub
// sends nothing: it serves all others.
type trees struct {
	t        *Topic
	protocol protocol.ID
	start    time.Time
	tag      tree.Tag
	wake     chan struct{} // holds a token when links may be missing

	mu      sync.Mutex
	relay   *tree.Relay           // this and all below: owned by mu
	links   [tree.MaxLinks]*link  // by slot
	byPeer  map[peer.ID]*link     //
	proven  int                   // of these
	shun    map[peer.ID]time.Time // peers left alone, until when
	later   map[peer.ID]time.Time // peers to whom no link is opened, until when
	opens   map[peer.ID]bool      // peers to whom a link is being opened
	tell    *time.Timer           // runs while there is something to tell
	told    time.Time             // when that was last done
	gather  time.Duration         // the delay then
	fetch   *time.Timer           // runs while something is missing
	fetchAt tree.Time             // when it ends
	onTopic map[peer.ID]bool      // peers on the topic
	closed  bool
}

func newTrees(t *Topic) *trees {
	tag := tagOf(t.cfg.Host.ID())
	r := &trees{
		t: t, protocol: protocol.ID(t.cfg.prefix() + "/trees/1"), start: time.Now(), tag: tag,
		wake: make(chan struct{}, 1), relay: tree.NewRelay(tree.New(tag, treeCharge)),
		byPeer: make(map[peer.ID]*link), shun: make(map[peer.ID]time.Time), later: make(map[peer.ID]time.Time), opens: make(map[peer.ID]bool),
		onTopic: make(map[peer.ID]bool), fetchAt: tree.Never,
	}
	r.fetch = time.AfterFunc(time.Hour, r.fetchDue)
	r.fetch.Stop()
	return r
}

// tagOf names a node as a root.
func tagOf(p peer.ID) tree.Tag {
	sum := sha256.Sum256([]byte(p))
	return tree.Tag(binary.BigEndian.Uint32(sum[:]))
}

// path is how long a fact takes to p over all links but the one to p; zero where that
// is not known, as where p is no root.
func (r *trees) path(p peer.ID) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	but := tree.None
	if l := r.byPeer[p]; l != nil {
		but = l.slot
	}
	if d := r.relay.Path(tagOf(p), but); d < tree.Unreachable {
		return time.Duration(d) * time.Microsecond
	}
	return 0
}

// now is the time of the relay.
func (r *trees) now() tree.Time { return tree.Time(time.Since(r.start).Microseconds()) }

// loop keeps links and roots until ctx ends.
func (r *trees) loop(ctx context.Context) {
	ticker := time.NewTicker(treeTick)
	defer ticker.Stop()
	beat := time.NewTimer(treeTick)
	defer beat.Stop()
	for ticks := 1; ; {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			beat.Reset(r.beat(time.Now()))
			continue
		case <-r.wake:
		case <-ticker.C:
			own := r.t.cfg.Linked()
			r.mu.Lock()
			r.relay.Tick(rand.Uint32())
			r.relay.Judge(r.now())
			r.relay.Own(r.slots(own))
			if ticks++; ticks%forgiveTicks == 0 {
				r.relay.Forgive()
				r.remeasure()
			}
			r.tellSoon()
			r.mu.Unlock()
		}
		r.openMissing()
	}
}

// slots are the links with some peers; owned by mu.
func (r *trees) slots(peers []peer.ID) (all tree.Set) {
	for _, p := range peers {
		if l := r.byPeer[p]; l != nil {
			all |= tree.Of(l.slot)
		}
	}
	return all
}

// rouse makes the loop look for missing links. It never blocks.
func (r *trees) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// openMissing opens links to peers that should have one.
func (r *trees) openMissing() {
	for _, p := range r.wished() {
		if r.wanting(p) && r.t.supports(p, r.protocol) && r.begin(p) {
			r.t.inside.Go(func() { r.open(p) })
		}
	}
}

// wished are the peers to link with: a few of whoever is connected until a link stands,
// so that a newcomer hears of what happens from its first second on.
func (r *trees) wished() []peer.ID {
	chosen := slices.Clone(r.t.cfg.Linked())
	if len(chosen) > 0 && r.rooted() {
		return chosen
	}
	present := slices.DeleteFunc(r.t.cfg.Host.Network().Peers(), func(p peer.ID) bool { return !r.t.supports(p, r.protocol) })
	return append(chosen, present[:min(len(present), fewPeers)]...)
}

// wanting reports whether a link to p could be opened now.
func (r *trees) wanting(p peer.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missing(p)
}

// begin claims the opening of a link to p.
func (r *trees) begin(p peer.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.missing(p) {
		return false
	}
	r.opens[p] = true
	return true
}

// missing is wanting; owned by mu.
func (r *trees) missing(p peer.ID) bool {
	return !r.closed && r.byPeer[p] == nil && !r.opens[p] && len(r.opens) < openParallel &&
		r.free() != tree.None && time.Now().After(r.shun[p]) && time.Now().After(r.later[p])
}

// free is a slot that nobody has; owned by mu.
func (r *trees) free() tree.Slot {
	for s, l := range r.links {
		if l == nil {
			return tree.Slot(s)
		}
	}
	return tree.None
}

// open opens a link to p and reads from it until it ends.
func (r *trees) open(p peer.ID) {
	ctx, cancel := context.WithTimeout(network.WithNoDial(r.t.ctx, "cairn trees"), openTime)
	s, err := r.t.cfg.Host.NewStream(ctx, p, r.protocol)
	cancel()
	r.mu.Lock()
	delete(r.opens, p)
	r.mu.Unlock()
	r.rouse() // others may be waiting for their turn
	if err == nil {
		r.keep(s, true)
	}
}

// serve is the other end of open.
func (r *trees) serve(s network.Stream) {
	if !r.t.enter() {
		_ = s.Reset()
		return
	}
	defer r.t.leave()
	r.keep(s, false)
}

// fetchDue asks for what was named and did not come.
func (r *trees) fetchDue() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	now := r.now()
	r.ask()
	fetches, next := r.relay.Due(now)
	for _, f := range fetches {
		if l := r.links[f.From]; l != nil {
			r.t.counters.treeFetched.Add(1)
			l.send(appendFrame(nil, treeFetch, f.Name[:]))
		}
	}
	if r.fetchAt = next; next != tree.Never {
		r.fetch.Reset(time.Duration(next-min(next, now)) * time.Microsecond)
	}
}

// fetchSoon has fetchDue look at what is missing as soon as something may be due; owned by
// mu.
func (r *trees) fetchSoon() {
	if at := r.now() + tree.Patience; at < r.fetchAt && !r.closed {
		r.fetchAt = at
		r.fetch.Reset(tree.Patience * time.Microsecond)
	}
}

// remeasure takes what the transport has measured meanwhile: pings at a link's
// beginning, when much else begins, are often late. Owned by mu.
func (r *trees) remeasure() {
	for p, l := range r.byPeer {
		if rtt := r.t.cfg.RTT(p); rtt > 0 && l.proven {
			l.nearer(rtt)
		}
	}
}

// tellSoon tells neighbours what has changed, shortly; owned by mu.
func (r *trees) tellSoon() {
	if r.tell == nil && !r.closed && r.relay.Stale() != 0 {
		if time.Since(r.told) > tellMost {
			r.gather = tellDelay / 2
		}
		r.gather = min(2*r.gather, tellMost)
		r.tell = time.AfterFunc(r.gather, r.tellAll)
	}
}

// tellUrgent tells those who have become parents of an orphan.
func (r *trees) tellUrgent() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	for s := range r.relay.Urgent().All {
		r.tellOne(s)
	}
}

func (r *trees) tellAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tell = nil; r.closed {
		return
	}
	r.told = time.Now()
	for s := range r.relay.Stale().All {
		r.tellOne(s)
	}
}

// tellOne tells one neighbour all that it should know; owned by mu.
func (r *trees) tellOne(s tree.Slot) {
	for {
		words := r.relay.Tell(s, wordsPerFrame)
		if len(words) == 0 || !r.links[s].send(appendWords(nil, words)) {
			return
		}
	}
}

// linked reports whether p has answered on a link: it hears facts from here.
func (r *trees) linked(p peer.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.byPeer[p]
	return l != nil && l.proven
}

// covers reports whether the router need not send facts to p: it is linked with this
// node, or this node has links and p, which speaks the protocol, has its own. Most
// connections are of that second kind, made by a lookup or a put. What a peer misses
// before its first link stands comes by the reconciliation that follows the link.
func (r *trees) covers(p peer.ID) bool {
	return r.linked(p) || r.rooted() && r.t.supports(p, r.protocol)
}

// rooted reports whether any link is proven.
func (r *trees) rooted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proven > 0
}

// close ends all links. Their readers end soon after: the topic waits for them.
func (r *trees) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.tell != nil {
		r.tell.Stop()
	}
	r.fetch.Stop()
	for _, l := range r.byPeer {
		_ = l.stream.Reset()
	}
}
