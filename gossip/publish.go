package gossip

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"

	"github.com/cairn-overlay/cairn/records"
)

// handoverTime bounds how long Publish waits for the router's loop.
const handoverTime = 2 * time.Second

// Publish hands f to every peer on the topic, not only to those of the mesh, and
// returns to how many. Handed means queued: a peer may still lose it, and a drop
// is counted and followed by a reconciliation. With no peer on the topic it
// returns 0 and no error; peers that come later get f by reconciliation. It
// returns 0 as well for a fact that the topic carried here within the last two
// minutes, since it is not sent again.
//
// Publish does not put f into Facts: the node has done so before, or the
// reconciliations have nothing to give.
func (t *Topic) Publish(ctx context.Context, f records.Fact) (peers int, err error) {
	if !t.enter() {
		return 0, ErrClosed
	}
	defer t.leave()
	t.counters.published.Add(1)
	data := f.Bytes()
	pushed := t.trees.originate(data)
	handed, err := t.handOver(ctx, data)
	return pushed + handed, err
}

// Offer is Publish for a fact that came by another way than gossip: it is sent only
// where it has not come along by itself within patience. Offer does not wait.
func (t *Topic) Offer(f records.Fact, patience time.Duration) {
	t.trees.learned(f.Bytes())
	time.AfterFunc(patience, func() {
		if !t.enter() {
			return
		}
		defer t.leave()
		if t.trees.passed(f.Bytes()) {
			return
		}
		if _, err := t.Publish(t.ctx, f); err != nil {
			t.cfg.Logger.Debug("a fact was not passed on", "subject", f.ID(), "err", err)
		}
	})
}

// handOver gives a message to the router, which sends it to those whom no tree
// reaches.
func (t *Topic) handOver(ctx context.Context, data []byte) (peers int, err error) {
	h := t.handovers.begin(string(data))
	defer t.handovers.end(string(data), h)
	if err := t.topic.Publish(ctx, data, pubsub.WithValidatorData(h)); err != nil {
		return 0, fmt.Errorf("publish: %w", err)
	}
	if !h.fresh.Load() {
		return 0, nil
	}
	timer := time.NewTimer(handoverTime)
	defer timer.Stop()
	select {
	case <-h.delivered:
		// Delivery to our own subscription is the first half of the router's step that
		// sends; when the loop answers again, the other half is over.
		t.topic.ListPeers()
	case <-timer.C:
	case <-ctx.Done():
		return int(h.peers.Load()), fmt.Errorf("publish: %w", ctx.Err())
	case <-t.ctx.Done():
		return int(h.peers.Load()), ErrClosed
	}
	return int(h.peers.Load()), nil
}

// A handover is a message on its way from Publish into the peers' queues.
type handover struct {
	fresh     atomic.Bool // the router did not know the message
	peers     atomic.Int64
	delivered chan struct{} // closed when the router has it
	once      sync.Once
}

// handovers are those under way, by message.
type handovers struct {
	count atomic.Int64 // spares the lock while there are none
	mu    sync.Mutex
	by    map[string][]*handover
}

func newHandovers() *handovers { return &handovers{by: make(map[string][]*handover)} }

func (s *handovers) begin(data string) *handover {
	h := &handover{delivered: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[data] = append(s.by[data], h)
	s.count.Add(1)
	return h
}

func (s *handovers) end(data string, h *handover) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Add(-1)
	rest := s.by[data][:0]
	for _, other := range s.by[data] {
		if other != h {
			rest = append(rest, other)
		}
	}
	if s.by[data] = rest; len(rest) == 0 {
		delete(s.by, data)
	}
}

// sent notes that messages were queued for one peer.
func (s *handovers) sent(messages []*pb.Message) {
	if s.count.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		for _, h := range s.by[string(m.GetData())] {
			h.peers.Add(1)
		}
	}
}

// delivered notes that the router has taken a message up.
func (s *handovers) delivered(data []byte) {
	if s.count.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.by[string(data)] {
		h.once.Do(func() { close(h.delivered) })
	}
}
