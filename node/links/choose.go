package links

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// The policy of a node.
const (
	// DefaultNear and DefaultRandom are the links that a node chooses itself.
	DefaultNear   = 8
	DefaultRandom = 6
	// DefaultShortcuts is how many of the random ones may be shortcuts, DefaultNewShortcuts
	// how many one choice makes: each shortens the way to others.
	DefaultShortcuts    = 4
	DefaultNewShortcuts = 2
	// DefaultCap bounds the connections that stay, those that others chose included.
	DefaultCap = 30
	// DefaultBurst bounds them at any moment.
	DefaultBurst = 90
	// DefaultGrace is how long a connection may last before it counts: lookups and
	// other errands come and go within it.
	DefaultGrace = 20 * time.Second
)

// stayNumerator of stayDenominator is how far a present near link is taken to be,
// measured by its round trip.
const stayNumerator, stayDenominator = 2, 3

const (
	// worthwhile is how many times as long as the direct way the way by others must be
	// for a shortcut, and leastGain how much longer at least.
	worthwhile = 1.1
	leastGain  = 500 * time.Microsecond
	// stayFactor is how many times as much a present shortcut counts.
	stayFactor = 1.5
)

// Policy says how many links a node wants and how many connections it bears.
type Policy struct {
	// Near and Random are the links of its own choosing, of each kind.
	Near, Random int
	// Shortcuts is how many of Random may be chosen for the way that they save, and
	// NewShortcuts how many of these may be new.
	Shortcuts, NewShortcuts int
	// Cap bounds the connections older than Grace, Burst all of them.
	Cap, Burst int
	// Grace is the age from which a connection counts against Cap.
	Grace time.Duration
}

// DefaultPolicy is what a node does.
func DefaultPolicy() Policy {
	return Policy{Near: DefaultNear, Random: DefaultRandom, Shortcuts: DefaultShortcuts, NewShortcuts: DefaultNewShortcuts, Cap: DefaultCap, Burst: DefaultBurst, Grace: DefaultGrace}
}

// Links is how many links of its own choosing a node wants.
func (p Policy) Links() int { return p.Near + p.Random }

// Role is what a peer is to the node.
type Role uint8

// The roles.
const (
	None     Role = iota // not of our choosing
	Near                 // a link for its short round trip
	Random               // a link for being anywhere
	Shortcut             // a link for the way that it saves
)

// A Candidate is a peer that may be a link, connected or not.
type Candidate[ID comparable] struct {
	// ID names the peer.
	ID ID
	// RTT is the least round trip that was measured to it, here. Zero: none was.
	RTT time.Duration
	// Least is what a measurement would give at least; zero: nobody can tell.
	Least time.Duration
	// Path is how long it takes from here to the peer by way of others, one way: by all
	// links but the one to itself. Zero: not known.
	Path time.Duration
	// Role is what the last choice made of it.
	Role Role
	// Group is the part of the network that its address is in, such as the /16 of an
	// IPv4 address. Empty: a group of its own.
	Group string
	// Weight says how likely a random draw is to hit it, against others: where a
	// node knows few peers of a large part of the network, each stands for many.
	// Zero counts as one.
	Weight float64
}

// A Choice is the links that a node wants.
type Choice[ID comparable] struct {
	// Near are the nearest, nearest first. Where too few candidates were measured,
	// others follow: a link measures.
	Near []ID
	// Shortcuts are those to whom the way by others is longest, measured by the direct
	// one; that first.
	Shortcuts []ID
	// Random are drawn from the rest.
	Random []ID
}

// Choose picks the links of a node among candidates, each of which is named once.
// Present links stay unless they are gone from the candidates, or displaced by
// somebody clearly nearer, or by a shortcut that saves clearly more. The same candidates
// in the same order with the same source of randomness give the same choice.
func Choose[ID comparable](p Policy, candidates []Candidate[ID], r *rand.Rand) Choice[ID] {
	var held, free []Candidate[ID]
	for _, c := range candidates {
		if c.far() && len(held) < p.Random {
			held = append(held, c)
		} else {
			free = append(free, c)
		}
	}
	near, rest := nearest(p.Near, free)
	draw(rest, r)
	slices.SortStableFunc(rest, presentFirst)
	short := min(p.Near-len(near), len(rest))
	near, rest = append(near, rest[:short]...), rest[short:]
	rest = append(held, rest...)
	shortcuts := shortest(min(p.Shortcuts, p.Random), p.NewShortcuts, rest)
	rest = slices.DeleteFunc(rest, func(c Candidate[ID]) bool { return slices.Contains(ids(shortcuts), c.ID) })
	stay := 0
	for stay < min(len(rest), p.Random-len(shortcuts)) && rest[stay].far() {
		stay++
	}
	present := append(shortcuts[:len(shortcuts):len(shortcuts)], rest[:stay]...)
	random := spread(p.Random-len(present), present, rest[stay:])
	return Choice[ID]{Near: ids(near), Shortcuts: ids(shortcuts), Random: append(ids(rest[:stay]), ids(random)...)}
}

