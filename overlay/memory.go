package overlay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// maxMemory is how many bytes of values a Memory holds.
const maxMemory = 64 << 20

// ErrFull says that a Memory has no room for one more agent.
var ErrFull = errors.New("full")

// Memory is a [Values] in memory, for programs that keep nothing across their own
// restart: a fact is final, no older record replaces a newer one, whether that is
// still served or not, and only leases that hold are served. It holds at most 64 MiB of
// values; then records make room that ended so long ago that nothing older can hold any
// more, and where that is not enough further agents are refused with ErrFull. It is safe
// for concurrent use.
type Memory struct {
	now func() time.Time

	mu    sync.Mutex
	size  int                               // bytes of all values
	known map[records.AgentID]records.Known // also records whose lease has ended
}

// NewMemory returns an empty store. now is the wall clock, nil for time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, known: make(map[records.AgentID]records.Known)}
}

// Get returns the tombstone of id or the proof that its keys contradict themselves, else its
// newest record while the lease holds, else its rotations, else nil.
func (m *Memory) Get(_ context.Context, id records.AgentID) (records.Value, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.known[id]
	if k.Record != nil && k.Record.ValidAt(m.now()) == nil {
		return k.Record, nil
	}
	if k.Fact != nil {
		return k.Fact, nil
	}
	return nil, nil
}

// Put stores v, or says why not with an error of package records or with ErrFull.
func (m *Memory) Put(_ context.Context, v records.Value) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := v.ID()
	old := m.known[id]
	if rec, ok := v.(*records.Record); ok {
		if err := records.Ended(old.Fact, rec.Rotation()); err != nil {
			return err
		}
		if old.Record != nil && rec.Mark().Compare(old.Record.Mark()) < 0 {
			return records.ErrStale
		}
		if err := rec.ValidAt(m.now()); err != nil {
			return err
		}
	}
	now := old.Apply(v)
	if !m.room(sizeOf(now) - sizeOf(old)) {
		return ErrFull
	}
	m.size += sizeOf(now) - sizeOf(old)
	m.known[id] = now
	return nil
}

// sizeOf is how many bytes the values have that are known of an agent.
func sizeOf(k records.Known) (n int) {
	if k.Fact != nil {
		n = k.Fact.Size()
	}
	if k.Record != nil {
		n += k.Record.Size()
	}
	return n
}

// room makes room for so many bytes, if it can. No lease that was signed before another
// one still holds MaxLease after that one's end. Owned by mu.
func (m *Memory) room(size int) bool {
	if m.size+size <= maxMemory {
		return true
	}
	for id, k := range m.known {
		if k.Record == nil || m.now().Sub(k.Record.NotAfter()) <= records.MaxLease {
			continue
		}
		m.size -= k.Record.Size()
		if k.Record = nil; k.Fact == nil {
			delete(m.known, id)
		} else {
			m.known[id] = k
		}
	}
	return m.size+size <= maxMemory
}

// Len returns the number of agents of which something is known.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.known)
}
