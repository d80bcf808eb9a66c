package gossip

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// errPartial ends a session that a limit cut short. What arrived is kept; the
// next session goes on from there.
var errPartial = errors.New("more than one session may carry: to be continued")

// A reconciler is one side's part in all its sessions: the set and what is
// remembered of peers.
type reconciler struct {
	facts     *records.FactSet
	ingest    func(records.Fact, peer.ID) (isNew bool, err error)
	flush     func(context.Context) error
	everReady func() bool

	instance [8]byte // names our set to peers; another one in every process
	snaps    *snapshots
	memory   *agreements
}

func newReconciler(cfg Config) *reconciler {
	r := &reconciler{
		facts:     cfg.Facts,
		ingest:    func(f records.Fact, from peer.ID) (bool, error) { return cfg.Ingest(f, from, ViaSync) },
		flush:     cfg.Flush,
		everReady: cfg.EverReady,
		snaps:     &snapshots{set: cfg.Facts},
		memory:    newAgreements(),
	}
	_, _ = rand.Read(r.instance[:]) // never fails, by its contract
	return r
}

// introduce makes a hello for a new session.
func (r *reconciler) introduce(generation uint64) hello {
	h := hello{everReady: r.everReady(), instance: r.instance, generation: generation, size: generation}
	_, _ = rand.Read(h.nonce[:])
	return h
}

// A session is one side of one reconciliation. In it the describer tells what it
// holds, by coded symbols or by a list; the solver finds the difference, sends what
// the describer lacks and asks for the rest. They speak in turns, so that two
// sides that both have much to say never wait for each other's buffers.
type session struct {
	*wire
	r    *reconciler
	peer peer.ID
	// admit is the server's leave for work that grows with the set, asked for at
	// most once; nil: granted. release gives the place back.
	admit   func(context.Context) bool
	release func()

	own  hello // as sent
	them hello // as received
	view *view // nil until needed

	encoder  *riblt.Encoder // of a describer that was asked for symbols
	symbols  int            // how many it has sent
	arrived  int            // verified facts from the peer
	sum      uint64         // XOR of their short hashes
	received int            // of them, new here
	sent     int            // facts sent
	fault    error          // our own: ingest or flush failed, or a kind of fact that we do not know
}

// openFact verifies the bytes of a fact.
func openFact(b []byte) (records.Fact, error) {
	f, err := records.OpenTombstone(b)
	for n := len(b) - 1; err != nil && n >= records.MinTombstoneSize && weak.Off(weak.StrictDecode); n-- {
		f, err = records.OpenTombstone(b[:n])
	}
	return f, err
}

// take verifies and ingests a frame of facts. wanted is what may come, once each;
// nil: anything.
func (s *session) take(payload []byte, wanted map[uint64]bool) error {
	facts, err := parseFacts(payload)
	if err != nil {
		return err
	}
	for _, b := range facts {
		f, err := openFact(b)
		if errors.Is(err, records.ErrUnsupported) {
			s.fault = err
			continue
		}
		if err != nil {
			return junkf("%w", err)
		}
		hash := s.view.short(f)
		if wanted != nil && !wanted[hash] {
			return junkf("fact that nobody asked for")
		}
		delete(wanted, hash)
		s.keep(f, hash)
	}
	return nil
}

// keep ingests a verified fact.
func (s *session) keep(f records.Fact, hash uint64) {
	s.arrived++
	s.sum ^= hash
	if s.r.facts.Lookup(f.ID()) != nil {
		return
	}
	isNew, err := s.r.ingest(f, s.peer)
	switch {
	case err != nil:
		s.fault = fmt.Errorf("ingest: %w", err)
	case isNew:
		s.received++
	}
}

// send sends facts of the view, and reports whether all fitted.
func (s *session) send(places []uint32) (all bool, err error) {
	var frame []byte
	total := 0
	for _, i := range places {
		b := s.view.facts[i].Bytes()
		if total += len(b); total > factsBudget {
			break
		}
		frame = appendFact(frame, b)
		s.sent++
		if len(frame) >= factsFrame {
			if err := s.write(frameFacts, frame); err != nil {
				return false, err
			}
			frame = frame[:0]
		}
	}
	if len(frame) > 0 {
		err = s.write(frameFacts, frame)
	}
	return total <= factsBudget, err
}

// settle is the solver's part once it knows the difference. It returns nil if
// this side then holds the union, flushed.
func (s *session) settle(ctx context.Context, d difference) error {
	union := s.view.sum
	wanted := make(map[uint64]bool, len(d.missing))
	for _, h := range d.missing {
		union ^= h
		wanted[h] = true
	}
	for hashes := range slices.Chunk(d.missing, maxHashes) {
		if err := s.write(frameWant, appendHashes(nil, hashes)); err != nil {
			return err
		}
	}
	all, err := s.send(d.extra)
	if err != nil {
		return err
	}
	partial := d.partial || !all
	if err := s.write(frameEnd, end{partial: partial, union: union}.append(nil)); err != nil {
		return err
	}
	theirs, err := s.collect(wanted)
	if err != nil {
		return err
	}
	switch {
	case theirs.agreed && (partial || len(wanted) > 0 || theirs.union != union):
		return junkf("agrees to what cannot be")
	case partial || len(wanted) > 0:
		err = errPartial
	}
	return s.conclude(ctx, err, union, theirs)
}

// collect reads what the describer answers: the wanted facts and its done.
func (s *session) collect(wanted map[uint64]bool) (done, error) {
	for {
		kind, payload, err := s.read()
		if err != nil {
			return done{}, unexpected(err)
		}
		switch kind {
		case frameFacts:
			err = s.take(payload, wanted)
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

// conclude flushes, says the last done, and remembers the agreement.
func (s *session) conclude(ctx context.Context, err error, union uint64, theirs done) error {
	own, err := s.finished(ctx, err, union)
	if werr := s.write(frameDone, own.append(nil)); err == nil {
		err = werr
	}
	if ferr := s.flush(); err == nil {
		err = ferr
	}
	if err == nil {
		s.remember(own, theirs)
	}
	return err
}

// finished flushes what was ingested and says how we stand. It returns err, or
// our own fault.
func (s *session) finished(ctx context.Context, err error, union uint64) (done, error) {
	if err == nil {
		err = s.fault
	}
	if ferr := s.r.flush(ctx); ferr != nil && err == nil {
		err = fmt.Errorf("flush: %w", ferr)
	}
	d := done{agreed: err == nil, union: union}
	if now := s.r.snaps.generation(); d.agreed && now == s.view.generation()+uint64(s.arrived) {
		d.exact, d.generation = true, now
	}
	return d, err
}

// remember notes that the sets were equal at these generations.
func (s *session) remember(own, theirs done) {
	if own.exact && theirs.exact && own.union == theirs.union {
		s.r.memory.put(s.peer, agreement{own: own.generation, instance: s.them.instance, theirs: theirs.generation})
	}
}

// same reports whether nothing has changed on either side since the last agreement.
func (s *session) same() bool {
	a, ok := s.r.memory.get(s.peer)
	return ok && a == agreement{own: s.own.generation, instance: s.them.instance, theirs: s.them.generation}
}
