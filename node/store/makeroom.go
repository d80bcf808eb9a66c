package store

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/internal/weak"
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

// Newcomer is a stranger's record for which there is no room.
type Newcomer struct {
	Far  uint64       // how far its agent is
	From netip.Prefix // where it comes from, see PutRecordFrom
}

// MakeRoom drops records of strangers until they take no more than most bytes, or until only
// those are left that have a better right than the newcomer, to about a sixteenth. The room is
// shared evenly among the groups of addresses that records came from, as far as each of them
// needs it: of a group with more than its share the farthest leave, for a newcomer of a group
// with less in any case, else for one that is nearer. Nobody else's leave.
//
// far is how far an agent is; what it does not call spare stays, and so do own records and
// all marks. Records whose lease has ended by now leave first. It returns how many bytes it
// freed, and takes about a second for a million records.
func (s *Store) MakeRoom(ctx context.Context, most int64, newcomer Newcomer, now time.Time, far func(records.AgentID) (distance uint64, spare bool)) (freed int64, err error) {
	over := s.Counts().ForeignBytes - most
	if over <= 0 {
		return 0, nil
	}
	place := func(h Held) (at placed, ok bool) {
		d, spare := far(h.ID)
		if h.Own || !spare {
			return at, false
		}
		if !weak.Off(weak.SourceRoom) {
			at.group = h.From
		}
		if at.rung = rung(d); now.After(h.NotAfter) {
			at.rung = rungs
		}
		return at, true
	}
	steps := make(map[placed]int64) // bytes
	for h, err := range s.Held() {
		if err != nil {
			return 0, fmt.Errorf("make room: %w", err)
		}
		if at, ok := place(h); ok {
			steps[at] += int64(h.Size)
		}
	}
	stays := shared(steps, over, newcomer)
	return s.dropWhere(ctx, func(h Held) bool {
		at, ok := place(h)
		if !ok {
			return false
		}
		most, met := stays[at.group] // who came meanwhile stays
		return met && at.rung > most
	})
}

// placed is where a record counts: with the group that it came from, at its step. The step
// of those whose lease has ended is rungs.
type placed struct {
	group netip.Prefix
	rung  int
}

// shared is up to which step the records of each group stay, so that so many bytes leave.
func shared(steps map[placed]int64, over int64, newcomer Newcomer) map[netip.Prefix]int {
	by, held := make(map[netip.Prefix]int64), int64(0) // bytes whose lease holds
	groups := make(map[netip.Prefix][]int)             // their steps
	for at, size := range steps {
		if at.rung == rungs {
			over -= size
			size = 0
		} else {
			groups[at.group] = append(groups[at.group], at.rung)
		}
		by[at.group] += size
		held += size
	}
	share := shareOf(by, held-max(over, 0))
	least := rung(newcomer.Far)
	if by[newcomer.From] < share && !weak.Off(weak.SourceRoom) {
		least = -1
	}
	stays := make(map[netip.Prefix]int)
	for group, size := range by {
		stays[group] = rungs - 1
		slices.Sort(groups[group])
		for _, at := range slices.Backward(groups[group]) {
			if size <= share || at <= least {
				break
			}
			size -= steps[placed{group, at}]
			stays[group] = at - 1
		}
	}
	return stays
}

// shareOf is how much of room each group may have at most, so that all of it is used.
func shareOf(by map[netip.Prefix]int64, room int64) int64 {
	sizes := slices.Sorted(maps.Values(by))
	for i, size := range sizes {
		if share := max(room, 0) / int64(len(sizes)-i); size > share {
			return share
		}
		room -= size
	}
	return math.MaxInt64
}

// dropWhere drops the records that are to go, and returns how many bytes they had.
func (s *Store) dropWhere(ctx context.Context, goes func(Held) bool) (freed int64, err error) {
	var out []records.AgentID
	drop := func() error {
		n, err := s.dropAll(ctx, out)
		freed, out = freed+n, out[:0]
		return err
	}
	for h, err := range s.Held() {
		if err == nil && goes(h) {
			if out = append(out, h.ID); len(out) == sweepBatch {
				err = drop()
			}
		}
		if err != nil {
			return freed, fmt.Errorf("make room: %w", err)
		}
	}
	if len(out) > 0 {
		err = drop()
	}
	if err != nil {
		err = fmt.Errorf("make room: %w", err)
	}
	return freed, err
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
