package testnet

// Partition splits the network: nodes of different groups have no links and get
// none; nodes that no group names form one more group. It closes the links across
// before it returns. Peers that are no nodes of the network are not affected.
//
//	net.Partition([]int{0, 1, 2})          // n1 to n3 | all others
//	net.Partition([]int{0}, []int{1, 2})   // n1 | n2, n3 | all others
func (w *Network) Partition(groups ...[]int) {
	w.board.split(groups)
	for _, n := range w.Nodes() {
		n.gate.enforce(n.host.Network())
	}
}

// Heal ends the partition. Links come back when the nodes make them: Settle waits.
func (w *Network) Heal() { w.board.join() }
