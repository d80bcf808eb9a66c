package gossip

import (
	"math"

	"github.com/cairn-overlay/cairn/records"
)

// What the ways to go on cost in bytes, about.
const (
	factBytes   = records.MinTombstoneSize + 1
	symbolBytes = 21
	tripBytes   = 150 // a packet with its acknowledgement, and the time that a round trip takes
)

// A situation is what a server knows when it chooses how to go on.
type situation struct {
	client, server uint64 // how many facts they hold
	since          uint64 // how many of the server's the client may lack, those that came last
	gained         uint64 // how many of the client's the server may lack
	apart          uint64 // in how many facts they differ, as estimated
	fresh          bool   // symbols that everybody can compute are not to be used
}

// choose returns the cheapest way to go on for two sets that differ, and how many
// symbols are to follow.
func (x situation) choose() (m mode, count uint64) {
	c, s := x.client, x.server
	apart := min(max(x.apart, max(c, s)-min(c, s)), c+s)
	since, gained := min(s, x.since), min(c, x.gained)
	missing, lacking := min(since, (apart+s-c)/2), min(gained, (apart+c-s)/2) // at the client, at the server
	back := gained - min(gained, since-missing)                               // what the client answers a feed with
	m = modeFeed
	cheapest := factBytes * (since - missing + back - min(back, lacking)) // sent in vain
	consider := func(other mode, n, cost uint64) {
		if cost < cheapest {
			m, count, cheapest = other, n, cost
		}
	}
	symbols := symbolsFor(apart)
	switch {
	case x.fresh:
		symbols = min(symbols, mostAtFirst)
		consider(modeFresh, symbols, symbolBytes*symbols+hashSize*missing+tripBytes)
	case symbols <= uint64(cellsBetween(c, s)):
		consider(modeSymbols, symbols, symbolBytes*symbols+itemSize*missing+tripBytes)
	}
	consider(modeList, 0, hashSize*(s+missing)+tripBytes)
	consider(modeTell, 0, hashSize*(c+lacking)+2*tripBytes)
	return m, count
}

// symbolsFor is how many symbols are sent at first where two sets are thought to
// differ in that many facts: with the estimate's error they suffice in two of three
// cases, and with one more request in nearly all others.
func symbolsFor(apart uint64) uint64 {
	return 3 + apart + apart/2 + uint64(2*math.Sqrt(float64(apart)))
}

// cellsBetween is how many symbols two sets of these sizes can compare without going
// through them.
func cellsBetween(client, server uint64) int {
	return min(cellsFor(client), cellsFor(server))
}
