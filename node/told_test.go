package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/records"
)

// TestHoldersTellWhatCameByGossip: who watches is told of an end that the holder itself
// learned by gossip, and does not wait for the next renewal.
func TestHoldersTellWhatCameByGossip(t *testing.T) {
	holder := newTestNode(t, Config{})
	watcher := newTestNode(t, Config{}, holder)
	until(t, "they know each other", func() bool { return watcher.dht.TableSize() == 1 && holder.dht.TableSize() == 1 })
	f := mortal(t, 1)
	ctx, stop := context.WithCancel(t.Context())
	heard, done := make(chan records.Value, 8), make(chan struct{})
	go func() {
		defer close(done)
		_ = watcher.dht.Watch(ctx, f.ID(), func(v records.Value) { heard <- v })
	}()
	defer func() { stop(); <-done }()
	until(t, "the watcher is registered", func() bool { return holder.dht.Stats().Watchers == 1 })
	if isNew, err := holder.ingest(f, SourceGossip); err != nil || !isNew {
		t.Fatal(isNew, err)
	}
	select {
	case v := <-heard:
		if v.ID() != f.ID() {
			t.Errorf("told of %s", v.ID())
		}
	case <-time.After(10 * time.Second):
		t.Error("the watcher is not told")
	}
}

// TestOwnWordLeavesThePool: a tombstone that only the strangers' pool has is on disk once
// somebody here revokes with it.
func TestOwnWordLeavesThePool(t *testing.T) {
	n := newTestNode(t, Config{Dir: t.TempDir()})
	f := mortal(t, 1)
	away := f.ID().Position()
	away[0] ^= 0x80
	n.extent.set(records.RangeAround(away, 1))
	if isNew, err := n.ingest(f, string(gossip.ViaGossip)); err != nil || !isNew || n.facts.Has(f) {
		t.Fatal("not in the pool", isNew, err)
	}
	if isNew, err := n.ingest(f, sourceLocal); err != nil || !isNew || !n.facts.Has(f) {
		t.Errorf("new %v, held for good %v, %v", isNew, n.facts.Has(f), err)
	}
	if isNew, err := n.ingest(f, sourceLocal); err != nil || isNew {
		t.Errorf("new again: %v, %v", isNew, err)
	}
}

// TestPeersThatComeEarly: the overlay serves before the rest of the node is there.
func TestPeersThatComeEarly(t *testing.T) {
	n := &Node{joined: make(chan struct{}), ctx: t.Context()}
	f := mortal(t, 1)
	if _, ok := n.covers(f.ID()); ok {
		t.Error("covers before it has joined")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := (values{n}).Put(ctx, f); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("put: %v", err)
	}
}
