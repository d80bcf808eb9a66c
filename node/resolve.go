package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// Policy says how hard Resolve looks before it answers.
type Policy struct {
	Mode   PolicyMode
	Quorum int // with PolicyQuorum: how many peers must give the same answer, 1 to 20
	Paths  int // with PolicyPaths: how many, 2 to overlay.MaxPaths
}

// PolicyMode names a policy.
type PolicyMode string

// The policies. Facts known here come first in every one of them.
const (
	PolicyCacheFirst PolicyMode = ""            // a fresh answer known here, else PolicyFirst
	PolicyCacheOnly  PolicyMode = "cache-only"  // never asks the network
	PolicyFirst      PolicyMode = "first"       // the first valid answer; the rest confirm behind it
	PolicyQuorum     PolicyMode = "quorum"      // the same answer from Quorum peers
	PolicyMostRecent PolicyMode = "most-recent" // all holders are heard, the newest wins
	PolicyPaths      PolicyMode = "paths"       // as most-recent, on Paths lookups that share no peer
)

// The sources of an answer.
const (
	SourceLocal  = "local"  // held or published here
	SourceCache  = "cache"  // found earlier
	SourceDHT    = "dht"    // found now
	SourceGossip = "gossip" // a fact that came over the topic
)

const (
	// resolveLimit bounds a lookup, its confirmations included.
	resolveLimit = 10 * time.Second
	// maxRepairs bounds the corrective puts after one lookup.
	maxRepairs = 20
)

// Resolution is the answer to Resolve: what is known of the agent, how good that
// is, and how it was found.
type Resolution struct {
	ID            records.AgentID
	Status        records.Status
	Source        string
	Age           time.Duration // since the answer was last put here or confirmed
	Confirmations int           // peers that gave the same answer in the lookup behind it
	Elapsed       time.Duration // what the answer took; 0 is less than there is a clock for
	Path          []overlay.Hop
	Paths         []PathAnswer       // with PolicyPaths, what each path found; nil where nobody was asked
	Reason        string             // why the status is not active, in words
	Record        *records.Record    // nil where none is known, or where it must not be used
	Tombstone     *records.Tombstone // set exactly where the status is revoked: the agent's, or the ancestor's that it ended with
	Conflict      *records.Duplicity // set exactly where the status is conflict: likewise
	Rotations     *records.Chain     // of the agent, as far as they are known; nil where it was never rotated, or is of no use any more
	Lineage       *records.Record    // set where one of these is an ancestor's: its proof names that ancestor, and it is not to be followed
}

// PathAnswer is what one of several paths found that share no peer.
type PathAnswer struct {
	Asked, Answered int    // peers
	Answer          string // overlay.AnswerRecord and so on; AnswerNothing where none of them knew the agent
	Sequence        uint64 // of the newest record, where it is one
	// Agrees: it is what the answer as a whole rests on. Where a path does not, some on it were
	// misled, mislead, or lag behind.
	Agrees bool
}

// Resolve answers where an agent is and how good the answer is. It is the one
// resolve path: facts, then cache, then the overlay's lookup, then facts again. An
// agent that is revoked, expired, unverified or unknown is a Resolution, not an
// error; an error means that the question could not be worked on.
func (n *Node) Resolve(ctx context.Context, id records.AgentID, policy Policy) (res Resolution, err error) {
	if n.warm(&res, id, policy.Mode) {
		n.traceWarm(ctx, &res)
		return res, nil
	}
	if policy.Mode == PolicyQuorum && (policy.Quorum < 1 || policy.Quorum > DefaultReplication) {
		return Resolution{}, fmt.Errorf("resolve: quorum %d: want 1 to %d", policy.Quorum, DefaultReplication)
	}
	if policy.Mode == PolicyPaths && (policy.Paths < 2 || policy.Paths > overlay.MaxPaths) {
		return Resolution{}, fmt.Errorf("resolve: %d paths: want 2 to %d", policy.Paths, overlay.MaxPaths)
	}
	ctx, call := n.traces.Begin(ctx, "cairn.resolve")
	defer func() { endResolve(call, id, policy, &res, err) }()
	start := time.Now()
	if res, err = n.resolve(ctx, id, policy); err != nil {
		return Resolution{}, fmt.Errorf("resolve: %w", err)
	}
	// A fact that arrived during the lookup ends the matter.
	if f := n.final(id); f != nil && res.Tombstone == nil {
		res = n.ended(id, f, res.Path)
	} else if res.Record != nil {
		if fate := n.standing(res.Record); fate != nil {
			res = n.fallen(id, fall{res.Record, fate}, res.Path)
		}
	}
	res.Rotations, _ = n.fact(id).(*records.Chain)
	res.Elapsed = time.Since(start)
	n.count.add("resolves_"+string(res.Status)+"_total", 1)
	n.metrics.Resolved(res.Source, res.Elapsed)
	return res, nil
}

