package lookup

import (
	"net/netip"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// Paths is a lookup on several paths that share no peer at any step (S/Kademlia, Baumgart
// and Mies 2007): each begins with peers of its own, goes where these point, and asks nobody
// whom another one has asked. Whoever misleads a path, or owns it, misleads that one alone, and
// the others go around him. Each ends with its part of the region, so that all together ask
// the whole of it.
//
// It is driven as a [Lookup] is.
type Paths[ID comparable, Addr any] struct {
	cfg   Config[ID]
	paths []*Lookup[ID, Addr]
	by    map[ID]int // which path asked it
	dealt map[ID]int // which path begins with it
	turn  int
}

// NewPaths starts n paths, one at least, at seeds: the nearest to the target is the first one's,
// the next the second one's, and so on, around.
func NewPaths[ID comparable, Addr any](cfg Config[ID], n int, seeds []Peer[ID, Addr]) *Paths[ID, Addr] {
	n = max(n, 1)
	p := &Paths[ID, Addr]{cfg: cfg, by: make(map[ID]int), dealt: make(map[ID]int)}
	for i := range n {
		part := cfg
		part.K = (cfg.K + n - 1) / n
		part.elsewhere = func(id ID) bool {
			at, asked := p.by[id]
			return asked && at != i && !weak.Off(weak.Disjoint)
		}
		p.paths = append(p.paths, New[ID, Addr](part, nil))
	}
	far := func(s Peer[ID, Addr]) Position { return cfg.Target.To(cfg.Where(s.ID)) }
	seeds = slices.Clone(seeds)
	slices.SortStableFunc(seeds, func(a, b Peer[ID, Addr]) int { return far(a).Compare(far(b)) })
	for _, s := range seeds {
		p.deal(s.ID).add(s, nil)
	}
	return p
}

// deal is the path that begins with a peer.
func (p *Paths[ID, Addr]) deal(id ID) *Lookup[ID, Addr] {
	at, known := p.dealt[id]
	if !known {
		at = len(p.dealt) % len(p.paths)
		p.dealt[id] = at
	}
	return p.paths[at]
}

// Suggest is [Lookup.Suggest] on the path whose turn it is.
func (p *Paths[ID, Addr]) Suggest(named Peer[ID, Addr], by ID) { p.deal(named.ID).Suggest(named, by) }

// Path is which path asked a peer, from 1; 0 where none did.
func (p *Paths[ID, Addr]) Path(id ID) int {
	if at, asked := p.by[id]; asked {
		return at + 1
	}
	return 0
}

// Next is [Lookup.Next] of the paths by turns.
func (p *Paths[ID, Addr]) Next(cost func(ID) time.Duration) (Peer[ID, Addr], bool) {
	return p.ask(func(l *Lookup[ID, Addr]) (Peer[ID, Addr], bool) { return l.Next(cost) })
}

// Cheapest is [Lookup.Cheapest] of the paths by turns.
func (p *Paths[ID, Addr]) Cheapest(cost func(ID) time.Duration) (Peer[ID, Addr], bool) {
	return p.ask(func(l *Lookup[ID, Addr]) (Peer[ID, Addr], bool) { return l.Cheapest(cost) })
}

func (p *Paths[ID, Addr]) ask(next func(*Lookup[ID, Addr]) (Peer[ID, Addr], bool)) (asked Peer[ID, Addr], ok bool) {
	for range p.paths {
		at := p.turn % len(p.paths)
		p.turn++
		if asked, ok = next(p.paths[at]); ok {
			p.by[asked.ID] = at
			return asked, true
		}
	}
	return asked, false
}

// of is the path that asked a peer; nil where none did.
func (p *Paths[ID, Addr]) of(id ID) *Lookup[ID, Addr] {
	if at, asked := p.by[id]; asked {
		return p.paths[at]
	}
	return nil
}

// Answered is [Lookup.Answered] on the path that asked p: only that one goes where p points.
func (p *Paths[ID, Addr]) Answered(id ID, closer []Peer[ID, Addr]) {
	if l := p.of(id); l != nil {
		l.Answered(id, closer)
	}
}

// Failed is [Lookup.Failed] on the path that asked.
func (p *Paths[ID, Addr]) Failed(id ID, liar bool) {
	if l := p.of(id); l != nil {
		l.Failed(id, liar)
	}
}

// Late is [Lookup.Late] on the path that asked.
func (p *Paths[ID, Addr]) Late(id ID) {
	if l := p.of(id); l != nil {
		l.Late(id)
	}
}

// Reached is [Lookup.Reached] on the path that asked.
func (p *Paths[ID, Addr]) Reached(id ID, group netip.Prefix) {
	if l := p.of(id); l != nil {
		l.Reached(id, group)
	}
}

// Done reports whether every path is.
func (p *Paths[ID, Addr]) Done() bool {
	return !slices.ContainsFunc(p.paths, func(l *Lookup[ID, Addr]) bool { return !l.Done() })
}

// Stragglers are the late peers whose answer would change the outcome of their path.
func (p *Paths[ID, Addr]) Stragglers() (all []ID) {
	for _, l := range p.paths {
		all = append(all, l.Stragglers()...)
	}
	return all
}

// Closest, Crowded, Nearest and Alive are those of a [Lookup] that has heard what all paths did.
func (p *Paths[ID, Addr]) Closest() []ID { return p.whole().Closest() }

// Crowded: see [Lookup.Crowded].
func (p *Paths[ID, Addr]) Crowded() bool { return p.whole().Crowded() }

// Nearest: see [Lookup.Nearest].
func (p *Paths[ID, Addr]) Nearest() []ID { return p.whole().Nearest() }

// Alive: see [Lookup.Alive].
func (p *Paths[ID, Addr]) Alive() []Peer[ID, Addr] { return p.whole().Alive() }

// Distance is [Lookup.Distance].
func (p *Paths[ID, Addr]) Distance(id ID) int { return p.paths[0].Distance(id) }

// whole is one lookup with the candidates of all paths: of a peer that several know, as the one
// that asked it does.
func (p *Paths[ID, Addr]) whole() *Lookup[ID, Addr] {
	w := New[ID, Addr](p.cfg, nil)
	for at, l := range p.paths {
		for _, c := range l.order {
			if by, asked := p.by[c.ID]; asked && by != at || w.known[c.ID] != nil {
				continue
			}
			w.known[c.ID] = c
			w.order = append(w.order, c)
		}
	}
	slices.SortFunc(w.order, func(a, b *candidate[ID, Addr]) int { return a.dist.Compare(b.dist) })
	return w
}
