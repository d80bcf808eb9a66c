package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// MaxName bounds the bytes of an agent's name in the keyring.
	MaxName = 64

	scanLeases = 64
	leaseHead  = 1 + 8 + 8 + 1 // flags | length | sequence | bytes of the name
)

// Lease is an own agent that this node keeps alive: it signs and publishes the next
// record before the last one ends.
type Lease struct {
	ID       records.AgentID
	Name     string          // of the agent in the keyring; empty where the record was signed elsewhere and cannot be renewed here
	Record   *records.Record // the last own record; the next one repeats its Location
	Sequence uint64          // the highest sequence used; at least the record's
	Lease    time.Duration   // how long the next record is to hold, to the nanosecond; 0 is records.DefaultLease
	Pending  bool            // too few peers stored the last publish, or none was asked yet
}

// check reports why a lease cannot be stored.
func (l Lease) check() error {
	switch {
	case l.Record == nil || l.Record.ID() != l.ID:
		return fmt.Errorf("%w: a lease needs a record of its agent", ErrInvalid)
	case len(l.Name) > MaxName:
		return fmt.Errorf("%w: a name of %d bytes, at most %d", ErrInvalid, len(l.Name), MaxName)
	case l.Lease < 0 || l.Lease > records.MaxLease:
		return fmt.Errorf("%w: a lease of %s, at most %s", ErrInvalid, l.Lease, records.MaxLease)
	case l.Sequence < l.Record.Sequence() || l.Sequence > records.MaxSequence:
		return fmt.Errorf("%w: sequence %d of a record with %d", ErrInvalid, l.Sequence, l.Record.Sequence())
	}
	return nil
}

func (l Lease) encode() []byte {
	b := make([]byte, 0, leaseHead+len(l.Name)+l.Record.Size())
	b = append(b, bit(l.Pending))
	b = binary.BigEndian.AppendUint64(b, uint64(l.Lease))
	b = binary.BigEndian.AppendUint64(b, l.Sequence)
	b = append(b, byte(len(l.Name)))
	b = append(b, l.Name...)
	return append(b, l.Record.Bytes()...)
}

func decodeLease(b []byte) (l Lease, err error) {
	if len(b) < leaseHead || b[0] > 1 || len(b) < leaseHead+int(b[leaseHead-1]) {
		return l, fmt.Errorf("%w: a lease of %d bytes", ErrCorrupt, len(b))
	}
	name := leaseHead + int(b[leaseHead-1])
	l.Pending = b[0] == 1
	l.Lease = time.Duration(binary.BigEndian.Uint64(b[1:]))
	l.Sequence = binary.BigEndian.Uint64(b[9:])
	l.Name = string(b[leaseHead:name])
	if l.Record, err = records.OpenWhole(b[name:]); err != nil {
		return l, err
	}
	l.ID = l.Record.ID()
	return l, l.check()
}

// PutLease stores l, one per agent, and returns nil once it is on disk. A Sequence
// of zero means the record's. A sequence below the highest one used for the agent is
// records.ErrStale, a record that a fact ends what PutRecord says.
func (s *Store) PutLease(ctx context.Context, l Lease) error {
	if l.Sequence == 0 && l.Record != nil {
		l.Sequence = l.Record.Sequence()
	}
	if err := l.check(); err != nil {
		return fmt.Errorf("put lease: %w", err)
	}
	err := s.update(ctx, s.agentLocks(l.ID), func() (fill, error) { return s.fillLease(l) })
	if err != nil {
		return fmt.Errorf("put lease: %w", err)
	}
	return nil
}

func (s *Store) fillLease(l Lease) (fill, error) {
	if err := s.ended(l.ID, l.Record.Rotation()); err != nil {
		return nil, err
	}
	used, err := s.usedSequence(l.ID)
	if err != nil {
		return nil, err
	}
	if l.Sequence < used {
		return nil, fmt.Errorf("%w: sequence %d, and %d was used", records.ErrStale, l.Sequence, used)
	}
	if err := s.space.admit(int64(l.Record.Size()), true); err != nil {
		return nil, err
	}
	return func(b *pebble.Batch, _ *tally) error {
		if err := b.Set(agentKey(tableSequence, l.ID), binary.BigEndian.AppendUint64(nil, l.Sequence), nil); err != nil {
			return err
		}
		return b.Set(agentKey(tableLease, l.ID), l.encode(), nil)
	}, nil
}

// Leases yields every lease, in the order of the agents' digests.
func (s *Store) Leases() iter.Seq2[Lease, error] {
	return func(yield func(Lease, error) bool) {
		for it, err := range s.table(tableLease, scanLeases) {
			if err != nil {
				yield(Lease{}, err)
				return
			}
			l, err := decodeLease(it.val)
			if id, ok := agentOf(it.key); err == nil && (!ok || l.ID != id) {
				err = records.ErrWrongSubject
			}
			if err != nil {
				s.damaged(fmt.Sprintf("lease %x", it.key), err)
				continue
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// DropLease forgets the lease of an agent and keeps the highest sequence used, so
// that a later one starts above it. No lease is nil.
func (s *Store) DropLease(id records.AgentID) error {
	err := s.update(context.Background(), s.agentLocks(id), func() (fill, error) {
		held, err := s.has(agentKey(tableLease, id))
		if err != nil || !held {
			return nil, err
		}
		return func(b *pebble.Batch, _ *tally) error { return b.Delete(agentKey(tableLease, id), nil) }, nil
	})
	if err != nil {
		return fmt.Errorf("drop lease: %w", err)
	}
	return nil
}

// LastSequence returns the highest sequence known of an agent: used or reserved for
// a lease here, or seen in a record. 0 where none is.
func (s *Store) LastSequence(id records.AgentID) (uint64, error) {
	return read(s, func() (uint64, error) { return s.lastSequence(id) })
}

// NextSequence reserves a sequence above every one known of an agent and returns it
// once the reservation is on disk: no crash and no second caller makes two records
// of one sequence.
func (s *Store) NextSequence(ctx context.Context, id records.AgentID) (next uint64, err error) {
	err = s.update(ctx, s.agentLocks(id), func() (fill, error) {
		last, err := s.lastSequence(id)
		if err != nil {
			return nil, err
		}
		if last >= records.MaxSequence {
			return nil, fmt.Errorf("%w: the agent's sequences are used up; rotate or replace it", ErrInvalid)
		}
		next = last + 1
		val := binary.BigEndian.AppendUint64(nil, next)
		return func(b *pebble.Batch, _ *tally) error { return b.Set(agentKey(tableSequence, id), val, nil) }, s.space.admit(64, true)
	})
	if err != nil {
		return 0, fmt.Errorf("next sequence: %w", err)
	}
	return next, nil
}

func (s *Store) lastSequence(id records.AgentID) (uint64, error) {
	used, err := s.usedSequence(id)
	if err != nil {
		return 0, err
	}
	r, err := s.row(s.get, id)
	return max(used, r.mark.Sequence), err
}

// usedSequence is the highest sequence used or reserved for a lease here.
func (s *Store) usedSequence(id records.AgentID) (uint64, error) {
	raw, err := s.get(agentKey(tableSequence, id))
	if err != nil || len(raw) != 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(raw), nil
}
