package store

import (
	"sync"
	"time"
)

// gate counts the calls that run and, once shut, lets no other in.
type gate struct {
	closing chan struct{} // closed when the gate is shut

	mu   sync.Mutex
	shut bool          // under mu
	n    int           // under mu: calls inside
	idle chan struct{} // closed when shut and n is 0
}

func newGate() *gate { return &gate{closing: make(chan struct{}), idle: make(chan struct{})} }

// enter lets a call in, or reports that the gate is shut.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.n++
	return true
}

// again lets another one in on behalf of a call that is inside.
func (g *gate) again() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n++
}

// leave ends a call that entered.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.shut && g.n == 0 {
		close(g.idle)
	}
}

// close shuts the gate and reports whether it was open.
func (g *gate) close() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.shut = true
	close(g.closing)
	if g.n == 0 {
		close(g.idle)
	}
	return true
}

// wait waits until the last call has left, for at most d, and reports whether it has.
func (g *gate) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-g.idle:
		return true
	case <-t.C:
		return false
	}
}
