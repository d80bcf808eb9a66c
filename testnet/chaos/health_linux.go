package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cairn-overlay/cairn/node/api"
)

// running reports whether the process of a node is there.
func (w *World) running(n int) bool {
	s := w.mustSeat(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc.Running()
}

// fallen says which daemons ended without being told to, each once. Where its disk is
// read-only a daemon ends itself, as it should.
func (w *World) fallen() []string {
	var texts []string
	for _, s := range w.all() {
		if !s.mu.TryLock() {
			continue // somebody is at it; the next look will tell
		}
		if s.wanted && !s.proc.Running() {
			s.wanted = false
			if s.broken {
				w.ledger.note(Effect{Kind: "stopped itself", Whom: s.name, Count: 1, Unit: "processes, on a read-only disk"})
				s.mu.Unlock()
				continue
			}
			texts = append(texts, fmt.Sprintf("%s ended by itself; the last lines of its log:\n%s", s.name, s.proc.Tail()))
		}
		s.mu.Unlock()
	}
	return texts
}

// repair ends what is wrong with one node, but does not start it.
func (w *World) repair(n int) error {
	s, err := w.seat(n)
	if err != nil {
		return err
	}
	s.mu.Lock()
	full, broken := s.full, s.broken
	err = s.thaw()
	s.mu.Unlock()
	if full {
		err = errors.Join(err, w.Free(n))
	}
	if broken {
		err = errors.Join(err, w.Mend(n))
	}
	return err
}

// quiet says what still keeps the network from being quiet: every node is ready, and
// all know as many facts.
func (w *World) quiet(ctx context.Context) error {
	all := w.all()
	states := make([]api.Status, len(all))
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, s := range all {
		group.Go(func() { states[i], errs[i] = s.state(ctx) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, st := range states {
		switch {
		case st.State != "ready":
			return fmt.Errorf("n%d is %s: %s", i+1, st.State, st.Reason)
		case st.Facts != states[0].Facts:
			return fmt.Errorf("n%d knows %d facts, n1 %d", i+1, st.Facts, states[0].Facts)
		}
	}
	return nil
}
