package store

import (
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/records"
)

// sweepBatch is how many agents one batch of a sweep touches at most.
const sweepBatch = 256

// SweepReport says what a sweep dropped.
type SweepReport struct {
	Records int   // records whose lease had ended an hour before, or of the dead
	Bytes   int64 // their bytes
	Marks   int   // marks without a possible rival
}

// Sweep drops records of the dead, and those whose lease ended over an hour before now, and marks whose
// last sighting lies over 25 hours back: a lease is at most 24 hours long, so
// whatever was issued before that sighting has expired, and PutRecord would refuse
// it. Facts stay. It takes its time in small steps between which other calls run,
// and stops where ctx ends; the report counts what was dropped by then.
func (s *Store) Sweep(ctx context.Context, now time.Time) (SweepReport, error) {
	var (
		report SweepReport
		due    []records.AgentID
	)
	flush := func() error {
		if len(due) == 0 {
			return nil
		}
		step, err := s.sweep(ctx, due, now)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		report.Records += step.Records
		report.Bytes += step.Bytes
		report.Marks += step.Marks
		due = nil
		return nil
	}
	for it, err := range s.table(tableMark, scanMarks) {
		if err != nil {
			return report, fmt.Errorf("sweep: %w", err)
		}
		id, ok := agentOf(it.key)
		r, err := decodeRow(it.val)
		if !ok || err != nil || !(r.lapsed(now) || r.forgettable(now) || r.size > 0 && s.ended(id, r.mark.Rotation) != nil) {
			continue
		}
		if due = append(due, id); len(due) == sweepBatch {
			if err := flush(); err != nil {
				return report, err
			}
		}
	}
	return report, flush()
}

// lapsed reports whether the record held is of no use any more.
func (r row) lapsed(now time.Time) bool { return r.size > 0 && now.After(r.notAfter.Add(keepExpired)) }

// forgettable reports whether the mark guards against nothing any more.
func (r row) forgettable(now time.Time) bool {
	return (r.size == 0 || r.lapsed(now)) && now.After(r.seen.Add(keepMark))
}

// sweep drops what is due of some agents, in one batch.
func (s *Store) sweep(ctx context.Context, ids []records.AgentID, now time.Time) (SweepReport, error) {
	report := new(SweepReport) // the call may end before its work does
	err := s.update(ctx, s.agentLocks(ids...), func() (_ fill, err error) {
		rows := make([]row, len(ids))
		for i, id := range ids {
			if rows[i], err = s.row(s.get, id); err != nil {
				return nil, err
			}
			if rows[i].size > 0 && s.ended(id, rows[i].mark.Rotation) != nil {
				rows[i].notAfter = time.Time{} // it has lapsed
			}
		}
		return func(b *pebble.Batch, t *tally) error {
			for i, r := range rows {
				if err := report.drop(b, t, ids[i], r, now); err != nil {
					return err
				}
			}
			return nil
		}, nil
	})
	if err != nil {
		return SweepReport{}, err
	}
	return *report, nil
}

// drop adds to a batch what is due of one agent.
func (p *SweepReport) drop(b *pebble.Batch, t *tally, id records.AgentID, r row, now time.Time) error {
	if r.lapsed(now) {
		p.Records++
		p.Bytes += int64(r.size)
		t.hold(r, -1)
		if err := b.Delete(agentKey(tableRecord, id), nil); err != nil {
			return err
		}
		if !r.forgettable(now) {
			return b.Set(agentKey(tableMark, id), r.dropped().encode(), nil)
		}
	}
	if r.mark.IsZero() || !r.forgettable(now) {
		return nil
	}
	p.Marks++
	t.marks--
	return b.Delete(agentKey(tableMark, id), nil)
}
