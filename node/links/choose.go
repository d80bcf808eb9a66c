package links

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// The policy of a node.
const (
	// DefaultNear and DefaultRandom are the links that a node chooses itself.
	DefaultNear   = 8
	DefaultRandom = 6
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

// Policy says how many links a node wants and how many connections it bears.
type Policy struct {
	// Near and Random are the links of its own choosing, of each kind.
	Near, Random int
	// Cap bounds the connections older than Grace, Burst all of them.
	Cap, Burst int
	// Grace is the age from which a connection counts against Cap.
	Grace time.Duration
}

// DefaultPolicy is what a node does.
func DefaultPolicy() Policy {
	return Policy{Near: DefaultNear, Random: DefaultRandom, Cap: DefaultCap, Burst: DefaultBurst, Grace: DefaultGrace}
}

// Links is how many links of its own choosing a node wants.
func (p Policy) Links() int { return p.Near + p.Random }

// Role is what a peer is to the node.
type Role uint8

// The roles.
const (
	None   Role = iota // not of our choosing
	Near               // a link for its short round trip
	Random             // a link for being anywhere
)

// A Candidate is a peer that may be a link, connected or not.
type Candidate[ID comparable] struct {
	// ID names the peer.
	ID ID
	// RTT is the least round trip that was measured to it, here. Zero: none was.
	RTT time.Duration
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
	// Random are drawn from the rest.
	Random []ID
}

// Choose picks the links of a node among candidates, each of which is named once.
// Present links stay unless they are gone from the candidates, or displaced by
// somebody clearly nearer. The same candidates in the same order with the same
// source of randomness give the same choice.
func Choose[ID comparable](p Policy, candidates []Candidate[ID], r *rand.Rand) Choice[ID] {
	var kept, rest []Candidate[ID]
	for _, c := range candidates {
		if c.Role == Random && len(kept) < p.Random {
			kept = append(kept, c)
		} else {
			rest = append(rest, c)
		}
	}
	near, rest := nearest(p.Near, rest)
	draw(rest, r)
	slices.SortStableFunc(rest, presentFirst)
	short := min(p.Near-len(near), len(rest))
	random := spread(p.Random-len(kept), kept, rest[short:])
	return Choice[ID]{
		Near:   append(ids(near), ids(rest[:short])...),
		Random: append(ids(kept), ids(random)...),
	}
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
