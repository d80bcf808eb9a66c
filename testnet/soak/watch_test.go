//go:build soak

package soak

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// watchPause is the pause between two questions to one daemon: short beside what is
// measured, long enough to leave the machine to the daemons.
const watchPause = 5 * time.Millisecond

// watch asks one daemon for one agent until it refuses.
type watch struct {
	node    *node
	id      string
	alive   atomic.Int64  // answers 200
	refused time.Time     // first answer 410; set before done is closed, else zero
	done    chan struct{} // closed when it refused, and when the context ended
}

// watchAll watches an agent on several daemons.
func watchAll(ctx context.Context, nodes []*node, id records.AgentID) []*watch {
	var all []*watch
	for _, d := range nodes {
		w := &watch{node: d, id: id.String(), done: make(chan struct{})}
		go w.run(ctx)
		all = append(all, w)
	}
	return all
}

// run asks until the daemon refuses; one that cannot be reached yet is asked again.
func (w *watch) run(ctx context.Context) {
	defer close(w.done)
	until(ctx, watchPause, func() bool {
		a, err := w.node.ask(ctx, w.id)
		switch {
		case err != nil:
		case a.code == http.StatusOK:
			w.alive.Add(1)
		case a.code == http.StatusGone:
			w.refused = time.Now()
		}
		return !w.refused.IsZero()
	})
}
