package overlay

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// maxAskedFactor times k bounds the questions of one lookup, minAsked from below.
	maxAskedFactor = 8
	minAsked       = 64
	// maxCandidates bounds the peers that one lookup remembers.
	maxCandidates = 1024
	// maxPerAnswer bounds the peers taken from one answer: an honest one has 20 or 21.
	maxPerAnswer = 2 * bucketSize
	// maxReferrers bounds the peers remembered as having named a candidate.
	maxReferrers = 4
	// badReferrals is the number of failed referrals from which a referrer with
	// fewer than half as many good ones is not believed any more.
	badReferrals = 5
)

// state is where a candidate stands.
type state uint8

const (
	fresh    state = iota // named, not asked
	asked                 // a question is in the air
	late                  // in the air for longer than its peer was given
	answered              // alive
	failed                // dead, silent to the end, or lying
)

// candidate is a peer that a lookup has heard of.
type candidate struct {
	peer.AddrInfo
	dist      position
	state     state
	referrers []*candidate // who named it; empty where it is a seed
	seed      bool
	good, bad int  // how the peers that it named turned out
	liar      bool // it gave a value that does not verify
}

// believed reports whether the peers that c names deserve a question.
func (c *candidate) believed() bool {
	return !c.liar && (c.bad < badReferrals || c.bad <= 2*c.good)
}

// suspect reports whether nobody believed vouches for c.
func (c *candidate) suspect() bool {
	return !c.seed && !slices.ContainsFunc(c.referrers, (*candidate).believed)
}

// lookup decides whom to ask for the k peers closest to a target, and when to
// stop. It is a pure state machine: no I/O, no clock, no goroutine. Its driver
// asks whom next names, and reports how each question ended.
//
// It ends on the k closest candidates that answered: not before each candidate
// nearer than the k-th of them has answered, failed or run late. Candidates come
// from every answer. A peer whose referrals fail is no longer believed: those whom
// only such peers name wait until nobody else is left, and k of them are tried.
type lookup struct {
	self   peer.ID
	target position
	k      int
	known  map[peer.ID]*candidate
	order  []*candidate // by distance
	asked  int
	doubts int // suspects asked
	turn   int
}

// newLookup starts at seeds, which need no addresses where the host knows some.
func newLookup(self peer.ID, target position, k int, seeds []peer.AddrInfo) *lookup {
	l := &lookup{self: self, target: target, k: k, known: make(map[peer.ID]*candidate)}
	for _, s := range seeds {
		l.add(s, nil)
	}
	return l
}

// add takes a candidate named by a referrer, nil for a seed.
func (l *lookup) add(info peer.AddrInfo, referrer *candidate) {
	if info.ID == l.self {
		return
	}
	c, ok := l.known[info.ID]
	if !ok {
		c = &candidate{AddrInfo: info, dist: l.target.to(positionOfPeer(info.ID))}
		if !l.insert(c) {
			return
		}
	}
	if len(c.Addrs) == 0 {
		c.Addrs = info.Addrs
	}
	if referrer == nil {
		c.seed = true
	} else if len(c.referrers) < maxReferrers && !slices.Contains(c.referrers, referrer) {
		c.referrers = append(c.referrers, referrer)
	}
}

