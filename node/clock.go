package node

import (
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// clock is the wall clock of a node: it never runs below a reading that it gave
// before, also across a restart, so that a clock set back revives no lease.
type clock struct {
	now func() time.Time

	mu    sync.Mutex
	floor time.Time // highest reading so far; owned by mu
}

// newClock starts from the last stored reading.
func newClock(now func() time.Time, stored time.Time) *clock {
	return &clock{now: now, floor: stored}
}

// Now returns the time, not before any earlier reading.
func (c *clock) Now() time.Time {
	t := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Before(c.floor) {
		return c.floor
	}
	c.floor = t
	return t
}

// holds reports nil where a record's lease holds at a time, else why not.
func holds(rec *records.Record, at time.Time) error {
	if weak.Off(weak.LeaseCheck) {
		return nil
	}
	return rec.ValidAt(at)
}

// Behind returns by how much the machine's clock is behind the stored reading.
func (c *clock) Behind() time.Duration {
	t := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, c.floor.Sub(t))
}
