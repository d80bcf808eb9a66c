package scenario_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// paper is a world on paper: nodes that all know everything at once, or lie. It can do
// nothing beside being a world.
type paper struct {
	mu     sync.Mutex
	up     []int
	held   map[records.AgentID]records.Value
	lie    func(a scenario.Answer) scenario.Answer // nil: none
	closed bool
}

// on makes the world, and lets the test see it.
func (w *paper) on(ctx context.Context, want scenario.Spec) (scenario.World, error) {
	w.held = make(map[records.AgentID]records.Value)
	return w, w.Grow(ctx, want.Nodes)
}

func (w *paper) Grow(_ context.Context, count int) error {
	for range count {
		w.up = append(w.up, len(w.up)+1)
	}
	return nil
}

func (w *paper) Up() []int                    { return slices.Clone(w.up) }
func (w *paper) Settle(context.Context) error { return nil }
func (w *paper) Now() time.Time               { return time.Now() }

func (w *paper) Publish(_ context.Context, _ int, rec *records.Record) (scenario.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, dead := w.held[rec.ID()].(*records.Tombstone); dead {
		return scenario.Receipt{}, records.ErrRevoked
	}
	w.held[rec.ID()] = rec
	return scenario.Receipt{Targets: len(w.up), Acks: len(w.up), ReadBack: len(w.up), Confirmed: true}, nil
}

func (w *paper) Revoke(_ context.Context, _ int, t *records.Tombstone) (scenario.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[t.ID()] = t
	return scenario.Receipt{Targets: len(w.up), Acks: 1}, nil
}

func (w *paper) Resolve(_ context.Context, n int, id records.AgentID, _ string) (scenario.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := scenario.Answer{Status: records.StatusUnknown}
	switch v := w.held[id].(type) {
	case *records.Tombstone:
		a = scenario.Answer{Status: records.StatusRevoked, Proof: v.Bytes()}
	case *records.Record:
		a = scenario.Answer{Status: records.StatusActive, Proof: v.Bytes()}
	}
	if w.lie != nil {
		a = w.lie(a)
	}
	return a, nil
}

func (w *paper) Close() error {
	if w.closed {
		return errors.New("closed twice")
	}
	w.closed = true
	return nil
}
