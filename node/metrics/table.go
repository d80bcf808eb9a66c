package metrics

import "slices"

// The histograms, which this package fills itself.
const (
	resolveSeconds = "cairn_resolve_seconds"
	publishSeconds = "cairn_publish_seconds"
	revokeSeconds  = "cairn_revoke_seconds"
	spreadWitness  = "cairn_spread_witnessed_seconds"
	spreadPath     = "cairn_spread_path_seconds"
	syncSeconds    = "cairn_gossip_sync_seconds"
)

// Families is every metric of a node, in the order of the documentation. Those of the API
// (cairn_api_...), of the Go runtime and of the process come beside them.
func Families() []Family {
	return slices.Concat(standing(), answers(), spreading(), facts(), overlayRows(), linkRows(), storeRows())
}

var (
	routes   = []string{"local", "gossip", "sync", "dht", "import"}
	outcomes = []string{"confirmed", "partial"}
)

func standing() []Family {
	return []Family{
		{Name: "cairn_node_ready", Kind: Gauge, Help: "1 where the node answers everything, else 0."},
		{Name: "cairn_node_uptime_seconds", Kind: Gauge, Help: "Time since the node started."},
		{Name: "cairn_node_peers", Kind: Gauge, Help: "Connected peers."},
		{Name: "cairn_node_reachability", Kind: Gauge, Label: "reach", Values: []string{"public", "private", "unknown"}, Reading: "reachability_*",
			Help: "1 for whether others can dial this node, as far as that is known."},
		{Name: "cairn_node_connections_total", Kind: Counter, Label: "direction", Values: []string{"inbound", "outbound", "unknown"}, Reading: "connections_*_total",
			Help: "Connections that came to stand, by who dialled."},
		{Name: "cairn_outreaches_total", Kind: Counter, Help: "Times that this node reached out to peers that it knew, since its anchors did not answer."},
		{Name: "cairn_clock_offset_seconds", Kind: Gauge, Help: "How far the clock is ahead of the peers' clocks, by their median; negative: behind."},
		{Name: "cairn_clock_peers", Kind: Gauge, Help: "How many peers' clocks are known; where 0 the offset says nothing."},
		{Name: "cairn_clock_set_total", Kind: Counter, Help: "Times that the clock was set, or the machine slept."},
		{Name: "cairn_traces_spans_total", Kind: Counter, Label: "outcome", Values: []string{"sent", "dropped", "refused"}, Reading: "traces_*_total",
			Help: "Spans, where they are collected: sent, dropped since the queue was full, or refused by the collector, or by its absence."},
	}
}

func answers() []Family {
	return []Family{
		{Name: resolveSeconds, Kind: Histogram, Label: "source", Values: []string{"local", "cache", "dht", "gossip"},
			Help: "How long answers took, by where they came from; those of cairn_resolves_warm_total are not timed."},
		{Name: "cairn_resolves_total", Kind: Counter, Label: "status", Values: []string{"active", "stale", "expired", "revoked", "conflict", "unverified", "unknown"}, Reading: "resolves_*_total",
			Help: "Answers about agents, by status."},
		{Name: "cairn_resolves_warm_total", Kind: Counter, Help: "Of these, given out of memory in less than there is a clock for."},
		{Name: "cairn_repairs_total", Kind: Counter, Help: "Holders that lagged behind an answer and got the newer record."},
		{Name: "cairn_repairs_failed_total", Kind: Counter, Help: "Holders that lagged behind and could not be given it."},
		{Name: "cairn_watch_told_total", Kind: Counter, Help: "Newer records that holders pushed to watches of this node."},
		{Name: "cairn_receipts_total", Kind: Counter, Help: "Status receipts that the node signed."},
		{Name: "cairn_challenges_total", Kind: Counter, Label: "outcome", Values: []string{"answered", "refused"}, Reading: "challenges_*_total",
			Help: "Challenges to own agents: answered, or refused since there were too many."},

		{Name: publishSeconds, Kind: Histogram, Label: "outcome", Values: outcomes, Help: "How long it took to put a record or tombstone to the closest nodes and to read it back."},
		{Name: "cairn_publishes_total", Kind: Counter, Label: "outcome", Values: outcomes, Reading: "publishes_*_total",
			Help: "Values put to the closest nodes, renewals too: stored by enough of them, or by too few."},
		{Name: "cairn_publish_targets_total", Kind: Counter, Help: "Nodes that were asked to store a value of this node."},
		{Name: "cairn_publish_acks_total", Kind: Counter, Help: "Of the targets, those that acknowledged."},
		{Name: "cairn_publish_read_backs_total", Kind: Counter, Help: "Of the targets, those that gave the value back when asked."},
		{Name: "cairn_overlay_leases", Kind: Gauge, Help: "Own leases that are kept alive."},
		{Name: "cairn_renewals_total", Kind: Counter, Help: "Leases renewed."},
		{Name: "cairn_renewals_failed_total", Kind: Counter, Help: "Renewals that failed; each is tried again."},
		{Name: "cairn_renewal_tracts_total", Kind: Counter, Help: "Regions of the key space in which leases were renewed together."},
		{Name: "cairn_leases_readopted_total", Kind: Counter, Help: "Leases found again that an earlier store kept alive."},
	}
}

