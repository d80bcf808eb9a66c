package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// maxUnwritten bounds the facts that wait for the disk.
	maxUnwritten = 200_000
	// writeRetry is the pause after a failed write.
	writeRetry = time.Second
)

// errJournalFull says that facts arrive faster than the disk takes them, or that
// it takes none.
var errJournalFull = errors.New("too many facts wait for the disk")

// journal carries facts from memory to the store: nobody who brings a fact waits
// for the disk, and everybody who must know that it is safe can wait for it.
type journal struct {
	store *store.Store
	log   *slog.Logger
	wake  chan struct{}
	done  chan struct{}

	mu      sync.Mutex
	queue   []store.StampedFact // not yet handed to the store; owned by mu
	added   uint64              // facts ever queued; owned by mu
	written uint64              // facts ever written; owned by mu
	failing error               // last write's error, nil when it went well; owned by mu
	moved   chan struct{}       // closed and replaced whenever written or failing changes; owned by mu
}

func newJournal(s *store.Store, log *slog.Logger) *journal {
	return &journal{store: s, log: log, wake: make(chan struct{}, 1), done: make(chan struct{}), moved: make(chan struct{})}
}

// add queues a fact. It fails where too many wait: our own fault, never the
// sender's.
func (j *journal) add(f records.Fact, source string, at time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) >= maxUnwritten {
		return fmt.Errorf("%w (last write: %v)", errJournalFull, j.failing)
	}
	j.queue = append(j.queue, store.StampedFact{At: at, Source: source, Fact: f})
	j.added++
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return nil
}

// run writes what is queued, one batch and one sync at a time, until ctx ends and
// nothing is left.
func (j *journal) run(ctx context.Context) {
	defer close(j.done)
	for {
		select {
		case <-j.wake:
		case <-ctx.Done():
			j.write(context.WithoutCancel(ctx))
			return
		}
		for !j.write(ctx) {
			select {
			case <-time.After(writeRetry):
			case <-ctx.Done():
				return
			}
		}
	}
}

// write hands the queue to the store and reports whether nothing failed.
func (j *journal) write(ctx context.Context) bool {
	j.mu.Lock()
	batch := j.queue
	j.queue = nil
	j.mu.Unlock()
	if len(batch) == 0 {
		return true
	}
	err := j.put(ctx, batch)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.queue = append(batch, j.queue...)
		j.log.Error("facts not written, trying again", "facts", len(batch), "err", err)
	} else {
		j.written += uint64(len(batch))
	}
	j.failing = err
	close(j.moved)
	j.moved = make(chan struct{})
	return err == nil
}

func (j *journal) put(ctx context.Context, batch []store.StampedFact) error {
	if weak.Off(weak.Disk) {
		return nil
	}
	return j.store.PutFacts(ctx, batch)
}

// flush waits until every fact queued so far is durable, or says why not.
func (j *journal) flush(ctx context.Context) error {
	j.mu.Lock()
	target := j.added
	j.mu.Unlock()
	for {
		j.mu.Lock()
		moved, written, failing := j.moved, j.written, j.failing
		j.mu.Unlock()
		switch {
		case written >= target:
			return nil
		case failing != nil:
			return fmt.Errorf("facts not durable: %w", failing)
		}
		select {
		case <-moved:
		case <-j.done:
			return errors.New("facts not durable: the node is closing")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// movement returns a channel that closes at the next write.
func (j *journal) movement() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.moved
}
