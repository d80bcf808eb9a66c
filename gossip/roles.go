package gossip

import (
	"context"
)

// initiate is the client's side of a session. same: nothing had changed since the
// last one. A nil error means that this side holds the union, flushed.
func (s *session) initiate(ctx context.Context) (same bool, err error) {
	s.own = s.r.introduce(s.r.snaps.generation())
	if err := s.write(frameHello, s.own.append(nil)); err != nil {
		return false, err
	}
	m, err := s.readWelcome()
	if err != nil {
		return false, err
	}
	if m == modeSame && s.same() {
		return true, nil
	}
	snap := s.r.snaps.take()
	if m == modeTell && s.own.size == 0 {
		snap = &snapshot{} // we said that we hold nothing, whatever came meanwhile
	}
	s.view = newView(snap, sessionKeys(s.own.nonce, s.them.nonce))
	return false, s.reconcile(ctx, m)
}

// readWelcome reads the server's first frame.
func (s *session) readWelcome() (mode, error) {
	kind, payload, err := s.read()
	if err != nil {
		return 0, unexpected(err)
	}
	switch kind {
	case frameWelcome:
		w, err := parseWelcome(payload)
		s.them = w.hello
		return w.mode, err
	case frameRefuse:
		why, err := parseRefusal(payload)
		if err != nil {
			return 0, err
		}
		return 0, refusedError(why)
	}
	return 0, junkf("frame %d in place of a welcome", kind)
}

// reconcile goes on in the mode that the server chose.
func (s *session) reconcile(ctx context.Context, m mode) error {
	if m == modeTell {
		if s.own.size > 0 {
			if err := s.sendList(); err != nil {
				return err
			}
		}
		return s.describe(ctx, false, false)
	}
	d, err := s.solve(m)
	if err != nil {
		return err
	}
	if d.empty() {
		theirs := done{agreed: true, exact: true, generation: s.them.generation, union: s.view.sum}
		return s.conclude(ctx, nil, s.view.sum, theirs)
	}
	return s.settle(ctx, d)
}

// solve finds the difference, from symbols if they do, else from a list.
func (s *session) solve(m mode) (difference, error) {
	if m == modeList {
		return s.solveList()
	}
	first := symbolsAtFirst(s.own.size, s.them.size)
	if m == modeSame { // the server remembers an agreement that we do not
		if err := s.askMore(first); err != nil {
			return difference{}, err
		}
	}
	d, ok, err := s.solveSymbols(first)
	if ok || err != nil {
		return d, err
	}
	if err := s.write(frameAskList, nil); err != nil {
		return d, err
	}
	return s.solveList()
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
	if s.them, err = parseHello(payload); err != nil {
		return err
	}
	s.own = s.r.introduce(s.r.snaps.generation())
	if s.same() {
		if err := s.write(frameWelcome, welcome{s.own, modeSame}.append(nil)); err != nil {
			return err
		}
		return s.describe(ctx, true, true)
	}
	if s.admit != nil && !s.admit(ctx) {
		return s.refuse(refuseBusy)
	}
	return s.serve(ctx)
}

// serve welcomes the client and does the part that the mode leaves to the server.
func (s *session) serve(ctx context.Context) error {
	snap := s.r.snaps.take()
	s.own.generation, s.own.size = snap.generation(), snap.generation()
	s.view = newView(snap, sessionKeys(s.them.nonce, s.own.nonce))
	m := chooseMode(s.them.size, s.own.size)
	if err := s.write(frameWelcome, welcome{s.own, m}.append(nil)); err != nil {
		return err
	}
	switch m {
	case modeTell:
		d := s.view.everything()
		if s.them.size > 0 {
			var err error
			if d, err = s.solveList(); err != nil {
				return err
			}
		}
		return s.settle(ctx, d)
	case modeList:
		if err := s.sendList(); err != nil {
			return err
		}
		return s.describe(ctx, false, false)
	}
	if err := s.sendSymbols(symbolsAtFirst(s.them.size, s.own.size)); err != nil {
		return err
	}
	return s.describe(ctx, true, false)
}

// prepare takes the view of a server that had welcomed with modeSame, and is
// asked for more all the same.
func (s *session) prepare(ctx context.Context) error {
	if s.view != nil {
		return nil
	}
	if s.admit != nil && !s.admit(ctx) {
		return refusedError(refuseBusy)
	}
	s.view = newView(s.r.snaps.take(), sessionKeys(s.them.nonce, s.own.nonce))
	return nil
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
