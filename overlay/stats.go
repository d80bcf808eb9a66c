package overlay

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cairn-overlay/cairn/records"
)

// Stats are counters since Join, and a few gauges. The keys of the maps are
// stable and few: fit for labels.
type Stats struct {
	// Requests that this node sent, and what they ended in where not in an
	// answer: dial, timeout, reset, unsupported, garbled, cancelled, closed.
	Requests int64
	Failures map[string]int64
	// BytesSent and BytesReceived are frames of requests sent and their answers;
	// ServedBytesIn and ServedBytesOut those of requests served.
	BytesSent, BytesReceived      int64
	ServedBytesIn, ServedBytesOut int64

	// Late counts the peers that a lookup did not wait for, Liars the answers
	// with a value that does not verify.
	Late, Liars int64
	// Crowded are the lookups around whose target servers lay closer than chance puts them.
	Crowded int64

	// Served are the requests served, by type: find_node, get_value, put_value,
	// ping, other. PutsTaken are the values stored for others; RefusedPuts those
	// refused, by reason: revoked, stale, expired, not-yet-valid, invalid,
	// too-large, rate, closed, storage.
	Served      map[string]int64
	PutsTaken   int64
	RefusedPuts map[string]int64
	// Oversize are the streams reset because of a frame above the limit.
	Oversize int64

	// Evicted are the peers dropped from the routing table for not answering.
	Evicted int64
	// IdleClosed are the connections closed for want of use.
	IdleClosed int64

	// MemberAsks are the questions for members that this node asked, MembersServed the
	// members that it named to others. Members and Hints, gauges, are the peers of its
	// view that it talked with, and those that others named.
	// Passed are the questions that were passed on for others.
	MemberAsks, MembersServed int64
	Passed                    int64
	// Told are the values that holders' watchers were told, TellsFailed the watchers that
	// could not be told; Heard what this node was told as a watcher. WatchesRefused are
	// the registrations and tidings refused, by reason: malformed, rate, full, unasked.
	// Watchers, a gauge, are the registrations that stand here.
	Told, TellsFailed, Heard int64
	WatchesRefused           map[string]int64
	Watchers                 int
	Members, Hints           int

	// TablePeers, OwnConns and IdleStreams are gauges: peers in the routing
	// table, open connections that the overlay opened, streams kept for reuse.
	TablePeers, OwnConns, IdleStreams int
	// Size, a gauge, is how many servers the network has as lookups tell; 0 is not known.
	Size float64
}

// counters are the living form of Stats.
type counters struct {
	requests, sent, received, servedIn, servedOut atomic.Int64
	late, liars, crowded, putsTaken, oversize     atomic.Int64
	evicted, idleClosed                           atomic.Int64
	memberAsks, membersServed, passed             atomic.Int64
	told, tellsFailed, heard                      atomic.Int64
	failures, served, refused, watchRefused       tally
}

// tally counts by name. The names come from this package, never from a peer.
type tally struct {
	mu sync.Mutex
	n  map[string]int64
}

func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = make(map[string]int64)
	}
	t.n[name]++
}

func (t *tally) snapshot() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[string]int64, len(t.n))
	for k, v := range t.n {
		out[k] = v
	}
	return out
}

func (c *counters) snapshot() Stats {
	return Stats{
		Requests: c.requests.Load(), Failures: c.failures.snapshot(),
		BytesSent: c.sent.Load(), BytesReceived: c.received.Load(),
		ServedBytesIn: c.servedIn.Load(), ServedBytesOut: c.servedOut.Load(),
		Late: c.late.Load(), Liars: c.liars.Load(), Crowded: c.crowded.Load(),
		Served: c.served.snapshot(), PutsTaken: c.putsTaken.Load(), RefusedPuts: c.refused.snapshot(),
		Oversize: c.oversize.Load(), Evicted: c.evicted.Load(), IdleClosed: c.idleClosed.Load(),
		MemberAsks: c.memberAsks.Load(), MembersServed: c.membersServed.Load(), Passed: c.passed.Load(),
		Told: c.told.Load(), TellsFailed: c.tellsFailed.Load(), Heard: c.heard.Load(), WatchesRefused: c.watchRefused.snapshot(),
	}
}

// putReason names why a put was refused.
func putReason(err error) string {
	for _, r := range []struct {
		err  error
		name string
	}{
		{records.ErrRevoked, "revoked"},
		{records.ErrStale, "stale"},
		{records.ErrExpired, "expired"},
		{records.ErrNotYetValid, "not-yet-valid"},
		{records.ErrTooLarge, "too-large"},
		{records.ErrMalformed, "invalid"},
		{records.ErrUnsupported, "invalid"},
		{records.ErrInvalidSignature, "invalid"},
		{records.ErrWrongSubject, "invalid"},
		{records.ErrWrongSecret, "invalid"},
		{ErrClosed, "closed"},
		{context.Canceled, "closed"},
	} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return "storage"
}
