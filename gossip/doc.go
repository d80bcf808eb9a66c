// Package gossip moves facts between nodes: fast over a GossipSub topic, and
// surely by reconciliation.
//
// A fact is a statement that every node is to hold until its subject's end; in
// this version a tombstone. The node owns the set of facts and its disk. Gossip
// reads the set, and hands every verified fact that is not in it to the node:
//
//	topic, err := gossip.Join(gossip.Config{
//		Host:  h,
//		Facts: facts,
//		Ingest: func(f records.Fact, from peer.ID, via gossip.Via) (bool, error) {
//			// remember to write it to the disk, then
//			return facts.Add(f), nil
//		},
//	})
//	...
//	defer topic.Close()
//	facts.Add(f)                          // and to the disk: then
//	peers, err := topic.Publish(ctx, f)   // how many peers it was handed to
//
// The host is the application's own, and stays so after Close. Without Ingest a fact is
// added to the set, and that is all: right for a program that asks the set, wrong for
// one that must know what it knew after a restart.
//
// # What can go wrong
//
//   - Publish that handed the fact to no peer is no error, but 0: it stands in the set,
//     and travels when a peer comes.
//   - A fact that never comes: no peer of the same network. [Topic.Peers] says who is
//     there, [Topic.Stats] what was dropped, rejected and repaired.
//   - Two GossipSub routers on one host take each other's streams. A program with a
//     pubsub of its own needs a second host.
//   - An Ingest that waits, for a disk say, holds up everybody's facts. One that forgets
//     to add to the set gets each fact again and again.
//
// # What it promises
//
// Between nodes of ours facts travel along trees of least delay, which the nodes
// keep among themselves (package tree): near the shortest way that there is, in
// hardly more than one copy. The GossipSub topic is the public wire beside them: it
// serves every peer that no tree reaches, stock ones included, and suffices alone.
// Both are fast and promise nothing: queues overflow, peers come too late or drop
// what they should pass on. Whatever is known to be lost is counted in [Stats].
//
// Reconciliation makes up for it. Two nodes find the difference of their sets in
// bytes near its size, and both end with the union. It runs on every connection
// that stays, when a peer joins the topic, when the pulse of a link tells of a
// difference, every 30 seconds with peers that have no link, and after every counted
// loss. A [SyncReport] that is Complete says that this node now holds,
// verified and flushed, what the peer held.
//
// Nothing is ingested that was not verified, by either way. A peer that sends
// what is wrong is rejected or left alone for a while; nobody is blamed for our
// own faults.
//
// # How it hangs together
//
//	trees    pushes -> held?, form, lanes -> Ingest -> along the tree; to the topic's others
//	topic    messages -> validate: size, form, held?, lanes -> Ingest -> forward
//	             |                                                 |
//	             | dropped, ignored                                | new
//	             v                                                 v
//	schedule   a round is due: with whom, when  <------  young peers, what was learned
//	             |
//	             v
//	sync     session: hello, symbols or list, wants, facts, done -> Ingest, Flush
//	             ^
//	             |
//	serve    the same session, as a peer's server, within bounds
//
// Files: trees.go, treelink.go, treefacts.go, treewire.go (the trees), pulse.go (what
// their ends say they hold); topic.go (lifecycle), publish.go, validate.go, lanes.go, router.go (the
// settings of pubsub), tracer.go (what it drops), repair.go (peers it forgets);
// schedule.go and watch.go (when to reconcile), sync.go and serve.go (client and
// server), roles.go, session.go, choose.go, feed.go, describe.go, solve.go, memory.go
// and marks.go (the session), ledger.go, essence.go and sketch.go (what is kept of the
// set for it), view.go (the set under a session's keys), frames.go and wire.go (its
// bytes).
//
// # Lifecycle
//
//	Join -> joined: all methods, from any goroutine -> Close -> closed: ErrClosed
//
// A router of pubsub runs on the host between Join and Close, and nothing else on
// the host may run another. After Close a new Join may follow on the same host.
//
// The formats and limits are specified in docs/spec/002-gossip.md,
// 003-reconciliation.md and 004-trees.md.
package gossip