func spreading() []Family {
	return []Family{
		{Name: revokeSeconds, Kind: Histogram, Label: "outcome", Values: outcomes, Help: "How long a revocation took, from the call to its evidence."},
		{Name: spreadWitness, Kind: Histogram,
			Help: "From handing out a revocation of this node's until a witness near its key had it, at the latest, by this node's clock alone."},
		{Name: spreadPath, Kind: Histogram,
			Help: "How long the way was that facts of others took here, from the root of their tree: the sum of measured half round trips, without queues."},
		{Name: "cairn_revokes_total", Kind: Counter, Label: "evidence", Values: []string{"witnessed", "unwitnessed"}, Reading: "revokes_*_total",
			Help: "Revocations by this node: seen by witnesses, or put to the closest nodes since they were not."},
		{Name: "cairn_revokes_given_up_total", Kind: Counter, Help: "Revocations that nobody confirmed after many tries; they stand here and are reconciled."},

		{Name: "cairn_gossip_peers", Kind: Gauge, Help: "Peers on the fact topic."},
		{Name: "cairn_gossip_relays", Kind: Gauge, Help: "Peers that a new fact from others is passed on to."},
		{Name: "cairn_gossip_received_total", Kind: Counter, Help: "Facts received, each copy."},
		{Name: "cairn_gossip_new_total", Kind: Counter, Help: "Of these, new here and passed on."},
		{Name: "cairn_gossip_duplicate_total", Kind: Counter, Help: "Of these, held already."},
		{Name: "cairn_gossip_published_total", Kind: Counter, Help: "Facts that this node handed out."},
		{Name: "cairn_gossip_routed_total", Kind: Counter, Help: "Messages that the router queued for peers, each copy."},
		{Name: "cairn_gossip_rejected_total", Kind: Counter, Label: "reason", Values: []string{"size", "malformed", "other"}, Reading: "gossip_rejected_*_total",
			Help: "Messages on the topic that are no facts, by reason; their senders lose standing."},
		{Name: "cairn_gossip_ignored_total", Kind: Counter, Label: "reason", Values: []string{"unknown", "past"}, Reading: "gossip_ignored_*_total",
			Help: "Facts not taken: of a kind that this version does not know, or past the cut-off."},
		{Name: "cairn_gossip_ingest_errors_total", Kind: Counter, Help: "Facts that could not be kept for a fault of this node's own."},
		{Name: "cairn_gossip_dropped_total", Kind: Counter, Label: "queue", Values: []string{"lane", "outbound", "validation", "subscription", "throttled", "unscored"}, Reading: "gossip_dropped_*_total",
			Help: "Facts dropped for want of room, by queue; each begins a reconciliation. lane is what strangers may send."},
		{Name: "cairn_gossip_isolated_total", Kind: Counter, Help: "Connected peers that were found missing on the topic."},
		{Name: "cairn_gossip_repairs_total", Kind: Counter, Help: "Attempts to get them back."},

		{Name: "cairn_gossip_tree_facts_total", Kind: Counter, Label: "way", Values: []string{"pushed", "named", "fetched"}, Reading: "gossip_tree_*_total",
			Help: "Facts in the trees: sent on, named as a second way, and asked for since they were named and did not come."},
		{Name: "cairn_gossip_tree_asked_total", Kind: Counter, Help: "Times that a neighbour was asked for all of the next facts, since one was missed."},
		{Name: "cairn_gossip_tree_no_room_total", Kind: Counter, Help: "Roots that there was no room for."},
		{Name: "cairn_gossip_tree_junk_total", Kind: Counter, Help: "Links that ended because the neighbour broke the protocol."},
		{Name: "cairn_gossip_pulses_total", Kind: Counter, Label: "word", Values: []string{"alike", "unlike", "ahead"}, Reading: "gossip_pulses_*_total",
			Help: "Neighbours' words about their facts: those of this node, others, or of a cut-off ahead of our clock."},

		{Name: syncSeconds, Kind: Histogram, Label: "outcome", Values: []string{"complete", "apart", "failed"}, Help: "How long reconciliations took, whoever started them."},
		{Name: "cairn_gossip_sync_rounds_total", Kind: Counter, Help: "Reconciliations that this node started."},
		{Name: "cairn_gossip_sync_outcomes_total", Kind: Counter, Label: "outcome", Values: []string{"complete", "same", "apart", "failed", "junk"}, Reading: "gossip_sync_*_total",
			Help: "Their ends: complete, of which same; nothing in common; failed, of which junk, where the peer broke the protocol."},
		{Name: "cairn_gossip_sync_ahead_total", Kind: Counter, Help: "Reconciliations that were void, since one side's cut-off was ahead of the other's clock."},
		{Name: "cairn_gossip_sync_served_total", Kind: Counter, Help: "Reconciliations that peers started."},
		{Name: "cairn_gossip_sync_refused_total", Kind: Counter, Help: "Of these, turned away: too many at once, or too often."},
		{Name: "cairn_gossip_sync_bad_total", Kind: Counter, Help: "Of these, failed in another way."},
		{Name: "cairn_gossip_sync_facts_total", Kind: Counter, Label: "way", Values: []string{"received", "sent"}, Reading: "gossip_sync_*_total",
			Help: "Facts that reconciliations brought, new here, and took away."},
		{Name: "cairn_gossip_sync_bytes_total", Kind: Counter, Label: "way", Values: []string{"in", "out"}, Reading: "gossip_sync_bytes_*_total",
			Help: "Bytes read and written in reconciliations."},
	}
}