// warm fills in an answer out of memory, with one look at the clock: a record whose lease holds,
// of an agent that is alive (see cache), that nothing outranks, while the facts are
// complete. Whatever is not as plain as that is the matter of resolve.
func (n *Node) warm(res *Resolution, id records.AgentID, mode PolicyMode) bool {
	if mode != PolicyCacheFirst && mode != PolicyCacheOnly {
		return false
	}
	now, run, ok := n.clock.quick()
	if !ok || !n.ready.lasts(run) {
		return false
	}
	c, ok := n.cache.get(id)
	if !ok || !c.top.Load() || now < c.from || now > c.until || mode == PolicyCacheFirst && now > c.freshUntil {
		return false
	}
	n.count.warm.Add(1)
	res.ID, res.Status, res.Record = id, records.StatusActive, c.rec
	if c.rec.Rotation() > 0 {
		res.Rotations = c.rec.Proof().Own() // a longer chain would have ended the record
	}
	res.Source, res.Age, res.Confirmations = c.source, time.Duration(now-c.since), c.confirmations
	return true
}

func (n *Node) resolve(ctx context.Context, id records.AgentID, policy Policy) (Resolution, error) {
	if f := n.final(id); f != nil {
		return n.ended(id, f, nil), nil
	}
	now := n.clock.Now()
	entry, hit := n.cache.get(id)
	own := n.leases.holds(id)
	switch policy.Mode {
	case PolicyCacheFirst:
		if hit && (entry.fresh(now) || own && holds(entry.rec, now) == nil) {
			if res := n.fromCache(entry, now); n.knows(id) || res.Status != records.StatusUnverified {
				return res, nil
			}
		}
	case PolicyCacheOnly:
		if hit {
			return n.fromCache(entry, now), nil
		}
		return n.fallback(id, nil, nil, "nothing is known here and the network was not asked"), nil
	}
	return n.lookup(ctx, id, policy)
}

// ended is the answer about an agent that a fact proves, which is a tombstone or a proof of
// duplicity, and about the agent or an ancestor.
func (n *Node) ended(id records.AgentID, f records.Fact, path []overlay.Hop) Resolution {
	res := Resolution{ID: id, Source: n.arrivals.source(f.ID()), Path: path}
	switch f := f.(type) {
	case *records.Tombstone:
		res.Status, res.Tombstone = records.StatusRevoked, f
	case *records.Duplicity:
		res.Status, res.Conflict = records.StatusConflict, f
	}
	if f.ID() != id {
		res.Reason = fmt.Sprintf("%s, its ancestor, is %s", f.ID(), map[records.Status]string{records.StatusRevoked: "revoked", records.StatusConflict: "in conflict"}[res.Status])
	}
	return res
}

// fall is why an agent's record is not to be followed: a *records.StandingError. Without a
// record it is of the agent whatever it says.
type fall struct {
	rec  *records.Record
	fate error
}

// fallen is the answer about an agent whose record is not to be followed.
func (n *Node) fallen(id records.AgentID, f fall, path []overlay.Hop) Resolution {
	var s *records.StandingError
	if errors.As(f.fate, &s) && !errors.Is(s, records.ErrStale) {
		res := n.ended(id, s.Fact, path)
		if s.Subject != id {
			res.Lineage = f.rec
		}
		return res
	}
	why := "the keys that signed its record were rotated out, and nobody asked has one by those of now"
	if s != nil && s.Subject != id {
		why = fmt.Sprintf("%s, its ancestor, has rotated its keys, and has not consented to it anew", s.Subject)
	}
	return Resolution{ID: id, Status: records.StatusUnknown, Source: SourceLocal, Path: path, Reason: why}
}

