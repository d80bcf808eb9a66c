package gossip

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"
)

// initiate is the client's side of a session. same: the sets were equal. A nil error
// means that this side holds the union, flushed.
func (s *session) initiate(ctx context.Context) (same bool, err error) {
	s.client = true
	over, some := s.r.common(s.peer)
	if !some {
		over = s.r.own() // it may hold more by now, and will say so
	}
	if err := s.greet(over); err != nil {
		return false, err
	}
	if s.w.mode == modeNarrow {
		if s.over, some = s.r.own().meet(s.w.own); !some {
			s.apart = true
			return true, nil
		}
		if err := s.greet(s.over); err != nil {
			return false, err
		}
	}
	switch s.w.mode {
	case modeNarrow:
		return false, errChanged // its range is another one than a moment ago
	case modeSame:
		own, err := s.finished(ctx, nil)
		return true, s.agree(err, own, done{whole: true, sum: s.w.sum, reach: s.w.next})
	case modeFeed:
		return false, s.follow(ctx)
	case modeTell:
		if err := s.prepare(); err != nil {
			return false, err
		}
		if err := s.sendList(); err != nil {
			return false, err
		}
		return false, s.describe(ctx)
	}
	return false, s.reconcile(ctx)
}

// greet says hello, and reads the answer.
func (s *session) greet(over scope) error {
	s.introduce(over)
	if err := s.write(frameHello, s.h.append(nil)); err != nil {
		return err
	}
	said := time.Now()
	if err := s.readWelcome(); err != nil {
		return err
	}
	s.r.clock(s.peer, s.w.clock, time.Since(said))
	if s.w.stated && !s.r.sane(s.w.own.cut) {
		return errAhead
	}
	theirs := over
	if s.w.stated {
		theirs = s.w.own
	}
	s.r.memory.stated(s.peer, theirs)
	return nil
}

// introduce fills in the client's hello.
func (s *session) introduce(over scope) {
	known := s.stand(over)
	s.h = hello{
		everReady: s.r.everReady(), fresh: known.fresh, instance: s.r.ledgers.named(), clock: s.r.seconds(), size: s.snap.size(), next: uint64(s.snap.next),
		holds: known.holds, of: known.instance, sketch: s.snap.sketch, over: over,
	}
	_, _ = rand.Read(s.h.nonce[:]) // never fails, by its contract
	s.h.sum = s.snap.print.sum(s.h.nonce, nonce{})
}

// readWelcome reads the server's first frame.
func (s *session) readWelcome() error {
	kind, payload, err := s.read()
	if err != nil {
		return unexpected(err)
	}
	switch kind {
	case frameWelcome:
		if s.w, err = parseWelcome(payload); err != nil {
			return err
		}
		return s.checkWelcome()
	case frameRefuse:
		why, err := parseRefusal(payload)
		if err != nil {
			return err
		}
		return refusedError(why)
	}
	return junkf("frame %d in place of a welcome", kind)
}

// checkWelcome refuses a welcome that does not fit our hello.
func (s *session) checkWelcome() error {
	if s.w.stated && (s.w.mode == modeNarrow) == s.w.own.holds(s.over) {
		return junkf("mode %d for %s, from %s", s.w.mode, s.over, s.w.own)
	}
	limit := uint64(0)
	switch s.w.mode {
	case modeSymbols:
		limit = uint64(cellsBetween(s.h.size, s.w.size))
	case modeFresh:
		limit = maxSymbols
	}
	symbols := s.w.mode == modeSymbols || s.w.mode == modeFresh
	if s.w.count > limit || symbols && s.w.count == 0 || s.w.holds > s.h.next {
		return junkf("welcome with %d of %d, and %d of our %d", s.w.count, limit, s.w.holds, s.h.next)
	}
	return nil
}

// told is below which number the client holds the server's facts, as both see it.
func (s *session) told() uint64 {
	if s.h.of != s.w.instance || s.h.holds > s.w.next {
		return 0
	}
	return s.h.holds
}

// reconcile is the client's part as solver.
func (s *session) reconcile(ctx context.Context) error {
	d, err := s.solve()
	if err != nil {
		return err
	}
	if d.empty() {
		return s.conclude(ctx, nil, done{whole: true, sum: s.w.sum, reach: s.w.next})
	}
	return s.settle(ctx, d)
}

