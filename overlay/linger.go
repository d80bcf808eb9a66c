package overlay

import (
	"context"
	"sync/atomic"
)

// maxLingering is how many puts may go on after their publications have ended: a peer that
// takes puts and does not answer holds each for as long as a request may take.
const maxLingering = 64

// lingering counts puts that go on after their publications.
type lingering struct{ n atomic.Int64 }

// let returns alone, which ends with stop, or when ctx does and so many linger already.
func (l *lingering) let(ctx, alone context.Context) (_ context.Context, stop func()) {
	alone, cancel := context.WithCancel(alone)
	still := context.AfterFunc(ctx, func() {
		if l.n.Add(1) > maxLingering {
			cancel()
		}
	})
	return alone, func() {
		if !still() {
			l.n.Add(-1)
		}
		cancel()
	}
}