func facts() []Family {
	return []Family{
		{Name: "cairn_facts_held", Kind: Gauge, Help: "Facts held: revocations and the like."},
		{Name: "cairn_facts_held_bytes", Kind: Gauge, Help: "Bytes of the facts held."},
		{Name: "cairn_facts_room_bytes", Kind: Gauge, Help: "Bytes of facts above which the range is halved."},
		{Name: "cairn_facts_range_share", Kind: Gauge, Help: "The range of facts, as a share of everything: 1, or 1/2, 1/4 and so on where room was out."},
		{Name: "cairn_facts_complete_age_seconds", Kind: Gauge, Help: "Time since the facts were last known to be complete; negative where they never were."},
		{Name: "cairn_facts_new_total", Kind: Counter, Label: "route", Values: routes, Reading: "facts_*_total", Help: "Facts that were new here, by how they came; dht is an answer or a put."},
		{Name: "cairn_facts_lost_total", Kind: Counter, Help: "Facts found damaged on the disk; nothing is complete until peers agree again."},
		{Name: "cairn_conflicts_found_total", Kind: Counter, Help: "Agents of which two different rotations of one number were met here."},
		{Name: "cairn_facts_refused_total", Kind: Counter, Help: "Facts that the store could not keep."},
		{Name: "cairn_facts_past_total", Kind: Counter, Label: "route", Values: routes, Reading: "facts_past_*_total", Help: "Facts not taken, since their subjects ended before the cut-off."},
		{Name: "cairn_facts_dropped_total", Kind: Counter, Label: "reason", Values: []string{"past", "range"}, Reading: "facts_dropped_*_total",
			Help: "Facts that left: their subjects ended long ago, or the range was halved."},
		{Name: "cairn_facts_beyond", Kind: Gauge, Help: "Facts held beyond the range."},
		{Name: "cairn_facts_beyond_new_total", Kind: Counter, Label: "route", Values: routes, Reading: "facts_beyond_*_total", Help: "Facts beyond the range that came, by how."},
		{Name: "cairn_facts_beyond_evicted_total", Kind: Counter, Help: "Facts beyond the range that made room for others."},
		{Name: "cairn_range_halved_total", Kind: Counter, Help: "Times that the range was halved, since room was out."},
		{Name: "cairn_range_below_region_total", Kind: Counter, Help: "Of these, to less than the part of which the node may be among the holders."},
		{Name: "cairn_compactions_unsure_total", Kind: Counter, Help: "Days on which nothing was dropped, since the clock was not known well enough."},
	}
}

