// Package tree decides along which links a fact is passed on: over trees of least
// delay, one for each root, that the nodes keep among themselves. It is pure: no
// I/O, no clock, no goroutine; its caller owns links and time.
//
// # Roots and distances
//
// A root tells its neighbours that it is at distance 0, and everybody tells his
// neighbours his own distance: the least, over them, of what the neighbour says plus
// the delay of the link and a charge for the work. The neighbour that gives the
// least is the parent, and is told so: both ends agree on every branch.
//
//	tag    seq  dist      tag     names a root
//	4f21..   3     0      seq     only the root raises it, when somebody has lost his way
//	4f21..   3  17.2 ms   dist    in microseconds
//
// A distance that could lead in a circle is not taken: a node follows only what is
// nearer to the root than the node itself ever was under the same number
// (feasibility, RFC 8966 section 2.4). Where nothing feasible is left it asks for a
// new number, and the question goes to the root along the parents. A root that is
// gone raises none, so its distances vanish at once instead of counting up.
//
// # What is sent where
//
// Whoever has a fact of his own hands it to all neighbours, marked with the nearest
// root. Who receives it hands it on along that root's tree, up and down, and says
// its short name to those that keep this node as their second way. A fact whose
// root is unknown goes to everybody: no tree is no reason to lose one.
//
// # Trust
//
// A neighbour may lie about its distance, and gets more children by it; it may then
// drop what it should pass on. That shows: the second way names the fact, it is
// fetched there, and [Table.Blame] puts the neighbour farther away than it says it
// is. Whoever misses a fact asks all neighbours for the next ones, and those who give
// none are neither parent nor second way any more ([Relay.Ask], [Relay.Judge]).
//
// Nothing here is needed for a fact to arrive: reconciliation lies under it.
package tree
