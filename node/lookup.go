package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// lookup is one question put to the overlay: it collects the answers, tells when
// the policy is satisfied, and when all have answered confirms and repairs.
type lookup struct {
	n      *Node
	id     records.AgentID
	policy Policy
	beyond bool          // others are to say whether the agent is revoked
	found  chan struct{} // closed when the policy is satisfied
	done   chan struct{} // closed when the lookup is over

	mu      sync.Mutex
	isFound bool                      // owned by mu
	best    *records.Record           // newest valid record so far; owned by mu
	answers map[peer.ID]records.Value // owned by mu
	path    []overlay.Hop             // owned by mu; the answers so far, then the whole report
	paths   []overlay.PathReport      // owned by mu; with PolicyPaths, at the end
	fell    fall                      // why no record of the agent will do; owned by mu
	said    testimony                 // owned by mu
	err     error                     // owned by mu
}

// run drives the overlay's search to its end.
func (l *lookup) run(ctx context.Context) {
	take := func(a overlay.Answer) bool { l.take(ctx, a); return true }
	report, err := l.search(ctx, take)
	l.mu.Lock()
	var said *testimony
	if l.beyond {
		l.hear(report.Backing)
		copied := l.said
		said = &copied
	}
	l.path, l.paths, l.err = report.Path, report.Paths, err
	best, final, source := l.best, l.final(), sourceFound
	if held := l.held(); held != nil {
		best, source = held, sourceHeld
	}
	confirmations := l.agreeing(best)
	l.mu.Unlock()
	if final {
		return // the fact travels by itself
	}
	if best != nil {
		now := l.n.clock.Now()
		l.n.cache.offerSaid(best, source, now, confirmations, said)
		l.n.watchers.notify(l.id)
		l.catchUp(ctx, best)
		l.repair(ctx, best, report)
	}
}

// search asks as the policy says, and whether the agent is revoked where only others know.
func (l *lookup) search(ctx context.Context, take func(overlay.Answer) bool) (overlay.Report, error) {
	var youth time.Duration
	if l.beyond {
		youth = completeLimit
	}
	switch {
	case l.policy.Mode == PolicyPaths:
		return l.n.dht.SearchPaths(ctx, l.id, l.policy.Paths, youth, take)
	case l.beyond:
		return l.n.dht.SearchBacked(ctx, l.id, youth, take)
	}
	return l.n.dht.Search(ctx, l.id, take)
}

// pathAnswers says of each path what it found, beside the answer as a whole.
func (l *lookup) pathAnswers(res Resolution) (all []PathAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.paths {
		a := PathAnswer{Asked: p.Asked, Answered: p.Answered, Answer: overlay.AnswerNothing}
		switch v := p.Best.(type) {
		case *records.Record:
			a.Answer, a.Sequence = overlay.AnswerRecord, v.Sequence()
			a.Agrees = res.Record != nil && res.Record.Mark() == v.Mark()
		case records.Fact:
			a.Answer = answerOf(v)
			a.Agrees = a.Answer == overlay.AnswerTombstone && res.Status == records.StatusRevoked ||
				a.Answer == overlay.AnswerConflict && res.Status == records.StatusConflict
		default:
			a.Agrees = p.Answered > 0 && res.Status == records.StatusUnknown
		}
		all = append(all, a)
	}
	return all
}

// take judges one answer as it arrives.
func (l *lookup) take(ctx context.Context, a overlay.Answer) {
	l.mu.Lock()
	if l.beyond {
		l.hear(a.Backing)
	}
	if a.Value != nil {
		l.path = append(l.path, overlay.Hop{Peer: a.Peer, Via: a.Via, Answer: "record", RTT: a.RTT, At: time.Now()})
	}
	if a.Via == "" && a.Value != nil {
		l.answers[a.Peer] = a.Value
	}
	place := len(l.path) - 1
	l.mu.Unlock()
	switch v := a.Value.(type) {
	case *records.Record:
		l.takeRecord(ctx, v)
	case records.Fact:
		l.takeFact(ctx, v, place)
	}
	l.settle()
}

// takeRecord judges a record.
func (l *lookup) takeRecord(ctx context.Context, rec *records.Record) {
	if err := l.n.learnProof(ctx, rec); err != nil {
		l.n.log.Warn("rotations from a lookup not stored", "agent", l.id, "err", err)
	}
	fate := l.n.standing(rec)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case holds(rec, l.n.clock.Now()) != nil:
	case fate != nil:
		l.fall(fall{rec, fate})
	case l.best == nil || records.Compare(rec, l.best) > 0:
		l.best = rec
	}
}

// takeFact learns a fact about the agent.
func (l *lookup) takeFact(ctx context.Context, f records.Fact, place int) {
	if err := l.n.learn(ctx, f, answerPatience); err != nil {
		l.n.log.Warn("fact from a lookup not stored", "agent", l.id, "err", err)
	}
	now := records.Join(l.n.fact(l.id), f)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path[place].Answer = answerOf(f)
	if err := records.Ended(now, records.MaxRotations); err != nil {
		l.fall(fall{fate: &records.StandingError{Subject: l.id, Fact: now, Err: err}})
	}
	if l.best != nil && l.n.standing(l.best) != nil {
		l.best = nil
	}
}

// answerOf names a fact for a hop.
func answerOf(f records.Fact) string {
	switch f.(type) {
	case *records.Tombstone:
		return overlay.AnswerTombstone
	case *records.Duplicity:
		return overlay.AnswerConflict
	}
	return overlay.AnswerRotation
}

