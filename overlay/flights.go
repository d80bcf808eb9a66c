package overlay

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// flights knows the questions in the air whose answers name closer peers.
type flights struct {
	mu   sync.Mutex
	last map[peer.ID]*flight // the latest to each peer
}

// flight is one question. Its outcome is written before landed is closed.
type flight struct {
	landed chan struct{}
	answer answer
	err    error
}

// start notes a question to p; land ends it.
func (l *flights) start(p peer.ID) (land func(answer, error)) {
	f := &flight{landed: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = make(map[peer.ID]*flight)
	}
	l.last[p] = f
	return func(a answer, err error) {
		f.answer, f.err = a, err
		close(f.landed)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.last[p] == f {
			delete(l.last, p)
		}
	}
}

// join waits for the question in the air to p, and reports whether there was one
// that was answered.
func (l *flights) join(ctx context.Context, p peer.ID) (answer, bool) {
	l.mu.Lock()
	f := l.last[p]
	l.mu.Unlock()
	if f == nil {
		return answer{}, false
	}
	select {
	case <-f.landed:
		return f.answer, f.err == nil
	case <-ctx.Done():
		return answer{}, false
	}
}
