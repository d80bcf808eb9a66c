// Package view is what a node knows of the members of its network beyond its routing
// table: enough that a lookup starts next to its target, and little enough that it
// never takes more than a few megabytes. It is pure: no I/O, no clock, no goroutine,
// and generic over what names a peer and where it is, so that a model of a large
// network can call it with numbers.
//
//	v := view.New(view.Config[ID, Addr]{Self: self, Where: position})
//	v.Met(p, addr, now)             // we talked with p: a member
//	v.Hint(q, addr, p, now)         // p says that there is q: a hint
//	v.Nearest(target, 20)           // whom to ask, nearest first
//	v.Failed(q, view.Unreached, now)
//
// # Members and hints
//
// A member is a peer that this node talked with itself. Only members are passed on:
// [View.Page] and [View.News] never name anybody else. What others named is a hint
// until it is contacted, and it is contacted once: then it is a member, or forgotten
// and not taken back soon.
//
// # Bounds
//
// Members and hints together are at most [Config.Max]. While all fit, all are kept.
// Beyond that the part of the key space around the own position stays dense, and of
// the rest a sample stays that is drawn with a secret: who can make up any number of
// peers gets the share of their number, not the whole room, and cannot aim. A source
// of hints has so many and no more, a group of addresses too, and a source whose hints
// fail is not believed for a while.
//
// # What it is not
//
// A view is never evidence. A lookup that starts from it ends on live answers, as one
// that starts anywhere else.
package view
