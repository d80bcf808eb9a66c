package gossip

import (
	"context"
	"crypto/rand"
)

// initiate is the client's side of a session. same: the sets were equal. A nil error
// means that this side holds the union, flushed.
func (s *session) initiate(ctx context.Context) (same bool, err error) {
	s.client = true
	s.introduce()
	if err := s.write(frameHello, s.h.append(nil)); err != nil {
		return false, err
	}
	if err := s.readWelcome(); err != nil {
		return false, err
	}
	switch s.w.mode {
	case modeSame:
		own, err := s.finished(ctx, nil)
		return true, s.agree(err, own, done{whole: true, sum: s.w.sum, reach: s.w.size})
	case modeFeed:
		return false, s.follow(ctx)
	case modeTell:
		s.prepare()
		if err := s.sendList(); err != nil {
			return false, err
		}
		return false, s.describe(ctx)
	}
	return false, s.reconcile(ctx)
}

// introduce fills in the client's hello.
func (s *session) introduce() {
	known := s.stand()
	s.h = hello{
		everReady: s.r.everReady(), fresh: known.fresh, instance: s.r.instance, size: s.snap.size(),
		holds: known.holds, of: known.instance, sketch: s.snap.sketch,
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
	limit := uint64(0)
	switch s.w.mode {
	case modeFeed:
		limit = s.w.size - min(s.w.size, s.told())
	case modeSymbols:
		limit = uint64(cellsBetween(s.h.size, s.w.size))
	case modeFresh:
		limit = maxSymbols
	}
	symbols := s.w.mode == modeSymbols || s.w.mode == modeFresh
	if s.w.count > limit || symbols && s.w.count == 0 || s.w.holds > s.h.size {
		return junkf("welcome with %d of %d, and %d of our %d", s.w.count, limit, s.w.holds, s.h.size)
	}
	return nil
}

// told is how many of the server's first facts the client holds, as both see it.
func (s *session) told() uint64 {
	if s.h.of != s.w.instance || s.h.holds > s.w.size {
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
		return s.conclude(ctx, nil, done{whole: true, sum: s.w.sum, reach: s.w.size})
	}
	return s.settle(ctx, d)
}

// respond is the server's side.
func (s *session) respond(ctx context.Context) error {
	kind, payload, err := s.read()
	if err != nil {
		return unexpected(err)
	}
	if kind != frameHello {
		return junkf("frame %d in place of a hello", kind)
	}
	if s.h, err = parseHello(payload); err != nil {
		return err
	}
	s.receive(s.stand())
	if heavy := s.w.mode == modeList || s.w.mode == modeTell || s.w.mode == modeFresh; heavy && !s.admitted(ctx) {
		return s.refuse(refuseBusy)
	}
	return s.serve(ctx)
}

// receive fills in the server's welcome.
func (s *session) receive(known acquaintance) {
	s.w = welcome{everReady: s.r.everReady(), instance: s.r.instance, size: s.snap.size()}
	_, _ = rand.Read(s.w.nonce[:]) // never fails, by its contract
	s.w.sum = s.snap.print.sum(s.h.nonce, s.w.nonce)
	if s.h.size == s.w.size && s.h.sum == s.snap.print.sum(s.h.nonce, nonce{}) {
		s.w.mode = modeSame
		return
	}
	if known.instance == s.h.instance && known.holds <= s.h.size {
		s.w.holds = known.holds
	}
	x := situation{
		client: s.h.size, server: s.w.size, told: s.told(), known: s.w.holds,
		apart: s.snap.sketch.difference(s.h.sketch), fresh: s.h.fresh || known.fresh,
	}
	s.w.mode, s.w.count = x.choose()
	if s.w.mode == modeFeed {
		s.w.count = fitting(s.snap.facts[x.told:])
	}
}

// serve welcomes the client and does the part that the mode leaves to the server.
func (s *session) serve(ctx context.Context) error {
	if err := s.write(frameWelcome, s.w.append(nil)); err != nil {
		return err
	}
	switch s.w.mode {
	case modeSame:
		err := s.flush()
		own, err := s.finished(ctx, err)
		return s.agree(err, own, done{whole: true, sum: s.w.sum, reach: s.h.size})
	case modeFeed:
		return s.feed(ctx)
	case modeTell:
		s.prepare()
		d, err := s.solveList()
		if err != nil {
			return err
		}
		return s.settle(ctx, d)
	case modeList:
		s.prepare()
		if err := s.sendList(); err != nil {
			return err
		}
	case modeFresh:
		s.prepare()
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
func (s *session) prepare() {
	if s.view == nil {
		s.view = newView(s.snap.facts, sessionKeys(s.h.nonce, s.w.nonce))
	}
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
