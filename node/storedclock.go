package node

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/store"
)

// StoredClock returns the highest reading of the clock that a node has kept in its store,
// below which its clock never runs; the zero time where there is none.
func StoredClock(s *store.Store) (time.Time, error) {
	b, err := s.Meta(metaClock)
	if err != nil || len(b) == 0 {
		return time.Time{}, err
	}
	var t time.Time
	if err := t.UnmarshalBinary(b); err != nil {
		return time.Time{}, fmt.Errorf("stored clock: %w", err)
	}
	return t, nil
}

// SetStoredClock replaces that reading. To set one back is for an operator alone, who knows
// that the clock was wrong when it was kept: leases that ended meanwhile hold again. The day
// before which facts were dropped stays, and the clock never runs below that either.
func SetStoredClock(ctx context.Context, s *store.Store, to time.Time) error {
	b, err := to.MarshalBinary()
	if err != nil {
		return err
	}
	return s.SetMeta(ctx, metaClock, b)
}
