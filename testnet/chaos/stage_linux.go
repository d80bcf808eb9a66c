package chaos

import (
	"context"
	"errors"

	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// Stage makes the worlds of scenarios, one after the other: the machine bears one
// laboratory at a time. It works only inside [Enter].
type Stage struct {
	// World is what each network is made of. What a scenario says itself counts more.
	World Config

	last *World
}

// Make makes a world. It is a [scenario.Maker]. Kernels have no matrix and no jitter:
// what wants them is refused.
func (s *Stage) Make(ctx context.Context, want scenario.Spec) (scenario.World, error) {
	if want.Matrix != "" || want.Jitter > 0 {
		return nil, errors.New("chaos: there are no latencies here but the machine's own: play it with cairn-testnet run")
	}
	cfg := s.World
	if want.Replication > 0 {
		cfg.Replication = want.Replication
	}
	w, err := NewWorld(cfg)
	if err != nil {
		return nil, err
	}
	s.last = w
	if err := w.Grow(ctx, want.Nodes); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if err := w.Loss(want.Loss); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Faults are the faults of the last world, by kind, once it is closed. The error says
// which of them never happened.
func (s *Stage) Faults() ([]Sum, error) {
	if s.last == nil {
		return nil, nil
	}
	list := sums(s.last.ledger.all())
	return list, neverHappened(list)
}
