package node

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// clock is the wall clock of a node: it never runs below a reading that it gave
// before, also across a restart, so that a clock set back revives no lease.
type clock struct {
	now  func() time.Time
	base time.Time // when the node started, by the machine's monotonic clock

	recent atomic.Pointer[reading] // nil where now is not the machine's clock

	mu    sync.Mutex
	floor time.Time // highest reading so far; owned by mu
}

// reading is what Now gave, and when.
type reading struct {
	wall int64         // Unix nanoseconds
	run  time.Duration // since clock.base
}

// quickFor is how long a reading of the wall clock serves quick.
const quickFor = 100 * time.Millisecond

// newClock starts from the last stored reading. A nil now is the machine's clock.
func newClock(now func() time.Time, base, stored time.Time) *clock {
	c := &clock{now: now, base: base, floor: stored}
	if now == nil {
		c.now = time.Now
		c.recent.Store(&reading{run: -quickFor})
	}
	return c
}

// Now returns the time, not before any earlier reading.
func (c *clock) Now() time.Time {
	t := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Before(c.floor) {
		t = c.floor
	}
	c.floor = t
	if r := c.recent.Load(); r != nil {
		if run := time.Since(c.base); run-r.run >= quickFor {
			c.recent.Store(&reading{t.UnixNano(), run})
		}
	}
	return t
}

// quick returns the time in Unix nanoseconds and how long the node has run, for half
// of the price: the last reading, and what the monotonic clock says has passed. Where
// ok is false the wall clock has to be read. That somebody moved the wall clock shows
// a tenth of a second later.
func (c *clock) quick() (wall int64, run time.Duration, ok bool) {
	r := c.recent.Load()
	if r == nil {
		return 0, 0, false
	}
	run = time.Since(c.base)
	passed := run - r.run
	return r.wall + int64(passed), run, passed < quickFor
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
