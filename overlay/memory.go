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
// restart: a tombstone is final, no older record replaces a newer one, whether that is
// still served or not, and only leases that hold are served. It holds at most 64 MiB of
// values; then records make room that ended so long ago that nothing older can hold any
// more, and where that is not enough further agents are refused with ErrFull. It is safe
// for concurrent use.
type Memory struct {
	now func() time.Time

	mu   sync.Mutex
	size int // bytes of all values
	dead map[records.AgentID]*records.Tombstone
	live map[records.AgentID]*records.Record // also those whose lease has ended
}

// NewMemory returns an empty store. now is the wall clock, nil for time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, dead: make(map[records.AgentID]*records.Tombstone), live: make(map[records.AgentID]*records.Record)}
}

// Get returns the tombstone of id, else its newest record while the lease holds,
// else nil.
func (m *Memory) Get(_ context.Context, id records.AgentID) (records.Value, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.dead[id]; t != nil {
		return t, nil
	}
	if r := m.live[id]; r != nil && r.ValidAt(m.now()) == nil {
		return r, nil
	}
	return nil, nil
}

// Put stores v, or says why not with an error of package records or with ErrFull.
func (m *Memory) Put(_ context.Context, v records.Value) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := v.ID()
	if m.dead[id] != nil {
		if _, again := v.(*records.Tombstone); again {
			return nil
		}
		return records.ErrRevoked
	}
	rec, isRecord := v.(*records.Record)
	if isRecord {
		if held := m.live[id]; held != nil && rec.Mark().Compare(held.Mark()) < 0 {
			return records.ErrStale
		}
		if err := rec.ValidAt(m.now()); err != nil {
			return err
		}
	}
	if !m.room(len(v.Bytes())) {
		return ErrFull
	}
	m.drop(id)
	m.size += len(v.Bytes())
	switch v := v.(type) {
	case *records.Tombstone:
		m.dead[id] = v
	case *records.Record:
		m.live[id] = v
	}
	return nil
}

// room makes room for so many bytes, if it can. No lease that was signed before another
// one still holds MaxLease after that one's end.
func (m *Memory) room(size int) bool {
	if m.size+size <= maxMemory {
		return true
	}
	for id, r := range m.live {
		if m.now().Sub(r.NotAfter()) > records.MaxLease {
			m.drop(id)
		}
	}
	return m.size+size <= maxMemory
}

// drop forgets the record of id.
func (m *Memory) drop(id records.AgentID) {
	if r := m.live[id]; r != nil {
		m.size -= len(r.Bytes())
		delete(m.live, id)
	}
}

// Len returns the number of agents of which something is known.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.dead) + len(m.live)
}