// fromCache is the answer that was known already.
func (n *Node) fromCache(c *cached, now time.Time) Resolution {
	res := n.judge(c.rec, now, c.said)
	if res.Status == records.StatusActive && n.knows(c.id) {
		c.top.Store(true)
		if !n.knows(c.id) { // the range was halved meanwhile
			c.top.Store(false)
		}
	}
	res.Source, res.Age, res.Confirmations = c.source, now.Sub(c.confirmed), c.confirmations
	return res
}

// judge gives a record its status at a time: expired by its lease, stale where a
// higher mark is held, unverified where the node's facts are not complete, or where it
// is beyond its range and what others said, which may be nil, does not do.
func (n *Node) judge(rec *records.Record, now time.Time, said *testimony) Resolution {
	if fate := n.standing(rec); fate != nil {
		return n.fallen(rec.ID(), fall{rec, fate}, nil)
	}
	res := Resolution{ID: rec.ID(), Status: records.StatusActive, Source: SourceDHT, Record: rec}
	if err := holds(rec, now); err != nil {
		res.Status, res.Reason = records.StatusExpired, err.Error()
		return res
	}
	mark, err := n.mark(rec.ID())
	if err != nil {
		res.Status, res.Reason = records.StatusUnverified, "the store cannot be read: "+err.Error()
		return res
	}
	if mark.Compare(rec.Mark()) > 0 {
		res.Status, res.Reason = records.StatusStale, fmt.Sprintf("sequence %d is known to exist and was not found", mark.Sequence)
		return res
	}
	if state, reason, _ := n.ready.state(); state != StateReady {
		res.Status, res.Reason = records.StatusUnverified, reason
		return res
	}
	if n.knows(rec.ID()) {
		return res
	}
	if said == nil {
		said = new(testimony)
	}
	if why := said.doubt(n.extent.is(), now); why != "" {
		res.Status, res.Reason = records.StatusUnverified, why
	}
	return res
}

// mark returns the highest rank seen of an agent: of a record that was held here, or
// found. No answer goes back behind it.
func (n *Node) mark(id records.AgentID) (records.Mark, error) {
	if weak.Off(weak.HighWater) {
		return records.Mark{}, nil
	}
	mark, err := n.store.Mark(id)
	if c, ok := n.cache.get(id); ok && c.rec.Mark().Compare(mark) > 0 {
		mark = c.rec.Mark()
	}
	return mark, err
}

// fallback answers from the node's own store when nobody else could.
func (n *Node) fallback(id records.AgentID, said *testimony, path []overlay.Hop, why string) Resolution {
	res := Resolution{ID: id, Status: records.StatusUnknown, Source: SourceLocal, Path: path, Reason: why}
	rec, err := n.store.Record(id)
	if err != nil || rec == nil {
		if state, reason, _ := n.ready.state(); state != StateReady {
			res.Status, res.Reason = records.StatusUnverified, reason // nobody was in a position to know
		}
		return res
	}
	held := n.judge(rec, n.clock.Now(), said)
	held.Source, held.Path = SourceLocal, path
	if held.Status == records.StatusActive && !n.leases.holds(id) {
		held.Reason = why
	}
	return held
}

// lookup asks the overlay. The lookup itself runs on in the background after the
// policy is satisfied, to confirm the answer and to repair lagging replicas.
func (n *Node) lookup(ctx context.Context, id records.AgentID, policy Policy) (Resolution, error) {
	l := &lookup{n: n, id: id, policy: policy, beyond: !n.knows(id), found: make(chan struct{}), done: make(chan struct{}), answers: make(map[peer.ID]records.Value)}
	n.background(func(ctx context.Context) {
		defer close(l.done)
		ctx, cancel := context.WithTimeout(ctx, resolveLimit)
		defer cancel()
		l.run(ctx)
	})
	select {
	case <-l.found:
	case <-l.done:
	case <-n.ctx.Done():
		return Resolution{}, fmt.Errorf("the node is closing")
	case <-ctx.Done():
		return Resolution{}, ctx.Err()
	}
	res := l.result()
	res.Paths = l.pathAnswers(res)
	return res, nil
}