func overlayRows() []Family {
	return []Family{
		{Name: "cairn_overlay_table_peers", Kind: Gauge, Help: "Peers in the routing table."},
		{Name: "cairn_overlay_members", Kind: Gauge, Help: "Members of the network that this node talked with and remembers."},
		{Name: "cairn_overlay_hints", Kind: Gauge, Help: "Members that others named."},
		{Name: "cairn_overlay_network_peers", Kind: Gauge, Help: "How many servers the network has, as lookups tell; 0 is not known."},
		{Name: "cairn_overlay_watchers", Kind: Gauge, Help: "Watches of others that stand here."},
		{Name: "cairn_overlay_connections", Kind: Gauge, Help: "Open connections that lookups opened."},
		{Name: "cairn_overlay_idle_streams", Kind: Gauge, Help: "Streams kept for the next question."},
		{Name: "cairn_overlay_requests_total", Kind: Counter, Help: "Questions and puts that this node sent."},
		{Name: "cairn_overlay_failures_total", Kind: Counter, Label: "reason", Values: []string{"dial", "timeout", "reset", "unsupported", "garbled", "cancelled", "closed"}, Reading: "overlay_failures_*_total",
			Help: "Of these, those without an answer, by what they ended in."},
		{Name: "cairn_overlay_sent_bytes_total", Kind: Counter, Reading: "overlay_bytes_sent_total", Help: "Bytes of questions and puts sent."},
		{Name: "cairn_overlay_received_bytes_total", Kind: Counter, Reading: "overlay_bytes_received_total", Help: "Bytes of their answers."},
		{Name: "cairn_overlay_served_total", Kind: Counter, Label: "request", Values: []string{"find_node", "get_value", "put_value", "ping", "other"}, Reading: "overlay_served_*_total",
			Help: "Requests of others that were served, by type."},
		{Name: "cairn_overlay_served_in_bytes_total", Kind: Counter, Reading: "overlay_served_bytes_in_total", Help: "Bytes of requests of others."},
		{Name: "cairn_overlay_served_out_bytes_total", Kind: Counter, Reading: "overlay_served_bytes_out_total", Help: "Bytes of the answers to them."},
		{Name: "cairn_overlay_puts_taken_total", Kind: Counter, Help: "Values stored for others."},
		{Name: "cairn_overlay_puts_refused_total", Kind: Counter, Label: "reason", Reading: "overlay_refused_puts_*_total",
			Values: []string{"revoked", "stale", "expired", "not-yet-valid", "invalid", "too-large", "rate", "closed", "storage"}, Help: "Values of others that were refused, by reason."},
		{Name: "cairn_overlay_liars_total", Kind: Counter, Help: "Answers with a value that does not verify."},
		{Name: "cairn_overlay_late_total", Kind: Counter, Help: "Peers that a lookup did not wait for."},
		{Name: "cairn_overlay_crowded_total", Kind: Counter, Help: "Lookups around whose target servers lay closer than chance puts them."},
		{Name: "cairn_overlay_oversize_total", Kind: Counter, Help: "Streams reset because of a frame above the limit."},
		{Name: "cairn_overlay_evicted_total", Kind: Counter, Help: "Peers dropped from the routing table for not answering."},
		{Name: "cairn_overlay_idle_closed_total", Kind: Counter, Help: "Connections closed for want of use."},
		{Name: "cairn_overlay_member_asks_total", Kind: Counter, Help: "Questions for members that this node asked."},
		{Name: "cairn_overlay_members_served_total", Kind: Counter, Help: "Members that it named to others."},
		{Name: "cairn_overlay_passed_total", Kind: Counter, Help: "Questions passed on for others."},
		{Name: "cairn_overlay_told_total", Kind: Counter, Help: "News that watchers elsewhere were told."},
		{Name: "cairn_overlay_tells_failed_total", Kind: Counter, Help: "Watchers that could not be told."},
		{Name: "cairn_overlay_heard_total", Kind: Counter, Help: "News that this node was told as a watcher."},
		{Name: "cairn_overlay_watches_refused_total", Kind: Counter, Label: "reason", Values: []string{"malformed", "rate", "full", "unasked"}, Reading: "overlay_watches_refused_*_total",
			Help: "Watches and news of others that were refused, by reason."},
		{Name: "cairn_handovers_total", Kind: Counter, Help: "Records of others that nobody renewed, put again to where they belong."},
		{Name: "cairn_handovers_failed_total", Kind: Counter, Help: "Of these, stored by too few."},
	}
}

