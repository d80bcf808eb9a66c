// Package light is a network of up to millions of nodes on paper: events in a queue,
// one core, no goroutine, and the same result, byte for byte, whenever the same is
// asked.
//
//	w, err := light.New(light.Config{Nodes: 1_000_000, Seed: 1, Charge: 100 * time.Microsecond})
//	r := w.Run(10, 100_000)     // ten tombstones, a hundred thousand lookups
//	_, err = r.WriteTo(os.Stdout)
//
// # What is a node's own code
//
// What a node decides, it decides here by the code that a node runs: whom a lookup
// asks next, and when a peer is late, by overlay/lookup; which links to keep, by
// node/links. A rule by which messages are handed on is a [Forwarder], one small
// interface. Today's is [Forest], what the tables of gossip/tree come to: these would
// take more memory than there is for a million nodes, so the trees are laid out from
// what the tables agree upon in the end, and a test holds that against the tables
// themselves. [Relay] is GossipSub's rule, restated in two functions, since the
// library's cannot be called without its network. Another rule plugs in as Config.Rule.
//
// # What is a model
//
//   - A delay is the model's of package wan, rounded up to microseconds. Links have no
//     width, and nothing queues, is lost or fails. A question to somebody who is no
//     link costs a round trip more, for the handshake. Whoever verifies takes
//     Config.Charge: the receiver of a message before it hands it on or uses it, the
//     holder before it answers, the reader before it believes.
//   - A routing table holds twenty peers of each distance, drawn from all that are
//     there, and the whole of the node's own corner, as tables are that had time to
//     fill. A lookup begins with it and with the reader's view, which has its share of
//     members by the rule of package view, as one has that had time as well; who is asked
//     answers from his table. Holders are the true closest. Nothing of this is stored: it
//     follows from the seed.
//   - Links are chosen one node after the other: near ones are the nearest of all that the
//     node's view has, the others are drawn from its table, and in worlds of up to 20,000
//     nodes become shortcuts. A node that bears as many links of others as it may takes no
//     more, and is not chosen any more: what a network comes to when those that are
//     turned away choose again.
//   - Trees are those of a network that is calm: distances are least, and roots are
//     known to all, 512 at most. The mesh of GossipSub is grown over the links by its
//     own bounds, in an order that is drawn.
//   - [FromGraph] takes the links of a running network, and its mesh where it has one,
//     in their place: package check measures how well the two then agree.
//
// # The floor
//
// Beside every time stands the least that was possible: for messages the shortest
// path over which all nodes may relay, for lookups the lesser of the best direct
// question to a true holder and the way there and back along the shortest paths.
// [Load.Turn] is the floor of the model itself: a bare event queue that bears as many
// events.
//
// # Why it is the same every time
//
// Every number that is drawn follows from the seed and from what it is for. Times are
// whole microseconds; events at the same time come in the order of their nodes.
// Quantiles are counted, not sorted by size of a sample. No map is walked.
//
// Files: config.go, world.go (what one calls), result.go; places.go (delays and
// floor), space.go and table.go (positions, buckets), links.go, near.go, shorten.go and
// graph.go (who is linked), forward.go, trees.go and mesh.go (rules), spread.go, resolve.go
// (what happens), queue.go and heap.go (events), load.go (the bare queue), quantiles.go,
// draw.go.
package light
