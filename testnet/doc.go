// Package testnet runs a network of real Cairn nodes in one process, on loopback
// sockets: each has its own host, store, routing table and place on the fact
// topic. It serves scenarios, attacks, and any Go test that wants to know how
// its own code fares in a network whose nodes die, part and return.
//
//	func TestMyAgent(t *testing.T) {
//		w, err := testnet.New(t.Context(), testnet.Config{Nodes: 8, Memory: true})
//		if err != nil {
//			t.Fatal(err)
//		}
//		defer w.Close()
//		if err := w.Settle(t.Context()); err != nil {
//			t.Fatal(err)
//		}
//		...
//	}
//
// A [Network] starts its nodes side by side; [Network.Settle] waits until they
// have found each other. 20 nodes take under a second, 60 a few. [Node] is a
// node.Node with a few words more: [Node.Place] signs and publishes an [Agent] whose
// keys are in memory, [Node.End] revokes it, [Node.Knows] is what the node says
// without asking anybody.
//
// # Trouble
//
//	w.Kill(3)                    its links drop, nothing is handed over
//	w.Restart(3)                 the same key, address and data
//	w.Add()                      a brand-new node
//	w.Partition([]int{0, 1, 2})  n1 to n3 on one side, all others on the other
//	w.Heal()                     whoever wants a link makes it himself
//
// Nodes count from 0 as arguments and from 1 in names: Node(0) is n1, with its data
// in DIR/n1. A node that restarts is another [Node]: ask the network for it again.
//
// # Looking on
//
// [Network.Holders] asks every node over the wire, as a stranger would, what it
// holds; [Network.Nearest] says who should hold it. Nothing here sleeps: [Await]
// looks at a condition until it holds, and says what was missing where it never
// does. A condition about the whole network names the node that failed it.
//
// # Scenarios
//
// Most of what one wants to see needs no Go: package testnet/scenario plays text files
// on such a network, see docs/testnet.md.
//
// # Attackers
//
// Package testnet/attack has peers that lie, refuse, keep silent or send old
// records; package testnet/wire speaks the protocol by hand. Neither uses Cairn's
// own network code.
//
// # Memory or disk
//
// With Config.Memory nothing waits for a disk, and a node that restarts knows
// nothing. Otherwise each node has a data directory, in Config.Dir or a temporary
// folder, and what it acknowledged survives Kill. Kill cannot lose what waits for
// the disk, as a power cut can: for that there are separate processes, see package
// testnet/demo.
package testnet