// fall notes why no record will do, unless something graver is known. Owned by mu.
func (l *lookup) fall(f fall) {
	if l.fell.fate == nil || errors.Is(f.fate, records.ErrRevoked) || errors.Is(l.fell.fate, records.ErrStale) {
		l.fell = f
	}
}

// final reports whether nothing that comes can change the answer. Owned by mu.
func (l *lookup) final() bool {
	return errors.Is(l.fell.fate, records.ErrRevoked) || errors.Is(l.fell.fate, records.ErrConflict)
}

// hear notes what others say of the agent's being alive. What was enough once stays: late
// ones do not take it back. Owned by mu.
func (l *lookup) hear(b overlay.Backing) {
	if !l.said.Enough() {
		l.said = testimony{Backing: b, at: l.n.clock.Now()}
	}
}

// settle closes found once the policy is satisfied.
func (l *lookup) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isFound {
		return
	}
	enough := l.final()
	if l.best != nil {
		switch l.policy.Mode {
		case PolicyCacheFirst, PolicyFirst:
			mark, err := l.n.mark(l.id)
			enough = enough || err == nil && l.best.Mark().Compare(mark) >= 0 && (!l.beyond || l.said.Enough())
		case PolicyQuorum:
			enough = enough || l.agreeing(l.best) >= l.policy.Quorum
		}
	}
	if enough {
		l.isFound = true
		close(l.found)
	}
}

// agreeing counts the peers that gave exactly rec. Owned by mu.
func (l *lookup) agreeing(rec *records.Record) int {
	if rec == nil {
		return 0
	}
	count := 0
	for _, v := range l.answers {
		if r, ok := v.(*records.Record); ok && r.Mark() == rec.Mark() {
			count++
		}
	}
	return count
}

// held is the record that the node itself holds, where its lease holds and it is newer
// than all that others gave: one whose publish was cut short. Owned by mu.
func (l *lookup) held() *records.Record {
	rec, err := l.n.store.Record(l.id)
	if err != nil || rec == nil || rec.ValidAt(l.n.clock.Now()) != nil || l.best != nil && records.Compare(rec, l.best) <= 0 {
		return nil
	}
	return rec
}

// overtaken answers with what the node has that is newer than all that others gave, by
// the policies that want no quorum: its own, or what another lookup found meanwhile. It is
// asked after judge: who outranks an answer there is seen here. Owned by mu.
func (l *lookup) overtaken(now time.Time) (res Resolution, ok bool) {
	if l.policy.Mode == PolicyQuorum {
		return res, false
	}
	best := l.best
	if held := l.held(); held != nil {
		best, ok = held, true
		res = l.n.judge(held, now, &l.said)
		res.Source = SourceLocal
	}
	if c, hit := l.n.cache.get(l.id); hit && records.Compare(c.rec, best) > 0 && holds(c.rec, now) == nil {
		return l.n.fromCache(c, now), true
	}
	return res, ok
}

// catchUp replaces the record that the node itself holds where it lags behind best: it
// was away when its publisher sent the newer one.
func (l *lookup) catchUp(ctx context.Context, best *records.Record) {
	mark, err := l.n.store.Mark(l.id)
	if err != nil || mark.IsZero() || best.Mark().Compare(mark) <= 0 {
		return
	}
	if err := l.n.hold(ctx, best, false); err != nil {
		l.n.count.add("repairs_failed_total", 1)
		return
	}
	l.n.count.add("repairs_total", 1)
}

// repair puts the newest record to those of the closest that lag behind it.
func (l *lookup) repair(ctx context.Context, best *records.Record, report overlay.Report) {
	repaired := 0
	for _, p := range report.Closest {
		l.mu.Lock()
		v := l.answers[p]
		l.mu.Unlock()
		if v != nil && records.Compare(best, v) <= 0 || repaired >= maxRepairs || l.n.standing(best) != nil {
			continue
		}
		repaired++
		if err := l.n.dht.PutTo(ctx, p, best); err != nil {
			l.n.count.add("repairs_failed_total", 1)
			continue
		}
		l.n.count.add("repairs_total", 1)
	}
}

// result is the answer as it stands now.
func (l *lookup) result() Resolution {
	l.mu.Lock()
	defer l.mu.Unlock()
	path := append([]overlay.Hop(nil), l.path...)
	if l.final() || l.fell.fate != nil && l.best == nil {
		return l.n.fallen(l.id, l.fell, path)
	}
	now := l.n.clock.Now()
	satisfied := l.policy.Mode != PolicyQuorum || l.agreeing(l.best) >= l.policy.Quorum
	if l.best != nil && satisfied {
		res := l.n.judge(l.best, now, &l.said)
		res.Path, res.Confirmations = path, l.agreeing(l.best)
		if newer, ok := l.overtaken(now); ok {
			newer.Path, res = path, newer
		}
		return res
	}
	why := "nobody asked knows the agent"
	switch {
	case l.best != nil:
		res := l.n.judge(l.best, now, &l.said)
		res.Path, res.Confirmations = path, l.agreeing(l.best)
		res.Status, res.Reason = records.StatusUnverified, "too few peers gave the same answer for the quorum asked"
		return res
	case l.err != nil:
		why = l.err.Error()
	}
	return l.n.fallback(l.id, &l.said, path, why)
}
