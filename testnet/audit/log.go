package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// Log writes events down as they happen. It is safe for concurrent use, and a nil
// Log writes nothing: who plays a scenario need not ask whether somebody listens.
type Log struct {
	now func() time.Time

	mu    sync.Mutex
	out   *json.Encoder // owned by mu
	start time.Time     // of the run, by the monotonic clock
	ops   uint64        // operations begun; owned by mu
	err   error         // the first failure; owned by mu
}

// NewLog starts a log with its first line. now is the wall clock of the run, nil
// time.Now.
func NewLog(w io.Writer, run Run, now func() time.Time) *Log {
	if now == nil {
		now = time.Now
	}
	l := &Log{now: now, out: json.NewEncoder(w), start: time.Now()}
	l.Note(Event{Kind: Began, Run: &run})
	return l
}

// Note writes down a moment. Times are the log's business.
func (l *Log) Note(e Event) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Phase, e.Op = Moment, 0
	l.write(e)
}

// Begin writes down that an operation begins; its End must follow.
func (l *Log) Begin(e Event) *Op {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ops++
	e.Phase, e.Op = Begin, l.ops
	l.write(e)
	return &Op{log: l, begin: e}
}

// Err returns the first failure to write. What comes after it is not written.
func (l *Log) Err() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// write stamps and writes one line. Owned by mu, so that lines stand in the order of
// their times.
func (l *Log) write(e Event) {
	if l.err != nil {
		return
	}
	e.At, e.Wall = time.Since(l.start), l.now().Round(0)
	if err := l.out.Encode(e); err != nil {
		l.err = fmt.Errorf("audit: log: %w", err)
	}
}

// Op is an operation that has begun. A nil Op is one of a nil Log.
type Op struct {
	log   *Log
	begin Event
}

// End writes down how the operation ended. Kind, Node, Agent and Policy are those of
// its begin.
func (o *Op) End(e Event) {
	if o == nil {
		return
	}
	o.log.mu.Lock()
	defer o.log.mu.Unlock()
	b := o.begin
	e.Kind, e.Phase, e.Op, e.Node, e.Agent, e.Policy = b.Kind, End, b.Op, b.Node, b.Agent, b.Policy
	o.log.write(e)
}