// insert puts c in its place. Where all is full the farthest candidate that was
// not asked makes room, unless c is farther still.
func (l *lookup) insert(c *candidate) bool {
	if len(l.order) >= maxCandidates {
		i := len(l.order) - 1
		for i >= 0 && l.order[i].state != fresh {
			i--
		}
		if i < 0 || l.order[i].dist.compare(c.dist) <= 0 {
			return false
		}
		delete(l.known, l.order[i].ID)
		l.order = slices.Delete(l.order, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(l.order, c, func(a, b *candidate) int { return a.dist.compare(b.dist) })
	l.order = slices.Insert(l.order, i, c)
	l.known[c.ID] = c
	return true
}

// window returns the k nearest candidates that are alive or may be: the lookup is
// done when all of them have answered.
func (l *lookup) window() []*candidate {
	w := l.nearest(func(c *candidate) bool { return c.state != fresh || !c.suspect() })
	if len(w) < l.k && l.doubts < l.k {
		w = l.nearest(func(*candidate) bool { return true })
	}
	return w
}

func (l *lookup) nearest(want func(*candidate) bool) []*candidate {
	w := make([]*candidate, 0, l.k)
	for _, c := range l.order {
		if len(w) == l.k {
			break
		}
		if c.state != failed && c.state != late && want(c) {
			w = append(w, c)
		}
	}
	return w
}

// next names a peer to ask now, and counts it as asked. Every other turn takes
// the nearest to the target, the turns between the cheapest (nil: all cost the
// same), so that a lookup gets both nearer and quick answers. ok is false where
// nobody is to be asked now.
func (l *lookup) next(cost func(peer.ID) time.Duration) (info peer.AddrInfo, ok bool) {
	if l.asked >= max(minAsked, maxAskedFactor*l.k) {
		return peer.AddrInfo{}, false
	}
	var best *candidate
	var least time.Duration
	for _, c := range l.window() {
		if c.state != fresh {
			continue
		}
		if best == nil {
			best = c
			if cost == nil || l.turn%2 == 0 {
				break
			}
			least = cost(c.ID)
		} else if d := cost(c.ID); d < least {
			best, least = c, d
		}
	}
	if best == nil {
		return peer.AddrInfo{}, false
	}
	if best.suspect() {
		l.doubts++
	}
	best.state = asked
	l.asked++
	l.turn++
	return best.AddrInfo, true
}

// gotAnswer reports that p answered and named peers closer to the target.
func (l *lookup) gotAnswer(p peer.ID, closer []peer.AddrInfo) {
	c := l.inTheAir(p)
	if c == nil {
		return
	}
	for _, r := range c.referrers {
		r.good++
		if c.state == late {
			r.bad--
		}
	}
	c.state = answered
	for _, info := range closer[:min(len(closer), maxPerAnswer)] {
		l.add(info, c)
	}
}

// gotNothing reports that p failed; a liar is one whose answer does not verify.
func (l *lookup) gotNothing(p peer.ID, liar bool) {
	c := l.inTheAir(p)
	if c == nil {
		return
	}
	if c.state == asked {
		c.blame()
	}
	c.state, c.liar = failed, liar
}

// ranLate reports that p is silent for longer than it was given: it holds nobody
// up, and counts again should it answer.
func (l *lookup) ranLate(p peer.ID) {
	if c := l.inTheAir(p); c != nil && c.state == asked {
		c.blame()
		c.state = late
	}
}

// blame counts c's failure against those who named it.
func (c *candidate) blame() {
	for _, r := range c.referrers {
		r.bad++
	}
}

func (l *lookup) inTheAir(p peer.ID) *candidate {
	if c := l.known[p]; c != nil && (c.state == asked || c.state == late) {
		return c
	}
	return nil
}

// done reports that the k closest candidates have answered, or all, where there
// are fewer. Late ones do not count: see stragglers.
func (l *lookup) done() bool {
	return !slices.ContainsFunc(l.window(), func(c *candidate) bool { return c.state != answered })
}

// stragglers are the late peers whose answer would change the outcome.
func (l *lookup) stragglers() []peer.ID {
	var out []peer.ID
	n := 0
	for _, c := range l.order {
		if n == l.k {
			break
		}
		switch c.state {
		case answered:
			n++
		case late:
			if !c.suspect() {
				out = append(out, c.ID)
			}
		}
	}
	return out
}

// closest returns the k closest peers that answered, nearest first.
func (l *lookup) closest() []peer.ID {
	var out []peer.ID
	for _, c := range l.order {
		if len(out) == l.k {
			break
		}
		if c.state == answered {
			out = append(out, c.ID)
		}
	}
	return out
}

// alive returns, nearest first, all peers that answered and, behind the k-th of
// them, those that nobody asked: where to turn when one of the k fails.
func (l *lookup) alive() []peer.AddrInfo {
	var out []peer.AddrInfo
	n := 0
	for _, c := range l.order {
		if c.state == answered || n >= l.k && c.state == fresh && !c.suspect() {
			out = append(out, c.AddrInfo)
			n++
		}
	}
	return out
}

// distance returns the bits of the XOR distance between p and the target.
func (l *lookup) distance(p peer.ID) int { return l.target.to(positionOfPeer(p)).bits() }
