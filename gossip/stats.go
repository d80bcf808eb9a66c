package gossip

import "sync/atomic"

// Stats are counters since Join. They only grow.
type Stats struct {
	Received  uint64 // messages of the topic that reached the validator
	New       uint64 // of those, facts that were new here and were passed on
	Duplicate uint64 // messages that came again: the fact is held, or the router has seen the message
	Published uint64 // facts given to Publish

	RejectedSize      uint64 // longer than a fact may be
	RejectedMalformed uint64 // not the canonical bytes of a fact
	RejectedOther     uint64 // signed, authored, or with fields of another protocol
	IgnoredUnknown    uint64 // a kind of fact that this version does not know
	IgnoredPast       uint64 // facts past our cut-off
	IngestErrors      uint64 // our own faults: the fact was ignored

	DroppedLane         uint64 // strangers' facts over the cap
	DroppedOutbound     uint64 // messages that did not fit in a peer's outbound queue
	DroppedValidation   uint64 // messages that did not fit in the validation queue, or were throttled
	DroppedSubscription uint64 // messages that our own subscription did not take in time
	DroppedThrottled    uint64 // times the router shut a peer's messages out
	DroppedUnscored     uint64 // messages of peers that take no stream of ours, so that no score is kept of them

	Routed      uint64 // messages that the router queued for peers, each copy
	TreePushed  uint64 // facts pushed to neighbours in the trees
	TreeNamed   uint64 // facts named to neighbours as a second way
	TreeFetched uint64 // facts that were named, did not come, and were asked for
	TreeAsked   uint64 // times that a neighbour was asked for all of the next facts
	TreeNoRoom  uint64 // roots that there was no room for
	TreeJunk    uint64 // links that ended because the neighbour broke the protocol

	PulsesAlike  uint64 // neighbours' words that they hold what we hold
	PulsesUnlike uint64 // neighbours' words that they do not, after what was on its way had come
	PulsesAhead  uint64 // pulses of neighbours whose cut-off is ahead of our clock: not heard

	Isolated uint64 // connected peers that were found missing on the topic
	Repairs  uint64 // attempts to get them back

	SyncRounds   uint64 // reconciliations that this node started
	SyncComplete uint64 // of those, complete
	SyncSame     uint64 // of the complete, those where the sets were equal
	SyncApart    uint64 // of those started, with a peer whose range has nothing in common with ours
	SyncFailed   uint64 // of those started, not complete
	SyncAhead    uint64 // reconciliations that were void, since one side's cut-off was ahead of the other's clock
	SyncJunk     uint64 // of the failed, those where the peer broke the protocol
	SyncServed   uint64 // reconciliations that peers started
	SyncRefused  uint64 // of those, turned away: too many at once, or too often
	SyncBad      uint64 // of those, failed in another way
	SyncReceived uint64 // new facts that reconciliations brought, whoever started them
	SyncSent     uint64 // facts that they took away
	SyncBytesIn  uint64 // bytes read in them
	SyncBytesOut uint64 // bytes written in them
}

// counters are Stats while they grow.
type counters struct {
	received, fresh, duplicate, published                                       atomic.Uint64
	rejectedSize, rejectedMalformed, rejectedOther                              atomic.Uint64
	ignoredUnknown, ignoredPast, ingestErrors                                   atomic.Uint64
	droppedLane, droppedOutbound, droppedValidation                             atomic.Uint64
	droppedSubscription, droppedThrottled, droppedUnscored                      atomic.Uint64
	routed, treePushed, treeNamed, treeFetched, treeAsked, treeNoRoom, treeJunk atomic.Uint64
	pulsesAlike, pulsesUnlike, pulsesAhead                                      atomic.Uint64
	isolated, repairs                                                           atomic.Uint64
	syncRounds, syncComplete, syncSame, syncFailed, syncJunk                    atomic.Uint64
	syncServed, syncRefused, syncBad, syncApart, syncAhead                      atomic.Uint64
	syncReceived, syncSent, syncBytesIn, syncBytesOut                           atomic.Uint64
}

// Stats returns the counters, each read at its own moment.
func (t *Topic) Stats() Stats {
	c := &t.counters
	return Stats{
		Received: c.received.Load(), New: c.fresh.Load(), Duplicate: c.duplicate.Load(), Published: c.published.Load(),
		RejectedSize: c.rejectedSize.Load(), RejectedMalformed: c.rejectedMalformed.Load(), RejectedOther: c.rejectedOther.Load(),
		IgnoredUnknown: c.ignoredUnknown.Load(), IgnoredPast: c.ignoredPast.Load(), IngestErrors: c.ingestErrors.Load(),
		DroppedLane: c.droppedLane.Load(), DroppedOutbound: c.droppedOutbound.Load(), DroppedValidation: c.droppedValidation.Load(),
		DroppedSubscription: c.droppedSubscription.Load(), DroppedThrottled: c.droppedThrottled.Load(), DroppedUnscored: c.droppedUnscored.Load(),
		Routed: c.routed.Load(), TreePushed: c.treePushed.Load(), TreeNamed: c.treeNamed.Load(), TreeFetched: c.treeFetched.Load(), TreeAsked: c.treeAsked.Load(),
		TreeNoRoom: c.treeNoRoom.Load(), TreeJunk: c.treeJunk.Load(),
		PulsesAlike: c.pulsesAlike.Load(), PulsesUnlike: c.pulsesUnlike.Load(), PulsesAhead: c.pulsesAhead.Load(),
		Isolated: c.isolated.Load(), Repairs: c.repairs.Load(),
		SyncRounds: c.syncRounds.Load(), SyncComplete: c.syncComplete.Load(), SyncSame: c.syncSame.Load(),
		SyncApart: c.syncApart.Load(), SyncFailed: c.syncFailed.Load(), SyncJunk: c.syncJunk.Load(), SyncAhead: c.syncAhead.Load(),
		SyncServed: c.syncServed.Load(), SyncRefused: c.syncRefused.Load(), SyncBad: c.syncBad.Load(),
		SyncReceived: c.syncReceived.Load(), SyncSent: c.syncSent.Load(),
		SyncBytesIn: c.syncBytesIn.Load(), SyncBytesOut: c.syncBytesOut.Load(),
	}
}
