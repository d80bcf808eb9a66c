package gossip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

var (
	// errPartial ends a session that a limit cut short. What arrived is kept; the
	// next session goes on from there.
	errPartial = errors.New("more than one session may carry: to be continued")
	// errUnequal ends a session whose two sides do not hold the same in the end.
	// Nobody need be to blame; the next session starts from nothing.
	errUnequal = errors.New("sets that should be equal are not")
	// errChanged ends a session in which facts were dropped that it was about.
	errChanged = errors.New("facts were dropped meanwhile")
)

// A reconciler is one side's part in all its sessions: the set, its scope, and what is
// remembered of peers.
type reconciler struct {
	facts     *records.FactSet
	ingest    func(records.Fact, peer.ID) (isNew bool, err error)
	flush     func(context.Context) error
	everReady func() bool
	within    func() records.Range // whose subjects' facts we hold
	cut       func() records.Day   // what is past it we do not
	now       func() time.Time     // the wall clock
	heard     func(p peer.ID, theirs time.Time, trip time.Duration)

	ledgers *ledgers
	memory  *acquaintances
}

func newReconciler(cfg Config) *reconciler {
	r := &reconciler{
		facts:     cfg.Facts,
		ingest:    func(f records.Fact, from peer.ID) (bool, error) { return cfg.Ingest(f, from, ViaSync) },
		flush:     cfg.Flush,
		everReady: cfg.EverReady,
		within:    cfg.Range,
		cut:       cfg.CutOff,
		now:       cfg.Now,
		heard:     cfg.OnClock,
		memory:    newAcquaintances(),
	}
	r.ledgers = newLedgers(cfg.Facts, r.own)
	if len(cfg.Memory) > 0 {
		if err := r.recall(cfg.Memory); err != nil {
			cfg.Logger.Warn("what was known of peers' facts is lost", "err", err)
		}
	}
	if len(cfg.Ledger) > 0 {
		if err := r.ledgers.recall(cfg.Ledger); err != nil {
			cfg.Logger.Info("all facts are gone through again, for reconciliation", "err", err)
		}
	}
	return r
}

// A session is one side of one reconciliation. In it the describer tells what it
// holds, by coded symbols or by a list; the solver finds the difference, sends what
// the describer lacks and asks for the rest. Or the server tells what it got since
// the two last spoke, and the client answers in kind. They speak in turns, so that
// two sides that both have much to say never wait for each other's buffers.
type session struct {
	*wire
	r    *reconciler
	peer peer.ID
	// admit is the server's leave for work that grows with the set, asked for at
	// most once; nil: granted. release gives the place back.
	admit   func(context.Context) bool
	release func()

	client bool
	h      hello   // the client's
	w      welcome // the server's
	over   scope   // what it is about: what both hold all of
	apart  bool    // there is no such range
	snap   *snapshot
	union  fingerprint                      // of the snapshot, joined with what came from the peer
	marks  marks                            // from the first that the peer may lack: what came from the peer
	joined map[records.AgentID]records.Fact // of subjects that may change again, what union has
	view   *view                            // the snapshot under this session's keys; nil until needed

	encoder  *riblt.Encoder // of a describer that was asked for symbols under these keys
	symbols  int            // how many it has sent
	misled   bool           // symbols that everybody can compute were used
	arrived  int            // verified facts from the peer
	vain     int            // of them, such as add nothing to what we hold
	received int            // of them, new here
	sent     int            // facts sent
	agreed   bool           // we hold what both sides held, flushed, and the sums are equal
	fault    error          // our own: ingest or flush failed, or a kind of fact that we do not know
}

// stand takes the snapshot that the session is about, and returns what we knew of the
// peer before, which the snapshot has therefore.
func (s *session) stand(over scope) (known acquaintance) {
	if known = s.r.memory.get(s.peer); known.over != over {
		known = acquaintance{}
	}
	s.over = over
	s.snap = s.r.ledgers.get(over).take()
	s.union = s.snap.print
	s.marks = marks{from: s.snap.next}
	return known
}

// their returns the peer's instance and its next number.
func (s *session) their() (instance [8]byte, next uint64) {
	if s.client {
		return s.w.instance, s.w.next
	}
	return s.h.instance, s.h.next
}

