package gossip

// Stats are counters since Join. They only grow.
type Stats struct {
	Received  uint64 // messages of the topic that reached the validator
	New       uint64 // facts that were new here and were passed on
	Duplicate uint64 // facts that came again: held already, or seen by the router
	Published uint64 // facts that Publish sent

	RejectedSize      uint64 // too long for a fact
	RejectedMalformed uint64 // not the canonical bytes of a fact
	RejectedOther     uint64 // signed, authored or with foreign fields

	IngestErrors uint64 // our own faults: the fact was ignored

	DroppedLane         uint64 // strangers' facts over the cap
	DroppedOutbound     uint64 // messages that did not fit in a peer's outbound queue
	DroppedValidation   uint64 // validation queue full, or validation throttled
	DroppedSubscription uint64 // own subscription not drained in time (loses nothing: the validator has done the work)
	ThrottledPeers      uint64 // messages cut off by the peer gater

	Isolated uint64 // connected peers found missing on the topic
	Repairs  uint64 // attempts to get them back

	SyncRounds   uint64 // reconciliations that this node started
	SyncComplete uint64 // of those, complete
	SyncSame     uint64 // of those, nothing had changed since the last one
	SyncFailed   uint64 // of those, failed
	SyncJunk     uint64 // of the failed, because the peer broke the protocol
	SyncServed   uint64 // reconciliations that peers started
	SyncRefused  uint64 // of those, turned away: too many at once, or too often
	SyncBad      uint64 // of those, failed
	SyncReceived uint64 // facts that reconciliation brought, either way started
	SyncSent     uint64 // facts that it sent
	SyncBytesIn  uint64
	SyncBytesOut uint64
}
