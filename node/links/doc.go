// Package links is the room of a node that decides which connections it keeps: a
// few near peers, so that what it asks and passes on travels fast, a few random
// ones, so that no region of the network can be cut off, and an upper bound on
// everything else.
//
//	k := links.New(links.Config{Host: h, Known: candidates, Policy: links.DefaultPolicy()})
//	go k.Run(ctx)      // dials, protects and closes, until ctx ends
//	k.Look()           // now, since somebody has come
//	k.Peers()          // the links that stand
//
// A host whose connection manager closes by itself at a lower number fights with the
// keeper: [NewManager] makes one that does not.
//
// The decisions are pure functions. [Choose] says whom to link to, [Trim] which
// connections to close. Both are generic over what names a peer, so that a model of
// a million nodes calls the same code as a node does.
//
// # Near
//
// Near is what was measured here: no peer's word about a distance is believed. What
// peers say only decides who is measured: that one of them is as far from a neighbour
// as the neighbour is from here is a reason to look ([Unmeasured]). A present near link
// gives way only to a peer that is clearly nearer, or two that are equally near would
// take turns for ever.
//
// # Shortcuts
//
// Of the links that are not near, some go to where the way by others is longest,
// measured by the direct one: each shortens the ways of many. At the same number of
// links, this brings what a fact needs to reach everybody from 1.13 times the shortest
// that there is to 1.06 in a network of 300 (testnet/light). Whoever lies about ways can
// draw these links to himself, and no others; nor does a crowd draw them that comes
// later, to all of whom the way is long: two minutes after its beginning a node has the
// shape that the network gave it, and makes one shortcut in ten minutes.
//
// # Random
//
// The rest are drawn from all candidates alike, never from those that happen to
// be connected: who connects to us is the choice of others. They are spread over
// groups of addresses, and stay for as long as they live, since a link that is
// drawn again every hour is every hour another chance for whoever owns many
// identities.
//
// # Bounds
//
// What a node chose for itself is never closed for want of room. Of the rest first
// those go that the other side has not chosen either. Among each of the two those go
// first whose group holds the most connections, and in a group the youngest: many
// identities behind few addresses displace each other, and a connection that has long
// been there nobody displaces.
package links
