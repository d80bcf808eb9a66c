package lookup

import (
	"net/netip"
	"slices"
)

const (
	// maxReferrers bounds the peers remembered as having named a candidate.
	maxReferrers = 4
	// badReferrals is the number of failed referrals from which a referrer with
	// fewer than half as many good ones is not believed any more.
	badReferrals = 5
	// maxClaims bounds the groups that a candidate is said to be in.
	maxClaims = 4
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
type candidate[ID comparable, Addr any] struct {
	Peer[ID, Addr]
	dist      Position
	state     state
	referrers []*candidate[ID, Addr] // who named it; empty where it is a seed
	seed      bool
	good, bad int  // how the peers that it named turned out
	liar      bool // it gave a value that does not verify
	// groups are those that it is said to be in, or the one that it was reached in.
	groups []netip.Prefix
	proven bool
}

// claim notes that somebody says that c is in a group.
func (c *candidate[ID, Addr]) claim(group netip.Prefix) {
	if group.IsValid() && !c.proven && len(c.groups) < maxClaims && !slices.Contains(c.groups, group) {
		c.groups = append(c.groups, group)
	}
}

// group is the one that c counts for: of those that it is said to be in, the one that
// has the fewest, so that no false word of one keeps it out.
func (c *candidate[ID, Addr]) group(x *Extent) (least netip.Prefix) {
	for i, g := range c.groups {
		if i == 0 || x != nil && x.groups[g] < x.groups[least] {
			least = g
		}
	}
	return least
}

// believed reports whether the peers that c names deserve a question.
func (c *candidate[ID, Addr]) believed() bool {
	return !c.liar && (c.bad < badReferrals || c.bad <= 2*c.good)
}

// suspect reports whether nobody believed vouches for c.
func (c *candidate[ID, Addr]) suspect() bool {
	return !c.seed && !slices.ContainsFunc(c.referrers, (*candidate[ID, Addr]).believed)
}

// vouch notes that referrer named c; nil is where the lookup began.
func (c *candidate[ID, Addr]) vouch(referrer *candidate[ID, Addr]) {
	if referrer == nil {
		c.seed = true
	} else if len(c.referrers) < maxReferrers && !slices.Contains(c.referrers, referrer) {
		c.referrers = append(c.referrers, referrer)
	}
}

// blame counts c's failure against those who named it.
func (c *candidate[ID, Addr]) blame() {
	for _, r := range c.referrers {
		r.bad++
	}
}

// praise counts c's answer for those who named it, and takes back the blame where
// c had been given up.
func (c *candidate[ID, Addr]) praise() {
	for _, r := range c.referrers {
		r.good++
		if c.state == late {
			r.bad--
		}
	}
}
