package bench

import (
	"errors"
	"os"
	"sync"
)

// groupLog is the least that makes writes durable: they are appended to a file, and
// one sync is shared by all who wait for it.
type groupLog struct {
	file *os.File

	mu      sync.Mutex
	syncing bool         // owned by mu
	buf     []byte       // not yet written; owned by mu
	waiting []chan error // one for each caller whose bytes are in buf; owned by mu
}

// newGroupLog makes a log in dir.
func newGroupLog(dir string) (*groupLog, error) {
	f, err := os.CreateTemp(dir, "log-*")
	if err != nil {
		return nil, err
	}
	return &groupLog{file: f}, nil
}

// append returns once p is on disk.
func (g *groupLog) append(p []byte) error {
	done := make(chan error, 1)
	g.mu.Lock()
	g.buf, g.waiting = append(g.buf, p...), append(g.waiting, done)
	if !g.syncing {
		g.syncing = true
		g.drain()
		g.syncing = false
	}
	g.mu.Unlock()
	return <-done
}

// drain writes until nobody waits. It is called with mu held, which it gives up
// while it writes.
func (g *groupLog) drain() {
	for len(g.waiting) > 0 {
		buf, waiting := g.buf, g.waiting
		g.buf, g.waiting = nil, nil
		g.mu.Unlock()
		_, err := g.file.Write(buf)
		if err == nil {
			err = dataSync(g.file)
		}
		for _, w := range waiting {
			w <- err
		}
		g.mu.Lock()
	}
}

// close closes the file and removes it.
func (g *groupLog) close() error {
	return errors.Join(g.file.Close(), os.Remove(g.file.Name()))
}