// openFact is records.OpenNews.
func openFact(b []byte, known func(records.AgentID) records.Fact) (records.Fact, error) {
	f, err := records.OpenNews(b, known)
	for n := len(b) - 1; err != nil && n >= records.MinTombstoneSize && weak.Off(weak.StrictDecode); n-- {
		f, err = records.OpenNews(b[:n], known)
	}
	return f, err
}

// open verifies a fact. It is nil where it adds nothing to what the set has and had, so that
// nobody needs to know whether it is true.
func (s *session) open(b []byte) (records.Fact, error) {
	n, held := -1, records.Fact(nil)
	f, err := openFact(b, func(id records.AgentID) records.Fact {
		n, held = s.r.facts.Find(id)
		return held
	})
	switch {
	case err != nil || f != nil:
		return f, err
	case held.Size() == len(b) && bytes.Equal(held.Bytes(), b):
		return held, nil
	case n < s.snap.next:
		return nil, nil
	}
	return records.OpenFact(b) // what is held came meanwhile
}

// take verifies and ingests a frame of facts, and returns how many there were. wanted
// is what may come, once each; nil: anything.
func (s *session) take(payload []byte, wanted map[riblt.Item]bool) (int, error) {
	facts, err := parseFacts(payload)
	if err != nil {
		return 0, err
	}
	for _, b := range facts {
		f, err := s.open(b)
		if errors.Is(err, records.ErrUnsupported) {
			s.fault = err
			continue
		}
		if err != nil {
			return 0, junkf("%w", err)
		}
		if f == nil { // if it was asked for, the sums will say whether it is this one
			s.arrived++
			s.vain++
			continue
		}
		if !s.over.has(f) {
			return 0, junkf("fact beyond the scope that both have named")
		}
		if wanted != nil {
			name := s.name(f)
			if !wanted[name] {
				return 0, junkf("fact that nobody asked for")
			}
			delete(wanted, name)
		}
		s.keep(f)
	}
	return len(facts), nil
}

// name is what a fact is asked for by.
func (s *session) name(f records.Fact) riblt.Item {
	if s.view == nil {
		return itemOf(f)
	}
	return shortName(s.view.short(f))
}

// keep ingests a verified fact.
func (s *session) keep(f records.Fact) {
	s.arrived++
	id := f.ID()
	n, held := s.r.facts.Find(id)
	had := s.counted(id, n, held)
	if held == nil || records.Join(held, f) != held {
		isNew, err := s.r.ingest(f, s.peer)
		switch {
		case err != nil:
			s.fault = fmt.Errorf("ingest: %w", err)
		case isNew:
			s.received++
		}
		n, held = s.r.facts.Find(id)
	}
	_, dead := f.(*records.Tombstone)
	if held != nil && (dead || held.Item() == f.Item()) {
		s.marks.set(n)
	}
	s.count(id, had, records.Join(had, f))
}

// counted is what union has of a subject of which the set holds a fact, or nil.
func (s *session) counted(id records.AgentID, n int, held records.Fact) records.Fact {
	if f := s.joined[id]; f != nil {
		return f
	}
	_, dead := held.(*records.Tombstone)
	if held == nil || n < s.snap.next || dead && s.marks.has(n) {
		return held
	}
	return s.snap.before(id)
}

// count lets union have now of a subject of which it had something else, or nothing.
func (s *session) count(id records.AgentID, had, now records.Fact) {
	if now == had {
		return
	}
	if had != nil {
		e := essenceOf(had)
		s.union.sub(&e.lanes)
	}
	e := essenceOf(now)
	s.union.add(&e.lanes)
	if _, dead := now.(*records.Tombstone); dead && s.joined[id] == nil {
		return // it is marked, and stays
	}
	if s.joined == nil {
		s.joined = make(map[records.AgentID]records.Fact)
	}
	s.joined[id] = now
}

// send sends facts, and returns how many of them fitted.
func (s *session) send(facts []records.Fact) (n int, err error) {
	var frame []byte
	total := 0
	for ; n < len(facts); n++ {
		b := facts[n].Bytes()
		if total += len(b); total > factsBudget {
			break
		}
		frame = appendFact(frame, b)
		s.sent++
		if len(frame) >= factsFrame {
			if err := s.write(frameFacts, frame); err != nil {
				return n, err
			}
			frame = frame[:0]
		}
	}
	if len(frame) > 0 {
		err = s.write(frameFacts, frame)
	}
	return n, err
}

