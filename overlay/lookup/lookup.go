package lookup

import (
	"net/netip"
	"slices"
	"time"
)

const (
	// maxAskedFactor times k bounds the questions of one lookup, minAsked from below.
	maxAskedFactor = 8
	minAsked       = 64
	// maxCandidates bounds the peers that one lookup remembers.
	maxCandidates = 1024
	// MaxPerAnswer bounds the peers taken from one answer: an honest one has 20 or 21.
	MaxPerAnswer = 40
)

// Peer is who may be asked, and where it may be reached, if the driver needs that.
type Peer[ID comparable, Addr any] struct {
	ID    ID
	Addrs []Addr
	// Group is the part of the network that its addresses say it is in; the zero value is
	// not known. See [Region].
	Group netip.Prefix
}

// Config says what a lookup looks for. All that has a name outside is required.
type Config[ID comparable] struct {
	Self   ID       // never asked
	Target Position // what is looked for
	Region          // how many of the closest peers
	// Where is the position of a peer; the same ID always has the same.
	Where func(ID) Position
	// elsewhere reports whether another path of the same lookup has asked a peer, so that this
	// one may not, see [Paths]; nil where there is no other.
	elsewhere func(ID) bool
}

// Lookup decides whom to ask for the peers of the region around a target, the k closest
// in general, and when to stop. It is a pure state machine: no I/O, no clock, no goroutine. Its driver
// asks whom Next names, and reports how each question ended.
//
// It ends on the region's candidates that answered: not before each candidate
// nearer than the last of them has answered, failed or run late. Candidates come
// from every answer. A peer whose referrals fail is no longer believed: those whom
// only such peers name wait until nobody else is left, and k of them are tried.
type Lookup[ID comparable, Addr any] struct {
	cfg    Config[ID]
	known  map[ID]*candidate[ID, Addr]
	order  []*candidate[ID, Addr] // by distance
	asked  int
	doubts int // suspects asked
	silent int // peers that ran late or failed
	turn   int
	// outside are those who suggested peers and are no candidates themselves.
	outside map[ID]*candidate[ID, Addr]
	frame   []*candidate[ID, Addr] // the last window; its room is used again
}

// New starts at seeds, which need no addresses where the driver knows some.
func New[ID comparable, Addr any](cfg Config[ID], seeds []Peer[ID, Addr]) *Lookup[ID, Addr] {
	l := &Lookup[ID, Addr]{cfg: cfg, known: make(map[ID]*candidate[ID, Addr])}
	for _, s := range seeds {
		l.add(s, nil)
	}
	return l
}

// add takes a candidate named by a referrer, nil for a seed.
func (l *Lookup[ID, Addr]) add(p Peer[ID, Addr], referrer *candidate[ID, Addr]) {
	if p.ID == l.cfg.Self {
		return
	}
	c, ok := l.known[p.ID]
	if !ok {
		c = &candidate[ID, Addr]{Peer: p, dist: l.cfg.Target.To(l.cfg.Where(p.ID))}
		if !l.insert(c) {
			return
		}
	}
	if len(c.Addrs) == 0 {
		c.Addrs = p.Addrs
	}
	c.claim(p.Group)
	c.vouch(referrer)
}

// Suggest adds p, which by named before the lookup began. It counts for by as if by had
// been asked: a peer whose suggestions fail is not believed any more.
func (l *Lookup[ID, Addr]) Suggest(p Peer[ID, Addr], by ID) {
	referrer := l.known[by]
	if referrer == nil {
		referrer = l.outside[by]
	}
	if referrer == nil {
		referrer = &candidate[ID, Addr]{Peer: Peer[ID, Addr]{ID: by}}
		if l.outside == nil {
			l.outside = make(map[ID]*candidate[ID, Addr])
		}
		l.outside[by] = referrer
	}
	l.add(p, referrer)
}

