package store

import (
	"context"
	"fmt"
	"math/bits"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/records"
)

// rungs are the steps in which distances are compared: sixteen to each doubling, so that
// room is made without a list of all that is held.
const rungs = 65 * 16

// rung is the step of a distance: more is farther.
func rung(far uint64) int {
	n := bits.Len64(far)
	return n*16 + int(far<<(64-n)>>59&15) // the four bits behind the first; a shift by 64 gives 0
}

// MakeRoom drops records of strangers, the farthest first, until they take no more than
// most bytes, or until only those are left that are not farther than the newcomer, to
// about a sixteenth. far is how far an agent is; what it does not call spare stays, and so
// do own records and all marks. Records whose lease has ended by now count as the farthest.
// It returns how many bytes it freed, and takes about a second for a million records.
func (s *Store) MakeRoom(ctx context.Context, most int64, newcomer uint64, now time.Time, far func(records.AgentID) (distance uint64, spare bool)) (freed int64, err error) {
	rank := func(h Held) (int, bool) {
		d, spare := far(h.ID)
		if h.Own || !spare {
			return 0, false
		}
		if now.After(h.NotAfter) {
			return rungs, true
		}
		return rung(d), true
	}
	var by [rungs + 1]int64 // bytes
	for h, err := range s.Held() {
		if err != nil {
			return 0, fmt.Errorf("make room: %w", err)
		}
		if at, ok := rank(h); ok {
			by[at] += int64(h.Size)
		}
	}
	over, from := s.Counts().ForeignBytes-most, rungs+1
	for over > 0 && from-1 > rung(newcomer) {
		from--
		over -= by[from]
	}
	var out []records.AgentID
	for h, err := range s.Held() {
		if err != nil {
			return freed, fmt.Errorf("make room: %w", err)
		}
		if at, ok := rank(h); !ok || at < from {
			continue
		}
		if out = append(out, h.ID); len(out) == sweepBatch {
			n, err := s.dropAll(ctx, out)
			if freed += n; err != nil {
				return freed, fmt.Errorf("make room: %w", err)
			}
			out = out[:0]
		}
	}
	if len(out) == 0 {
		return freed, nil
	}
	n, err := s.dropAll(ctx, out)
	if err != nil {
		err = fmt.Errorf("make room: %w", err)
	}
	return freed + n, err
}

// dropAll forgets strangers' records and keeps their marks, in one batch.
func (s *Store) dropAll(ctx context.Context, ids []records.AgentID) (freed int64, err error) {
	err = s.update(ctx, s.agentLocks(ids...), func() (fill, error) {
		old := make([]row, len(ids))
		for i, id := range ids {
			var err error
			if old[i], err = s.row(s.get, id); err != nil {
				return nil, err
			}
		}
		return func(b *pebble.Batch, t *tally) error {
			freed = 0
			for i, r := range old {
				if r.size == 0 || r.own {
					continue
				}
				freed += int64(r.size)
				if err := s.fillRow(ids[i], r, r.dropped(), nil)(b, t); err != nil {
					return err
				}
			}
			return nil
		}, nil
	})
	return freed, err
}
