package node

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// insistFirst is about how long after a revocation that nobody confirmed it is tried
	// again; from then on the pause doubles up to insistMost.
	insistFirst = 10 * time.Second
	insistMost  = 10 * time.Minute
	// maxInsisted are kept at a time. All of them are on disk, and reconciled, in any case.
	maxInsisted = 1024
)

// insistence is what becomes of revocations made here that no other node is known to have.
type insistence struct {
	again chan struct{} // holds a token when there is a new one

	mu      sync.Mutex
	facts   []records.Fact // owned by mu
	running bool           // owned by mu
}

// insist keeps trying a revocation until it is confirmed, or the node ends.
func (n *Node) insist(f records.Fact) {
	i := &n.insistence
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.facts) >= maxInsisted {
		n.count.add("revokes_given_up_total", 1)
		return
	}
	i.facts = append(i.facts, f)
	select {
	case i.again <- struct{}{}:
	default:
	}
	if !i.running {
		i.running = true
		n.background(n.keepInsisting)
	}
}

// keepInsisting tries again and again what is not confirmed yet.
func (n *Node) keepInsisting(ctx context.Context) {
	for pause := insistFirst; ; pause = min(2*pause, insistMost) {
		select {
		case <-n.insistence.again:
			pause = insistFirst / 2 // and so doubled to the first one
			continue
		case <-time.After(pause*3/4 + rand.N(pause/2)):
		case <-ctx.Done():
			return
		}
		n.reachOut(ctx, nil)
		if n.insistOnce(ctx) {
			return
		}
	}
}

// insistOnce looks whether what is not confirmed has arrived by now, and reports whether
// all of it has. The loop that asks ends then.
func (n *Node) insistOnce(ctx context.Context) (done bool) {
	i := &n.insistence
	i.mu.Lock()
	open := i.facts
	i.mu.Unlock()
	var left []records.Fact
	for _, f := range open {
		if _, err := n.witness(ctx, f); err != nil {
			left = append(left, f)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.facts = append(left, i.facts[len(open):]...)
	i.running = len(i.facts) > 0
	return !i.running
}