// respond is the server's side.
func (s *session) respond(ctx context.Context) error {
	if err := s.readHello(); err != nil {
		return unexpected(err)
	}
	s.r.clock(s.peer, s.h.clock, 0)
	if !s.r.sane(s.h.over.cut) {
		return s.refuse(refuseAhead)
	}
	if own := s.r.own(); !own.holds(s.h.over) {
		if err := s.narrow(own); err != nil || s.apart {
			return err
		}
	}
	if !s.r.ledgers.has(s.h.over) && s.h.over != s.r.own() && !s.admitted(ctx) {
		return s.refuse(refuseBusy)
	}
	s.r.memory.stated(s.peer, s.h.over) // as far as it matters between us
	s.receive(s.stand(s.h.over))
	if heavy := s.w.mode == modeList || s.w.mode == modeTell || s.w.mode == modeFresh; heavy && !s.admitted(ctx) {
		return s.refuse(refuseBusy)
	}
	return s.serve(ctx)
}

// readHello reads the client's first frame, or its second one.
func (s *session) readHello() error {
	kind, payload, err := s.read()
	if err != nil {
		return err
	}
	if kind != frameHello {
		return junkf("frame %d in place of a hello", kind)
	}
	s.h, err = parseHello(payload)
	return err
}

// narrow tells the client what the session can be about, and reads its second hello.
// Where there is nothing that both hold, none comes.
func (s *session) narrow(own scope) error {
	s.w = welcome{everReady: s.r.everReady(), mode: modeNarrow, instance: s.r.ledgers.named(), clock: s.r.seconds(), stated: true, own: own}
	_, _ = rand.Read(s.w.nonce[:]) // never fails, by its contract
	if err := s.write(frameWelcome, s.w.append(nil)); err != nil {
		return err
	}
	switch err := s.readHello(); {
	case errors.Is(err, io.EOF):
		s.apart = true
		return nil
	case err != nil:
		return unexpected(err)
	case !own.holds(s.h.over):
		return junkf("hello about %s, to %s", s.h.over, own)
	case !s.r.sane(s.h.over.cut):
		return errAhead
	}
	return nil
}

// receive fills in the server's welcome.
func (s *session) receive(known acquaintance) {
	s.w = welcome{everReady: s.r.everReady(), instance: s.r.ledgers.named(), clock: s.r.seconds(), size: s.snap.size(), next: uint64(s.snap.next)}
	if own := s.r.own(); own != s.over {
		s.w.stated, s.w.own = true, own
	}
	_, _ = rand.Read(s.w.nonce[:]) // never fails, by its contract
	s.w.sum = s.snap.print.sum(s.h.nonce, s.w.nonce)
	if s.h.size == s.w.size && s.h.sum == s.snap.print.sum(s.h.nonce, nonce{}) {
		s.w.mode = modeSame
		return
	}
	if known.instance == s.h.instance && known.holds <= s.h.next {
		s.w.holds = known.holds
	}
	x := situation{
		client: s.h.size, server: s.w.size, since: s.share(s.w.next - s.told()), gained: s.share(s.h.next - s.w.holds),
		apart: s.snap.sketch.difference(s.h.sketch), fresh: s.h.fresh || known.fresh,
	}
	s.w.mode, s.w.count = x.choose()
}

// share is how many of so many facts are in the scope, about.
func (s *session) share(n uint64) uint64 {
	bits := min(s.over.within.Bits(), 62)
	return (n + 1<<bits - 1) >> bits
}

// serve welcomes the client and does the part that the mode leaves to the server.
func (s *session) serve(ctx context.Context) error {
	if err := s.write(frameWelcome, s.w.append(nil)); err != nil {
		return err
	}
	if s.w.mode == modeTell || s.w.mode == modeList || s.w.mode == modeFresh {
		if err := s.prepare(); err != nil {
			return err
		}
	}
	switch s.w.mode {
	case modeSame:
		err := s.flush()
		own, err := s.finished(ctx, err)
		return s.agree(err, own, done{whole: true, sum: s.w.sum, reach: s.h.next})
	case modeFeed:
		return s.feed(ctx)
	case modeTell:
		d, err := s.solveList()
		if err != nil {
			return err
		}
		return s.settle(ctx, d)
	case modeList:
		if err := s.sendList(); err != nil {
			return err
		}
	case modeFresh:
		if err := s.sendSymbols(int(s.w.count)); err != nil {
			return err
		}
	case modeSymbols:
		if err := s.sendCells(int(s.w.count)); err != nil {
			return err
		}
	}
	return s.describe(ctx)
}

// admitted asks for leave for work that grows with the set.
func (s *session) admitted(ctx context.Context) bool { return s.admit == nil || s.admit(ctx) }

// prepare goes through the snapshot under this session's keys.
func (s *session) prepare() error {
	if s.view != nil {
		return nil
	}
	facts, err := s.snap.all()
	if err == nil {
		s.view = newView(facts, sessionKeys(s.h.nonce, s.w.nonce))
	}
	return err
}

// refuse turns the client away.
func (s *session) refuse(why refusal) error {
	if err := s.write(frameRefuse, []byte{byte(why)}); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	return refusedError(why)
}
