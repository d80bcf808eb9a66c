package api

import (
	"context"
	"sync"
	"time"
)

// allowance is a context with a time limit, that costs nothing where nobody waits: the
// clock starts when somebody first asks how long.
type allowance struct {
	context.Context // the request's
	limit           time.Duration

	mu     sync.Mutex
	inner  context.Context // nil until asked for; owned by mu
	cancel context.CancelFunc
	ended  bool // owned by mu
}

// begin returns the context that does the work.
func (p *allowance) begin() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inner == nil {
		p.inner, p.cancel = context.WithTimeout(p.Context, p.limit)
		if p.ended {
			p.cancel()
		}
	}
	return p.inner
}

// end cancels it.
func (p *allowance) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.cancel != nil {
		p.cancel()
	}
}

// Deadline, Done, Err and Value are those of a context with a limit.
func (p *allowance) Deadline() (time.Time, bool) { return p.begin().Deadline() }

func (p *allowance) Done() <-chan struct{} { return p.begin().Done() }

func (p *allowance) Err() error { return p.begin().Err() }

func (p *allowance) Value(key any) any { return p.begin().Value(key) }
