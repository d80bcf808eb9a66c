// Package audit has the operations log of a run and the check over it. A run writes
// down what it asked of a network and what each node answered, with the bytes that
// each answer rests on; [Check] reads that offline, knows nothing of the network, and
// says where it broke a promise.
//
//	log := audit.NewLog(file, audit.Run{World: "sim", Replication: 20}, w.Now)
//	op := log.Begin(audit.Event{Kind: audit.Publish, Node: 3, Agent: id, Proof: rec.Bytes()})
//	...
//	op.End(audit.Event{Receipt: &audit.Receipt{Targets: 20, Acks: 20, ReadBack: 20, Confirmed: true}})
//	log.Note(audit.Event{Kind: audit.Heal})
//
//	events, err := audit.Read(file)
//	for _, v := range audit.Check(events) { ... }
//
// A log is JSONL: one [Event] a line, the first of kind "run", in the order of their
// times.
package audit
