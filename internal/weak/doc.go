// Package weak takes one defence at a time out of a node, to see that its attack
// then wins: a check that holds against a build without the defence as well proves
// nothing. It does so only in a build with the tag cairn_weak, where the environment
// variable CAIRN_WEAK names the defence. In every other build [Off] is constant
// false and the compiler leaves nothing of it: there is no switch to find.
//
// A switch stands at the defence itself, one line each:
//
//	if t.out.ReadBack || t.out.Acked && weak.Off(weak.ReadBack) {
//
// docs/threats.md has the table of defences, of what each keeps off, and of the
// scenario or test that must fail without it; `make weak` plays them all.
package weak