func linkRows() []Family {
	return []Family{
		{Name: "cairn_links", Kind: Gauge, Label: "role", Values: []string{"near", "random", "shortcut"}, Reading: "links_*", Help: "Links of the node's own choosing that stand, by what they were chosen for."},
		{Name: "cairn_links_peak_peers", Kind: Gauge, Help: "The most peers that were connected at one moment."},
		{Name: "cairn_links_dials_total", Kind: Counter, Help: "Dials for links."},
		{Name: "cairn_links_dials_failed_total", Kind: Counter, Help: "Of these, failed."},
		{Name: "cairn_links_lost_total", Kind: Counter, Help: "Links whose connection ended."},
		{Name: "cairn_links_trimmed_total", Kind: Counter, Help: "Connections closed for being too many."},
		{Name: "cairn_links_let_go_total", Kind: Counter, Help: "Connections closed that had been links and were nobody's any more."},
		{Name: "cairn_links_shortcuts_total", Kind: Counter, Help: "Shortcuts chosen."},
		{Name: "cairn_links_looks_total", Kind: Counter, Help: "Looks at peers that might have been nearer."},
	}
}

func storeRows() []Family {
	return []Family{
		{Name: "cairn_overlay_records", Kind: Gauge, Help: "Records held for others and for ourselves."},
		{Name: "cairn_store_records_bytes", Kind: Gauge, Help: "Bytes of the records held."},
		{Name: "cairn_store_foreign_bytes", Kind: Gauge, Help: "Of these, strangers': what the quota bounds."},
		{Name: "cairn_store_foreign_room_bytes", Kind: Gauge, Help: "The quota of strangers' records."},
		{Name: "cairn_store_disk_bytes", Kind: Gauge, Help: "What the store takes on the disk."},
		{Name: "cairn_store_free_bytes", Kind: Gauge, Help: "What is free on the disk where the store is; negative where the system does not tell."},
		{Name: "cairn_store_writable", Kind: Gauge, Help: "1 where everything is stored; 0 where what others send is refused for want of room on the disk."},
		{Name: "cairn_store_refused_writes_total", Kind: Counter, Help: "Writes refused for want of room or quota."},
		{Name: "cairn_store_stalls_total", Kind: Counter, Help: "Times that writers had to wait for the disk."},
		{Name: "cairn_store_corrupt_values_total", Kind: Counter, Help: "Stored values that did not verify when they were read."},
		{Name: "cairn_store_rebuilt_total", Kind: Counter, Help: "Starts that found the store corrupt and began an empty one."},
		{Name: "cairn_records_refused_full_total", Kind: Counter, Help: "Records refused since the disk is full."},
		{Name: "cairn_records_displaced_bytes_total", Kind: Counter, Help: "Bytes of strangers' records that made room for nearer ones."},
	}
}