// far reports whether the candidate is a present link that was not chosen for being near.
func (c Candidate[ID]) far() bool { return c.Role == Random || c.Role == Shortcut }

// shortest returns up to n candidates for shortcuts, the one that saves most first, and
// few that are new. Each is from another group where there is one.
func shortest[ID comparable](n, few int, all []Candidate[ID]) []Candidate[ID] {
	worth := slices.DeleteFunc(slices.Clone(all), func(c Candidate[ID]) bool { return c.saves() < worthwhile })
	slices.SortStableFunc(worth, func(a, b Candidate[ID]) int { return cmp.Compare(b.saves(), a.saves()) })
	fresh := 0
	return spread(n, nil, slices.DeleteFunc(worth, func(c Candidate[ID]) bool {
		if c.Role != Shortcut {
			fresh++
		}
		return c.Role != Shortcut && fresh > few
	}))
}

// saves is how many times as long as the direct way the way by others is; more for a
// present shortcut, and less than worthwhile where one is not known, or hardly matters.
func (c Candidate[ID]) saves() float64 {
	direct, present := c.RTT/2, c.Role == Shortcut
	known := direct > 0 && c.Path > 0
	switch {
	case known && present:
		return max(worthwhile, stayFactor*float64(c.Path)/float64(direct))
	case known && c.Path-direct >= leastGain:
		return float64(c.Path) / float64(direct)
	case present:
		return worthwhile
	}
	return 0
}

// Unmeasured names the candidates that may be nearer than the near links of a choice, if
// they were measured; the likeliest first.
func Unmeasured[ID comparable](p Policy, candidates []Candidate[ID], c Choice[ID]) []ID {
	farthest := time.Duration(math.MaxInt64)
	if len(c.Near) >= p.Near {
		farthest = 0
		for _, x := range candidates {
			if slices.Contains(c.Near, x.ID) {
				farthest = max(farthest, cmp.Or(x.distance(), math.MaxInt64))
			}
		}
	}
	var all []Candidate[ID]
	for _, x := range candidates {
		if x.RTT == 0 && x.Least > 0 && x.Least < farthest && x.Role == None {
			all = append(all, x)
		}
	}
	slices.SortStableFunc(all, func(a, b Candidate[ID]) int { return cmp.Compare(a.Least, b.Least) })
	return ids(all)
}

// draw shuffles all so that each is first as likely as its weight says, and so on
// among the rest.
func draw[ID comparable](all []Candidate[ID], r *rand.Rand) {
	type ticket struct {
		Candidate[ID]
		at float64 // when its turn is, in a race of Poisson processes
	}
	tickets := make([]ticket, len(all))
	for i, c := range all {
		tickets[i] = ticket{c, r.ExpFloat64() / cmp.Or(c.Weight, 1)}
	}
	slices.SortFunc(tickets, func(a, b ticket) int { return cmp.Compare(a.at, b.at) })
	for i, t := range tickets {
		all[i] = t.Candidate
	}
}

// presentFirst puts near links before all others: one that was not measured stays
// until enough are.
func presentFirst[ID comparable](a, b Candidate[ID]) int {
	return compareBool(b.Role == Near, a.Role == Near)
}

// nearest splits off the n candidates with the least round trips.
func nearest[ID comparable](n int, all []Candidate[ID]) (near, rest []Candidate[ID]) {
	for _, c := range all {
		if c.RTT > 0 {
			near = append(near, c)
		} else {
			rest = append(rest, c)
		}
	}
	slices.SortStableFunc(near, func(a, b Candidate[ID]) int { return cmp.Compare(a.distance(), b.distance()) })
	n = min(n, len(near))
	return near[:n:n], append(rest, near[n:]...)
}

// distance is the round trip, less for a present near link.
func (c Candidate[ID]) distance() time.Duration {
	if c.Role == Near {
		return c.RTT * stayNumerator / stayDenominator
	}
	return c.RTT
}

// spread takes the first n of all, those first whose group none of present and of
// those taken before is in.
func spread[ID comparable](n int, present, all []Candidate[ID]) (taken []Candidate[ID]) {
	groups := make(map[string]bool)
	for _, c := range present {
		groups[c.Group] = true
	}
	var again []Candidate[ID]
	for _, c := range all {
		switch {
		case len(taken) == n:
			return taken
		case c.Group != "" && groups[c.Group]:
			again = append(again, c)
		default:
			groups[c.Group] = true
			taken = append(taken, c)
		}
	}
	return append(taken, again[:min(n-len(taken), len(again))]...)
}

func ids[ID comparable](all []Candidate[ID]) []ID {
	var out []ID
	for _, c := range all {
		out = append(out, c.ID)
	}
	return out
}