// settle is the solver's part once it knows the difference. It returns nil if
// this side then holds the union, flushed.
func (s *session) settle(ctx context.Context, d difference) error {
	if err := s.ask(d.missing); err != nil {
		return err
	}
	sent, err := s.send(d.extra)
	if err != nil {
		return err
	}
	partial := d.partial || sent < len(d.extra)
	if err := s.write(frameEnd, []byte{flag(partial)}); err != nil {
		return err
	}
	wanted := make(map[riblt.Item]bool, len(d.missing))
	for _, name := range d.missing {
		wanted[name] = true
	}
	theirs, err := s.collect(wanted)
	if err != nil {
		return err
	}
	unread := errors.Is(s.fault, records.ErrUnsupported) // it came, of a kind that is not known here
	switch short := partial || len(wanted) > s.vain; {
	case short && theirs.whole && !unread:
		return junkf("is content with what cannot be")
	case short:
		err = errPartial
	}
	return s.conclude(ctx, err, theirs)
}

// ask says which facts we want.
func (s *session) ask(missing []riblt.Item) error {
	kind, size := frameFetch, itemSize
	if s.view != nil {
		kind, size = frameWant, hashSize
	}
	for len(missing) > 0 {
		n := min(len(missing), maxFrame/size)
		if err := s.write(kind, appendItems(nil, missing[:n], size)); err != nil {
			return err
		}
		missing = missing[n:]
	}
	return nil
}

// collect reads what the describer answers: the wanted facts and its done.
func (s *session) collect(wanted map[riblt.Item]bool) (done, error) {
	for {
		kind, payload, err := s.read()
		if err != nil {
			return done{}, unexpected(err)
		}
		switch kind {
		case frameFacts:
			_, err = s.take(payload, wanted)
		case frameDone:
			return parseDone(payload)
		default:
			err = junkf("frame %d in place of facts", kind)
		}
		if err != nil {
			return done{}, err
		}
	}
}

// sum is that of all that both sides should hold, as far as we know.
func (s *session) sum() uint64 { return s.union.sum(s.h.nonce, s.w.nonce) }

// conclude flushes, says the last done, and remembers what has come of it.
func (s *session) conclude(ctx context.Context, err error, theirs done) error {
	own, err := s.finished(ctx, err)
	if werr := s.write(frameDone, own.append(nil)); err == nil {
		err = werr
	}
	if ferr := s.flush(); err == nil {
		err = ferr
	}
	return s.agree(err, own, theirs)
}

// finished flushes what was ingested and says how we stand. It returns our own fault,
// or err.
func (s *session) finished(ctx context.Context, err error) (done, error) {
	ferr := s.r.flush(ctx)
	switch {
	case s.fault != nil:
		err = s.fault
	case ferr != nil:
		err = fmt.Errorf("flush: %w", ferr)
	}
	d := done{whole: err == nil, sum: s.sum()}
	if d.whole {
		d.reach = uint64(s.marks.reach(s.snap.next))
	}
	return d, err
}

// agree is the end of a session that has run its course: err, or whether both sides
// hold the same. What that means for the next session is remembered.
func (s *session) agree(err error, own, theirs done) error {
	if err == nil && own.sum != theirs.sum && !weak.Off(weak.SyncSums) {
		err = errUnequal
	}
	a := acquaintance{over: s.over, missing: s.snap.missing}
	a.instance, a.holds = s.their()
	switch {
	case err == nil:
		s.agreed = true
		a.holds = max(theirs.reach, a.holds)
		a.equal, a.at = theirs.whole, own.reach
	case errors.Is(err, errPartial) && theirs.reach > 0:
		a.holds = theirs.reach
	case errors.Is(err, errUnequal), errors.Is(err, errPartial) && s.misled:
		if s.view != nil { // all facts were gone through, and yet
			s.snap.of.doubt()
		}
		a = acquaintance{over: s.over, missing: s.snap.missing, fresh: s.misled}
	default:
		return err // what we knew before still holds
	}
	s.r.memory.put(s.peer, a)
	return err
}
