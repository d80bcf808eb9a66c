// Package lookup decides whom a walk through the key space asks next, and when it
// may stop. It is pure: what a peer is called, how it is asked and how long that
// takes is its driver's business.
//
//	l := lookup.New(lookup.Config[peer.ID]{Self: self, Target: target, K: 20, Where: position}, seeds)
//	for !l.Done() {
//		p, ok := l.Next(cost)        // whom to ask now
//		...                          // ask; then one of
//		l.Answered(p.ID, closer)     //   an answer, and the peers that it names
//		l.Late(p.ID)                 //   silent for longer than Limit says
//		l.Failed(p.ID, false)        //   no answer will come
//	}
//	l.Closest()
//
// A node drives it with peer IDs over the wire, a model with numbers in an event
// queue: both decide alike, since both decide here.
//
// [Estimate], [Cost] and [Limit] are the other half of the decision: how long a
// peer is expected to take, and when it counts as late.
package lookup
