package lab

import (
	"context"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

// recorder notes when nodes began to answer that an agent is revoked.
type recorder struct {
	mu sync.Mutex
	at map[records.AgentID]map[int]time.Time // owned by mu

	// wanted says which agents are noted; nil: all.
	wanted func(records.AgentID) bool
}

func newRecorder() *recorder { return &recorder{at: make(map[records.AgentID]map[int]time.Time)} }

// note is called at the moment.
func (r *recorder) note(node int, id records.AgentID) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at[id] == nil {
		r.at[id] = make(map[int]time.Time)
	}
	if _, ok := r.at[id][node]; !ok {
		r.at[id][node] = now
	}
}

// when returns the moment; ok is false where it has not come.
func (r *recorder) when(node int, id records.AgentID) (t time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok = r.at[id][node]
	return t, ok
}

// follow records every tombstone at every node of ours until stop is called, which
// waits. What a node is told of it must answer by: a fact that it does not act upon
// does not count.
func (r *recorder) follow(ctx context.Context, w *sim.Network) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	for _, n := range w.Nodes() {
		work.Go(func() {
			for f, err := range n.Facts(ctx, 0, true) {
				if err != nil {
					return
				}
				if r.wanted != nil && !r.wanted(f.Fact.ID()) {
					continue
				}
				for range 10 { // the store may hear of it an instant before the lookup does
					if status, err := n.Knows(ctx, f.Fact.ID()); err == nil && status == records.StatusRevoked {
						r.note(n.Index, f.Fact.ID())
						break
					}
					time.Sleep(time.Microsecond)
				}
			}
		})
	}
	return func() { cancel(); work.Wait() }
}
