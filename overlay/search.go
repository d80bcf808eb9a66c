package overlay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

// Search asks for the values of id, first the peers nearest to its key and those
// that answer quickest, and yields every verified value as it arrives, on the
// caller's goroutine. Where yield returns false the search ends there. It asks
// other peers only, not this node's Values.
//
// It ends by itself when the k closest peers that are alive have answered, and more where
// these lie suspiciously close, see [Report.Crowded]; a
// silent one is not waited for beyond a few round trips, or, while nobody has given a
// value, beyond what a question may take. The report holds
// whatever the error. The error is ErrNoPeers where nobody answered, or the
// context's.
func (d *DHT) Search(ctx context.Context, id records.AgentID, yield func(Answer) bool) (Report, error) {
	return d.search(ctx, id, manner{}, yield)
}

// SearchBacked is Search for whoever does not know himself what was revoked there: it asks
// each peer too whether it does, as of youth ago at most, and yields every answer, with
// a value or without, with what all said so far.
func (d *DHT) SearchBacked(ctx context.Context, id records.AgentID, youth time.Duration, yield func(Answer) bool) (Report, error) {
	return d.search(ctx, id, manner{youth: youth}, yield)
}

// SearchPaths is Search on so many paths, up to MaxPaths, that share no peer at any step: one
// who misleads, or an own part of the network that does, is met on one of them alone. It asks
// somewhat more peers, passes no question on, and tells in [Report.Paths] what each path
// found, so that it shows where one disagrees. With a youth, which may be zero, it is
// SearchBacked as well.
func (d *DHT) SearchPaths(ctx context.Context, id records.AgentID, paths int, youth time.Duration, yield func(Answer) bool) (Report, error) {
	return d.search(ctx, id, manner{paths: min(max(paths, 1), MaxPaths), youth: youth}, yield)
}

// MaxPaths bounds the paths of a search: with more of them hardly a holder is left for each.
const MaxPaths = 8

// manner is how a search is made.
type manner struct {
	paths int           // 0: one lookup as any other
	youth time.Duration // SearchBacked where it is more than nothing
}

func (d *DHT) search(ctx context.Context, id records.AgentID, how manner, yield func(Answer) bool) (Report, error) {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("search: %w", err)
	}
	defer end()
	s := &search{yield: yield, holders: make(map[peer.ID]bool)}
	region := d.region(d.cfg.Replication)
	if weak.Off(weak.WideSearch) {
		region = lookup.Region{K: 3}
	}
	ask := d.askValue
	if how.youth > 0 {
		ask = d.askBacked
	}
	w := d.newWalk(id.Key(), region, ask)
	if how.youth > 0 {
		s.backing = d.newBacking(w.eager, how.youth)
	}
	w.got = func(r reply) bool { return s.got(w.look, r) }
	if how.paths > 0 {
		s.paths = d.newPaths(w.target, region, d.members.nearest(w.target, lookup.MaxPerAnswer), how.paths)
		w.look = s.paths
		s.report.Paths = make([]PathReport, how.paths)
	} else if w.eager {
		w.passers = d.passers(id.Key())
		w.pass = func(ctx context.Context, x peer.ID) reply { return d.askPassed(ctx, x, id.Key()) }
	}
	w.doubtful = func() bool { return len(s.holders) == 0 } // nobody has it: that is not said lightly
	s.report.Exhausted = w.run(ctx)
	report := s.finish(w.look)
	for _, x := range s.staleBy() {
		d.stale.addFor(x, staleFor)
	}
	switch {
	case s.enough || report.Exhausted:
		return report, nil
	case ctx.Err() != nil:
		return report, fmt.Errorf("search: %w", d.cause(ctx))
	case len(report.Closest) == 0:
		return report, fmt.Errorf("search: %w", ErrNoPeers)
	}
	return report, nil
}

// search collects what a walk finds. It belongs to the walk's goroutine.
type search struct {
	yield   func(Answer) bool
	report  Report
	holders map[peer.ID]bool
	enough  bool // yield said so
	backing *backing
	paths   *peerPaths // nil: one lookup
	passed  []reply
	best    records.Value // of those that were not passed on
}

func (s *search) got(l course, r reply) bool {
	if r.via != "" && r.value == nil {
		return true // whoever was to pass it on knew nobody
	}
	s.report.Path = append(s.report.Path, Hop{Peer: r.peer, Via: r.via, Path: s.onPath(r), Distance: l.Distance(r.peer), Answer: r.kind(), RTT: r.rtt, At: time.Now()})
	var said Backing
	if s.backing != nil {
		s.backing.note(r)
		said = s.backing.of(l)
	}
	switch {
	case r.value == nil && s.backing != nil && r.err == nil:
	case r.value == nil:
		return true
	case r.via != "":
		s.passed = append(s.passed, r)
	default:
		s.holders[r.peer] = true
		if s.best == nil || records.Compare(r.value, s.best) > 0 {
			s.best = r.value
		}
	}
	if s.yield != nil && !s.yield(Answer{Peer: r.peer, Via: r.via, Value: r.value, RTT: r.rtt, Backing: said}) {
		s.enough = true
	}
	return !s.enough
}

// onPath notes a reply for the path that asked, and returns which it is; 0 where there is one
// lookup.
func (s *search) onPath(r reply) int {
	if s.paths == nil {
		return 0
	}
	path := s.paths.Path(r.peer)
	p := &s.report.Paths[path-1]
	p.Asked++
	if r.err == nil {
		p.Answered++
	}
	if r.value != nil && (p.Best == nil || records.Compare(r.value, p.Best) > 0) {
		p.Best = r.value
	}
	return path
}

// staleBy are those who passed on a value that the holders' own answers outrank.
func (s *search) staleBy() (all []peer.ID) {
	for _, r := range s.passed {
		if s.best != nil && records.Compare(s.best, r.value) > 0 {
			all = append(all, r.via)
		}
	}
	return all
}

// finish completes the report from where the lookup stands.
func (s *search) finish(l course) Report {
	s.report.Closest, s.report.Crowded = l.Closest(), l.Crowded()
	if s.backing != nil {
		s.report.Backing = s.backing.of(l)
	}
	for _, info := range l.Alive() {
		if s.holders[info.ID] {
			s.report.Holders = append(s.report.Holders, info.ID)
		}
	}
	for _, p := range s.report.Closest {
		if !slices.Contains(s.report.Holders, p) {
			s.report.Empty = append(s.report.Empty, p)
		}
	}
	return s.report
}

// kind names the reply for a Hop.
func (r reply) kind() string {
	switch r.value.(type) {
	case *records.Record:
		return AnswerRecord
	case *records.Tombstone:
		return AnswerTombstone
	case *records.Chain:
		return AnswerRotation
	case *records.Duplicity:
		return AnswerConflict
	}
	switch {
	case r.err != nil:
		return AnswerError
	case len(r.closer) > 0:
		return AnswerCloser
	}
	return AnswerNothing
}
