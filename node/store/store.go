// Package store keeps what survives a restart.
package store

import (
	"context"
	"iter"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Store is what survives a restart. It is safe for concurrent use.
type Store struct{}

// Open opens the store in dir, or makes a new one there.
func Open(dir string, opts Options) (*Store, error) { return nil, ErrClosed }

// Memory makes a store that lives in memory: the same code on another file system.
func Memory(opts Options) (*Store, error) { return nil, ErrClosed }

// Close waits for running calls, then closes the files.
func (s *Store) Close() error { return ErrClosed }

// SourceLocal is the source of facts made here.
const SourceLocal = "local"

// StampedFact is a fact as it arrived here.
type StampedFact struct {
	Cursor uint64    // place in the order of arrival, from 1; set by the store
	At     time.Time // when it arrived, kept to the microsecond
	Source string    // how: local, gossip, sync, dht; at most 32 bytes
	Fact   records.Fact
}

// PutFacts stores facts durably.
func (s *Store) PutFacts(ctx context.Context, facts []StampedFact) error { return ErrClosed }

// Facts yields the facts after a cursor in order of arrival.
func (s *Store) Facts(after uint64) iter.Seq2[StampedFact, error] { return nil }

// Fact returns the fact about id, or nil.
func (s *Store) Fact(id records.AgentID) (records.Fact, error) { return nil, ErrClosed }

// LastCursor returns the highest durable cursor.
func (s *Store) LastCursor() uint64 { return 0 }

// PutRecord stores rec together with its mark, durably.
func (s *Store) PutRecord(ctx context.Context, rec *records.Record, own bool, now time.Time) error {
	return ErrClosed
}

// Record returns the newest record held, or nil.
func (s *Store) Record(id records.AgentID) (*records.Record, error) { return nil, ErrClosed }

// Mark returns the highest rank seen, or zero.
func (s *Store) Mark(id records.AgentID) (records.Mark, error) { return records.Mark{}, ErrClosed }

// DropRecord forgets the record and keeps its mark.
func (s *Store) DropRecord(id records.AgentID) error { return ErrClosed }

// Records yields every record held.
func (s *Store) Records() iter.Seq2[*records.Record, error] { return nil }

// SweepReport says what a sweep did.
type SweepReport struct {
	Records int   // records dropped
	Bytes   int64 // their bytes
	Marks   int   // marks dropped
}

// Sweep drops what has expired.
func (s *Store) Sweep(ctx context.Context, now time.Time) (SweepReport, error) {
	return SweepReport{}, ErrClosed
}

// Counts says how much is held.
type Counts struct {
	Facts        int
	FactBytes    int64
	Records      int
	RecordBytes  int64  // of all records
	ForeignBytes int64  // of strangers' records: what the quota bounds
	Marks        int    // agents whose rank is remembered
	Corrupt      uint64 // values that did not verify when read, since Open
	Refused      uint64 // writes refused for want of room, since Open
	Stalls       uint64 // times the disk could not keep up, since Open
}

// Counts returns the figures, without touching the disk.
func (s *Store) Counts() Counts { return Counts{} }

// Lease is an own agent that this node keeps alive.
type Lease struct {
	ID       records.AgentID
	Name     string          // the agent's name in the keyring, at most 64 bytes; empty where it was signed elsewhere
	Record   *records.Record // the last own record; its Location is what the next one says again
	Sequence uint64          // the highest sequence used
	Lease    time.Duration   // the length of the next lease; zero is records.DefaultLease
	Pending  bool            // too few peers stored the last publish
}

// PutLease stores l durably, one per agent.
func (s *Store) PutLease(ctx context.Context, l Lease) error { return ErrClosed }

// Leases yields every lease.
func (s *Store) Leases() iter.Seq2[Lease, error] { return nil }

// DropLease forgets the lease; the agent's highest sequence stays.
func (s *Store) DropLease(id records.AgentID) error { return ErrClosed }

// LastSequence returns the highest sequence used or seen of an agent, or 0.
func (s *Store) LastSequence(id records.AgentID) (uint64, error) { return 0, ErrClosed }

// NextSequence reserves a sequence above every one used or seen of an agent, durably.
func (s *Store) NextSequence(ctx context.Context, id records.AgentID) (uint64, error) {
	return 0, ErrClosed
}

// KnownPeer is a peer to come back to after a restart.
type KnownPeer struct {
	ID        string
	Addrs     []string
	LastSeen  time.Time
	EverReady bool
}

// PutPeers adds or updates known peers, durably.
func (s *Store) PutPeers(ctx context.Context, peers []KnownPeer) error { return ErrClosed }

// Peers returns the known peers, last seen first.
func (s *Store) Peers() ([]KnownPeer, error) { return nil, ErrClosed }

// SetMeta stores a small value under a key, durably; nil deletes it.
func (s *Store) SetMeta(ctx context.Context, key string, val []byte) error { return ErrClosed }

// Meta returns the value under key, or nil.
func (s *Store) Meta(key string) ([]byte, error) { return nil, ErrClosed }
