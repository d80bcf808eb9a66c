// Package overlaytest has what tests of the overlay, and of what is built upon it,
// need: a value store in memory.
package overlaytest

import (
	"context"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Memory is a value store in memory, with the rules of a real one: a tombstone is
// final, no older record replaces a newer one, whether that is still served or
// not, and only leases that hold are served. It is safe for concurrent use.
type Memory struct {
	now func() time.Time

	mu    sync.Mutex
	dead  map[records.AgentID]*records.Tombstone
	live  map[records.AgentID]*records.Record
	marks map[records.AgentID]records.Mark
}

// NewMemory returns an empty store. now is the wall clock, nil for time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{
		now:   now,
		dead:  make(map[records.AgentID]*records.Tombstone),
		live:  make(map[records.AgentID]*records.Record),
		marks: make(map[records.AgentID]records.Mark),
	}
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

// Put stores v, or says why not with an error of package records.
func (m *Memory) Put(_ context.Context, v records.Value) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := v.ID()
	switch v := v.(type) {
	case *records.Tombstone:
		if m.dead[id] == nil {
			m.dead[id] = v
		}
	case *records.Record:
		if m.dead[id] != nil {
			return records.ErrRevoked
		}
		if v.Mark().Compare(m.marks[id]) < 0 {
			return records.ErrStale
		}
		if err := v.ValidAt(m.now()); err != nil {
			return err
		}
		m.live[id], m.marks[id] = v, v.Mark()
	}
	return nil
}

// Len returns the number of agents of which something is known.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.dead)
	for id := range m.live {
		if m.dead[id] == nil {
			n++
		}
	}
	return n
}
