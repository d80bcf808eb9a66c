package node

import (
	"sync"

	"github.com/cairn-overlay/cairn/records"
)

// watchers wakes those who wait for news of an agent. It carries no values: who is
// woken looks for itself, so a slow watcher misses nothing that still stands.
type watchers struct {
	mu   sync.Mutex
	byID map[records.AgentID]map[chan struct{}]struct{} // owned by mu
}

func newWatchers() *watchers {
	return &watchers{byID: make(map[records.AgentID]map[chan struct{}]struct{})}
}

// watch returns a channel that holds one token whenever something changed since
// it was last emptied, and a function that ends the watch.
func (w *watchers) watch(id records.AgentID) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byID[id] == nil {
		w.byID[id] = make(map[chan struct{}]struct{})
	}
	w.byID[id][ch] = struct{}{}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.byID[id], ch)
		if len(w.byID[id]) == 0 {
			delete(w.byID, id)
		}
	}
}

// watched reports whether anybody waits for news of id.
func (w *watchers) watched(id records.AgentID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.byID[id]) > 0
}

// notify wakes everybody who watches id.
func (w *watchers) notify(id records.AgentID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.byID[id] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
