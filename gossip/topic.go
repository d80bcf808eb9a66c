package gossip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// A Topic is a node's part in the exchange of facts, from Join to Close. All
// methods may be called concurrently.
type Topic struct {
	cfg        Config
	protocol   protocol.ID
	reconciler *reconciler
	server     *server
	sched      *scheduler
	lanes      *lanes
	handovers  *handovers
	counters   counters

	router *pubsub.PubSub
	topic  *pubsub.Topic
	sub    *pubsub.Subscription
	joins  *pubsub.TopicEventHandler
	events event.Subscription
	repair *repair
	trees  *trees

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	gate   sync.RWMutex
	closed bool           // owned by gate
	inside sync.WaitGroup // calls that enter let in, and our own goroutines
}

// Join subscribes to the fact topic, serves reconciliation, and reconciles with
// every peer that speaks it, from now on. If it returns an error it has left
// nothing running, but for what pubsub takes to notice.
func Join(cfg Config) (*Topic, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Topic{
		cfg:        cfg,
		protocol:   protocol.ID(cfg.prefix() + "/sync/1"),
		reconciler: newReconciler(cfg),
		server:     newServer(),
		sched:      newScheduler(cfg.SyncEvery),
		lanes:      newLanes(cfg),
		handovers:  newHandovers(),
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.trees = newTrees(t)
	t.reconciler.ingest = t.ingestSync
	t.sched.eligible, t.sched.speaks, t.sched.spared = t.syncPeers, t.speaks, t.spared
	t.sched.settled, t.sched.run = t.reconciler.settled, func(ctx context.Context, p peer.ID, reason string) SyncReport {
		if reason == spreadCause && t.reconciler.settled(p) { // it is from there that we learned
			return SyncReport{Peer: p, Reason: reason, Complete: true, unchanged: true}
		}
		return t.round(network.WithNoDial(ctx, "cairn sync"), p, reason) // a peer that has gone stays gone
	}
	if err := t.start(); err != nil {
		_ = t.Close()
		return nil, fmt.Errorf("gossip: %w", err)
	}
	return t, nil
}

// start joins the topic and starts the goroutines. What it has started when it
// fails, Close ends.
func (t *Topic) start() (err error) {
	name := t.cfg.prefix() + "/facts/1"
	if t.router, err = newRouter(t.ctx, t.cfg, name, newTracer(t), t.trees.covers); err != nil {
		return err
	}
	if err = t.router.RegisterTopicValidator(name, t.validate, pubsub.WithValidatorInline(true)); err != nil {
		return err
	}
	if t.topic, err = t.router.Join(name); err != nil {
		return err
	}
	if t.joins, err = t.topic.EventHandler(); err != nil {
		return err
	}
	if t.sub, err = t.topic.Subscribe(pubsub.WithBufferSize(subscriptionQueue)); err != nil {
		return err
	}
	if t.repair, err = newRepair(t); err != nil {
		return err
	}
	if t.events, err = t.subscribeEvents(); err != nil {
		return err
	}
	t.cfg.Host.SetStreamHandler(t.protocol, t.serve)
	if !t.cfg.NoTrees {
		t.cfg.Host.SetStreamHandler(t.trees.protocol, t.trees.serve)
		t.inside.Go(func() { t.trees.loop(t.ctx) })
	}
	t.inside.Go(func() { t.Prepare(t.reconciler.cut()) }) // before the first session, which would wait for it
	t.inside.Go(t.drain)
	t.inside.Go(t.watchTopic)
	t.inside.Go(t.watchPeers)
	t.inside.Go(func() { t.repair.loop(t.ctx) })
	t.inside.Go(func() { t.sched.loop(t.ctx) })
	return nil
}

// Close leaves the topic, ends reconciliations and waits for gossip's own
// goroutines and calls: when it returns, Ingest, Flush and the other functions of
// Config are not called any more. Goroutines of pubsub, which cannot be waited
// for, end soon after. A second Close does nothing.
func (t *Topic) Close() error {
	t.gate.Lock()
	if t.closed {
		t.gate.Unlock()
		t.inside.Wait()
		return nil
	}
	t.closed = true
	t.gate.Unlock()

	t.cfg.Host.RemoveStreamHandler(t.protocol)
	t.cfg.Host.RemoveStreamHandler(t.trees.protocol)
	t.trees.close()
	err := t.leaveTopic()
	t.cancel()
	if t.events != nil {
		err = errors.Join(err, t.events.Close())
	}
	t.inside.Wait()
	if t.repair != nil {
		err = errors.Join(err, t.repair.emitter.Close())
	}
	return err
}

// leaveTopic tells peers that we leave, and takes the router off the host.
func (t *Topic) leaveTopic() (err error) {
	if t.joins != nil {
		t.joins.Cancel()
	}
	if t.sub != nil {
		t.sub.Cancel()
	}
	if t.topic != nil {
		// The router takes the cancellation above up in its own time; a topic that
		// it still finds in use ends with the context all the same.
		_ = t.topic.Close()
	}
	if t.router != nil {
		for _, id := range pubsub.GossipSubDefaultProtocols {
			t.cfg.Host.RemoveStreamHandler(id)
		}
	}
	return err
}

// enter lets a call in that leave must follow, or says that the topic is closed.
func (t *Topic) enter() bool {
	t.gate.RLock()
	defer t.gate.RUnlock()
	if t.closed {
		return false
	}
	t.inside.Add(1)
	return true
}

func (t *Topic) leave() { t.inside.Done() }

// drain empties our own subscription at once: the validator has done the work.
func (t *Topic) drain() {
	for {
		m, err := t.sub.Next(t.ctx)
		if err != nil {
			return
		}
		t.handovers.delivered(m.GetData())
	}
}

// Peers returns the peers on the topic.
func (t *Topic) Peers() []peer.ID {
	if !t.enter() {
		return nil
	}
	defer t.leave()
	return t.topic.ListPeers()
}

// Relays returns the peers that a new fact from others is passed on to, but for who
// sent it. Publish hands its own to all Peers.
func (t *Topic) Relays() []peer.ID {
	if !t.enter() {
		return nil
	}
	defer t.leave()
	return t.sched.mesh()
}

// Path returns how long a fact takes from here to p by way of others, as far as the
// trees tell; zero where they do not.
func (t *Topic) Path(p peer.ID) time.Duration {
	if !t.enter() {
		return 0
	}
	defer t.leave()
	return t.trees.path(p)
}
