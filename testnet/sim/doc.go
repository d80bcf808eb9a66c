// Package sim runs a network of real nodes in virtual time: hosts, routing, gossip,
// stores and timers are those of a daemon, only the wire below QUIC is simulated and
// the clock is that of a testing/synctest bubble. Minutes of network time take
// seconds, and latencies do not depend on the machine.
//
//	synctest.Test(t, func(t *testing.T) {
//		w, err := sim.New(t.Context(), sim.Config{Nodes: 30, Seed: 1})
//		if err != nil { ... }
//		defer w.Close()
//		w.Isolate(4)
//		time.Sleep(time.Minute) // of virtual time
//		w.Heal()
//	})
//
// [Network] is a [testnet.Network] with another wire: everything that one can do
// with nodes on loopback sockets one can do here, and what only a simulated wire
// can do beside it. [Fabric] is that wire alone, for hosts that are no nodes of
// ours.
//
// # What is real and what is not
//
// A seed fixes who is where, every delay and every key; it does not fix the order in
// which goroutines run, so two runs differ in detail. Computing costs no virtual
// time at all: signatures, locks and queues inside a process are free. There is no
// HTTP API, since a real socket stops a bubble's clock.
//
// # Ending
//
// A bubble ends only when all of its goroutines have: Close the network, also on
// the way out of a failed test (t.Cleanup runs inside the bubble).
package sim
