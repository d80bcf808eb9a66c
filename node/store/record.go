package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"net/netip"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// keepExpired is how long a record is kept after its lease has ended, and how
	// late one is still taken in.
	keepExpired = time.Hour
	// keepMark is how long after its last sighting a mark is kept: the longest lease
	// and an hour for the clocks of others. By then every rival that was issued
	// before that sighting has expired.
	keepMark = records.MaxLease + time.Hour
	// scanRecords and scanMarks are the items of one read of an iteration.
	scanRecords = 64
	scanMarks   = 1024
)

// PutRecord stores rec and raises the agent's mark in one step, and returns nil
// once both are on disk. own marks records of agents that this node keeps alive:
// they are exempt from the quota. now is the time of this sighting.
//
//   - records.ErrStale: a record that ranks higher was seen, whether it is still
//     held or not. The same record again is nil, without another write.
//   - records.ErrRevoked, records.ErrConflict, or records.ErrStale: a fact ends it.
//   - records.ErrExpired: the lease ended more than an hour before now.
//   - ErrFull, ErrQuota (which is an ErrFull): no room; nothing was written.
//
// Calls for one agent take effect one after the other. A call that returns since
// ctx ended may or may not take effect.
func (s *Store) PutRecord(ctx context.Context, rec *records.Record, own bool, now time.Time) error {
	return s.putRecord(ctx, rec, own, now, netip.Prefix{})
}

// PutRecordFrom is PutRecord for a stranger's record of which it is known from which group of
// addresses it came: a /24 of IPv4, a /48 of IPv6; see MakeRoom.
func (s *Store) PutRecordFrom(ctx context.Context, rec *records.Record, now time.Time, from netip.Prefix) error {
	return s.putRecord(ctx, rec, false, now, from)
}

func (s *Store) putRecord(ctx context.Context, rec *records.Record, own bool, now time.Time, from netip.Prefix) error {
	if rec == nil {
		return fmt.Errorf("put record: %w: nil", ErrInvalid)
	}
	if now.After(rec.NotAfter().Add(keepExpired)) {
		return fmt.Errorf("put record: %w: the lease ended %s", records.ErrExpired, rec.NotAfter().Format(time.RFC3339))
	}
	err := s.update(ctx, s.agentLocks(rec.ID()), func() (fill, error) { return s.fillRecord(rec, own, now, from) })
	if err != nil {
		return fmt.Errorf("put record: %w", err)
	}
	return nil
}

// fillRecord compares; nil where rec is held already.
func (s *Store) fillRecord(rec *records.Record, own bool, now time.Time, from netip.Prefix) (fill, error) {
	id := rec.ID()
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	defer v.close()
	if err := s.ended(id, rec.Rotation()); err != nil {
		return nil, err
	}
	old, err := s.row(v.get, id)
	if err != nil {
		return nil, err
	}
	switch rank := rec.Mark().Compare(old.mark); {
	case rank < 0 && !weak.Off(weak.HighWater):
		return nil, fmt.Errorf("%w: sequence %d, and %d was seen", records.ErrStale, rec.Sequence(), old.mark.Sequence)
	case rank == 0:
		held, err := s.holds(id, old)
		if err != nil || (held && (old.own || !own)) {
			return nil, err
		}
	}
	if err := s.space.admit(int64(rec.Size()), own); err != nil {
		return nil, err
	}
	seen := now
	if rec.Issued().After(seen) {
		seen = rec.Issued()
	}
	next := row{mark: rec.Mark(), seen: seen, notAfter: rec.NotAfter(), size: uint32(rec.Size()), own: own, from: from}
	return s.fillRow(id, old, next, rec), nil
}

// holds reports whether the record of the row can still be read.
func (s *Store) holds(id records.AgentID, r row) (bool, error) {
	if r.size == 0 {
		return false, nil
	}
	raw, err := s.get(agentKey(tableRecord, id))
	return sha256.Sum256(raw) == r.mark.Digest, err
}

// fillRow replaces an agent's row and record.
func (s *Store) fillRow(id records.AgentID, old, next row, rec *records.Record) fill {
	return func(b *pebble.Batch, t *tally) error {
		before := t.foreignBytes
		t.hold(old, -1)
		t.hold(next, 1)
		if old.mark.IsZero() {
			t.marks++
		}
		if t.foreignBytes > s.opts.MaxRecordBytes && t.foreignBytes > before && !weak.Off(weak.Quota) {
			s.space.refused.Add(1)
			return fmt.Errorf("%w: %d bytes", ErrQuota, s.opts.MaxRecordBytes)
		}
		if err := b.Set(agentKey(tableMark, id), next.encode(), nil); err != nil {
			return err
		}
		if rec == nil {
			return b.Delete(agentKey(tableRecord, id), nil)
		}
		return b.Set(agentKey(tableRecord, id), rec.Bytes(), nil)
	}
}

// Record returns the newest record held of an agent, verified, or nil. It does not
// judge the lease: ask records.Record.ValidAt.
func (s *Store) Record(id records.AgentID) (*records.Record, error) {
	return read(s, func() (*records.Record, error) { return s.record(id) })
}

// record returns no record that a fact ends, though one may lie there until the next Sweep.
func (s *Store) record(id records.AgentID) (*records.Record, error) {
	raw, err := s.get(agentKey(tableRecord, id))
	if err != nil || raw == nil {
		return nil, err
	}
	return s.openRecord(id, raw), nil
}

// openRecord verifies stored bytes, or counts them as damaged and returns nil, as where a
// fact ends the record.
func (s *Store) openRecord(id records.AgentID, raw []byte) *records.Record {
	known := s.facts.set.Lookup(id)
	if records.Ended(known, records.MaxRotations) != nil { // whatever it says
		return nil
	}
	rec, err := records.OpenWhole(raw)
	if err == nil && rec.ID() != id {
		err = records.ErrWrongSubject
	}
	if err != nil {
		s.damaged("record of "+id.String(), err)
		return nil
	}
	if records.Ended(known, rec.Rotation()) != nil {
		return nil
	}
	return rec
}

// Records yields every record held, each as it stands when the loop comes to it, in
// the order of the agents' digests.
func (s *Store) Records() iter.Seq2[*records.Record, error] {
	return func(yield func(*records.Record, error) bool) {
		for it, err := range s.table(tableRecord, scanRecords) {
			if err != nil {
				yield(nil, err)
				return
			}
			id, ok := agentOf(it.key)
			if !ok {
				continue
			}
			if rec := s.openRecord(id, it.val); rec != nil && !yield(rec, nil) {
				return
			}
		}
	}
}

// DropRecord forgets the record of an agent and keeps its mark, so that no older
// one gets in. Nothing held is nil.
func (s *Store) DropRecord(id records.AgentID) error {
	err := s.update(context.Background(), s.agentLocks(id), func() (fill, error) {
		old, err := s.row(s.get, id)
		if err != nil || old.size == 0 {
			return nil, err
		}
		return s.fillRow(id, old, old.dropped(), nil), nil
	})
	if err != nil {
		return fmt.Errorf("drop record: %w", err)
	}
	return nil
}

// dropped is the row without its record.
func (r row) dropped() row {
	r.size, r.own, r.notAfter, r.from = 0, false, time.UnixMicro(0), netip.Prefix{}
	return r
}