// insert puts c in its place. Where all is full the farthest candidate that was
// not asked makes room, unless c is farther still.
func (l *Lookup[ID, Addr]) insert(c *candidate[ID, Addr]) bool {
	if len(l.order) >= maxCandidates {
		i := len(l.order) - 1
		for i >= 0 && l.order[i].state != fresh {
			i--
		}
		if i < 0 || l.order[i].dist.Compare(c.dist) <= 0 {
			return false
		}
		delete(l.known, l.order[i].ID)
		l.order = slices.Delete(l.order, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(l.order, c, func(a, b *candidate[ID, Addr]) int { return a.dist.Compare(b.dist) })
	l.order = slices.Insert(l.order, i, c)
	l.known[c.ID] = c
	return true
}

// window returns the candidates of the region that are alive or may be: the lookup is
// done when all of them have answered. The next call overwrites it.
func (l *Lookup[ID, Addr]) window() []*candidate[ID, Addr] { return l.reach(0) }

// reach is window and ahead more. Where that leaves fewer than k, those of crowded groups
// are taken too, and then suspects.
func (l *Lookup[ID, Addr]) reach(ahead int) []*candidate[ID, Addr] {
	region := l.cfg.Region
	w := l.nearest(region, ahead, false)
	if len(w) < region.K && region.PerGroup > 0 {
		region.PerGroup = 0
		w = l.nearest(region, ahead, false)
	}
	if len(w) < region.K && l.doubts < region.K {
		w = l.nearest(region, ahead, true)
	}
	return w
}

func (l *Lookup[ID, Addr]) nearest(region Region, ahead int, suspects bool) []*candidate[ID, Addr] {
	l.frame = l.frame[:0]
	x := region.Outward()
	for _, c := range l.order {
		full := x.Full(c.dist)
		if full && ahead == 0 {
			break
		}
		if c.state != failed && c.state != late && !l.gone(c) && (suspects || c.state != fresh || !c.suspect()) && x.Add(c.group(x)) {
			l.frame = append(l.frame, c)
			if full {
				ahead--
			}
		}
	}
	return l.frame
}

// gone reports whether another path has asked c.
func (l *Lookup[ID, Addr]) gone(c *candidate[ID, Addr]) bool {
	return c.state == fresh && l.cfg.elsewhere != nil && l.cfg.elsewhere(c.ID)
}

// Next names a peer to ask now, and counts it as asked. Every other turn takes
// the nearest to the target, the turns between the cheapest (nil: all cost the
// same), so that a lookup gets both nearer and quick answers. For each peer that was
// silent it looks one farther ahead than the k nearest, k at most: where many have
// gone, each would else be waited for by itself. ok is false where nobody is to be
// asked now.
func (l *Lookup[ID, Addr]) Next(cost func(ID) time.Duration) (p Peer[ID, Addr], ok bool) {
	if l.turn%2 == 0 {
		cost = nil
	}
	return l.Cheapest(cost)
}

// Cheapest is Next, but takes the cheapest at every turn: where all are to be asked at
// once, it only matters who is asked first.
func (l *Lookup[ID, Addr]) Cheapest(cost func(ID) time.Duration) (p Peer[ID, Addr], ok bool) {
	if l.asked >= max(minAsked, maxAskedFactor*l.cfg.K) {
		return p, false
	}
	var best *candidate[ID, Addr]
	var least time.Duration
	for _, c := range l.reach(min(l.silent, l.cfg.K)) {
		if c.state != fresh {
			continue
		}
		if best == nil {
			best = c
			if cost == nil {
				break
			}
			least = cost(c.ID)
		} else if d := cost(c.ID); d < least {
			best, least = c, d
		}
	}
	if best == nil {
		return p, false
	}
	if best.suspect() {
		l.doubts++
	}
	best.state = asked
	l.asked++
	l.turn++
	return best.Peer, true
}

// Answered reports that p answered and named peers closer to the target.
func (l *Lookup[ID, Addr]) Answered(p ID, closer []Peer[ID, Addr]) {
	c := l.inTheAir(p)
	if c == nil {
		return
	}
	c.praise()
	c.state = answered
	for _, named := range closer[:min(len(closer), MaxPerAnswer)] {
		l.add(named, c)
	}
}

// Failed reports that p did not answer; a liar is one whose answer does not verify.
func (l *Lookup[ID, Addr]) Failed(p ID, liar bool) {
	c := l.inTheAir(p)
	if c == nil {
		return
	}
	if c.state == asked {
		c.blame()
		l.silent++
	}
	c.state, c.liar = failed, liar
}

// Late reports that p is silent for longer than it was given: it holds nobody
// up, and counts again should it answer.
func (l *Lookup[ID, Addr]) Late(p ID) {
	if c := l.inTheAir(p); c != nil && c.state == asked {
		c.blame()
		l.silent++
		c.state = late
	}
}

func (l *Lookup[ID, Addr]) inTheAir(p ID) *candidate[ID, Addr] {
	if c := l.known[p]; c != nil && (c.state == asked || c.state == late) {
		return c
	}
	return nil
}

// Done reports that all candidates of the region have answered, or all, where there
// are fewer than k. Late ones do not count: see Stragglers.
func (l *Lookup[ID, Addr]) Done() bool {
	return !slices.ContainsFunc(l.window(), func(c *candidate[ID, Addr]) bool { return c.state != answered })
}

// Stragglers are the late peers whose answer would change the outcome.
func (l *Lookup[ID, Addr]) Stragglers() []ID {
	var out []ID
	x := l.cfg.Region.Outward()
	for _, c := range l.order {
		if x.Full(c.dist) {
			break
		}
		switch c.state {
		case answered:
			x.Add(c.group(x))
		case late:
			if !c.suspect() {
				out = append(out, c.ID)
			}
		}
	}
	return out
}

// Closest returns the peers of the region that answered, nearest first: the k closest, in
// general.
func (l *Lookup[ID, Addr]) Closest() []ID {
	var out []ID
	region := l.cfg.Region
	for {
		x := region.Outward()
		for _, c := range l.order {
			if x.Full(c.dist) {
				break
			}
			if c.state == answered && x.Add(c.group(x)) {
				out = append(out, c.ID)
			}
		}
		if len(out) >= region.K || region.PerGroup == 0 {
			return out
		}
		out, region.PerGroup = nil, 0
	}
}

// Crowded reports whether the k closest peers that answered lie within the region's
// Reach: closer than they should.
func (l *Lookup[ID, Addr]) Crowded() bool {
	n := 0
	for _, c := range l.order {
		if c.state != answered {
			continue
		}
		if n++; n == l.cfg.K {
			return c.dist.Compare(l.cfg.Reach) < 0
		}
	}
	return false
}

// Nearest returns the candidates of the region that have not failed, nearest first, whether
// they have been asked or not, without those that nobody believed vouches for.
func (l *Lookup[ID, Addr]) Nearest() []ID {
	var out []ID
	x := l.cfg.Region.Outward()
	for _, c := range l.order {
		if x.Full(c.dist) {
			break
		}
		if c.state != failed && (c.state == answered || !c.suspect()) && x.Add(c.group(x)) {
			out = append(out, c.ID)
		}
	}
	return out
}

// Alive returns, nearest first, all peers that answered and, behind the k-th of
// them, those that nobody asked: where to turn when one of the k fails.
func (l *Lookup[ID, Addr]) Alive() []Peer[ID, Addr] {
	var out []Peer[ID, Addr]
	n := 0
	for _, c := range l.order {
		if c.state == answered || n >= l.cfg.K && c.state == fresh && !c.suspect() {
			p := c.Peer
			p.Group = c.group(nil)
			out = append(out, p)
			n++
		}
	}
	return out
}

// Reached notes in which group p was found to be.
func (l *Lookup[ID, Addr]) Reached(p ID, group netip.Prefix) {
	if c := l.known[p]; c != nil && group.IsValid() {
		c.groups = append(c.groups[:0], group)
		c.proven = true
	}
}

// Distance returns the bits of the XOR distance between p and the target.
func (l *Lookup[ID, Addr]) Distance(p ID) int { return l.cfg.Target.To(l.cfg.Where(p)).Bits() }
