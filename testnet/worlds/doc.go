// Package worlds has the networks that a scenario can be played in on one machine and
// in one process: [Virtual], in virtual time, and [Loopback], on sockets and by the
// clock on the wall. The nodes are the same, and so is all the code that speaks to
// them; only the wire differs. [Stock] has nodes of stock libraries in their place, in
// virtual time: what the auditor finds there, these libraries do not promise.
package worlds
