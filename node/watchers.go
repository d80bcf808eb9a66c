package node

import (
	"context"
	"sync"

	"github.com/cairn-overlay/cairn/records"
)

// watchers wakes those who wait for news of an agent. It carries no values: who is
// woken looks for itself, so a slow watcher misses nothing that still stands.
type watchers struct {
	mu   sync.Mutex
	byID map[records.AgentID]*watched // owned by mu
}

// watched is an agent that somebody waits for news of.
type watched struct {
	wake map[chan struct{}]struct{}
	over context.CancelFunc // called when nobody waits any more
}

func newWatchers() *watchers {
	return &watchers{byID: make(map[records.AgentID]*watched)}
}

// watch returns a channel that holds one token whenever something changed since
// it was last emptied, and a function that ends the watch. The first watch of an agent
// also gets a context that ends with the last one; others get nil.
func (w *watchers) watch(id records.AgentID) (news <-chan struct{}, first context.Context, stop func()) {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.byID[id]
	if all == nil {
		all = &watched{wake: make(map[chan struct{}]struct{})}
		first, all.over = context.WithCancel(context.Background())
		w.byID[id] = all
	}
	all.wake[ch] = struct{}{}
	return ch, first, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if delete(all.wake, ch); len(all.wake) == 0 {
			delete(w.byID, id)
			all.over()
		}
	}
}

// watched reports whether anybody waits for news of id.
func (w *watchers) watched(id records.AgentID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.byID[id] != nil
}

// notify wakes everybody who watches id.
func (w *watchers) notify(id records.AgentID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.byID[id]
	if all == nil {
		return
	}
	for ch := range all.wake {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
