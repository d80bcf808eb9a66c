package overlay

import "sync"

// gate counts calls in progress and, once shut, lets no more in.
type gate struct {
	mu   sync.Mutex
	shut bool
	wg   sync.WaitGroup
}

// enter reports whether the call may go on; then leave must follow.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.wg.Add(1)
	return true
}

func (g *gate) leave() { g.wg.Done() }

// close lets nobody in any more. It does not wait: see wait.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// wait waits for the calls in progress.
func (g *gate) wait() { g.wg.Wait() }
