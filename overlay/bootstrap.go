package overlay

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
)

const (
	bootstrapParallel = 8                // dials of Bootstrap at a time
	bootstrapDial     = 10 * time.Second // for one of them
	randomWalks       = 3                // per Refresh, beside the walk to the own position
	randomWalkK       = 4                // closest peers that a random walk ends on
	minOwnWalkK       = 8                // the least that the walk to the own position ends on
	refreshParallel   = 3                // questions, so dials, that Refresh keeps in the air
	probeAfter        = 5 * time.Minute  // of silence, Refresh asks a peer of the table whether it lives
	maxProbes         = 20               // of these, per Refresh
)

// Bootstrap dials peers, a few at a time, and asks each whom it knows; reached is
// the number of those that answered. Then it walks as Refresh does. Connections
// made on the way are closed when idle, unless the host's connection manager
// protects them. The error is ErrNoPeers where peers were given and none answered;
// with nobody given and nobody known there is nothing to do, and no error.
func (d *DHT) Bootstrap(ctx context.Context, peers []peer.AddrInfo) (reached int, err error) {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return 0, fmt.Errorf("bootstrap: %w", err)
	}
	defer end()
	reached = d.contact(ctx, peers)
	if d.TableSize() > 0 {
		if err := d.refresh(ctx); err != nil {
			return reached, fmt.Errorf("bootstrap: %w", err)
		}
	}
	switch {
	case ctx.Err() != nil:
		return reached, fmt.Errorf("bootstrap: %w", d.cause(ctx))
	case reached == 0 && len(peers) > 0:
		return 0, fmt.Errorf("bootstrap: %w", ErrNoPeers)
	}
	return reached, nil
}

// contact asks each peer for the peers near this node; who answers is in the table.
func (d *DHT) contact(ctx context.Context, peers []peer.AddrInfo) (reached int) {
	var mu sync.Mutex
	d.each(len(peers), func(i int) {
		info := peers[i]
		if info.ID == d.self {
			return
		}
		d.cfg.Host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.TempAddrTTL)
		dial, cancel := context.WithTimeout(ctx, bootstrapDial)
		_, err := d.links.conn(dial, info.ID)
		cancel()
		if err == nil {
			_, err = d.request(ctx, info.ID, findNode(string(d.self)))
		}
		if err != nil {
			d.cfg.Logger.Info("bootstrap peer not reached", "peer", info.ID, "error", err)
			return
		}
		mu.Lock()
		reached++
		mu.Unlock()
	})
	return reached
}

// each runs f(0) to f(n-1), a few at a time, and waits.
func (d *DHT) each(n int, f func(int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, bootstrapParallel)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			f(i)
			<-slots
		})
	}
	wg.Wait()
}

// Refresh walks towards the own position, then into the emptiest parts of the
// routing table, and asks peers of the table that were silent for long whether
// they live. The node calls it on a timer. The error is ErrNoPeers where nobody
// answered.
func (d *DHT) Refresh(ctx context.Context) error {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	defer end()
	if err := d.refresh(ctx); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	return nil
}

func (d *DHT) refresh(ctx context.Context) error {
	silent := d.table.silent(time.Now().Add(-probeAfter), maxProbes)
	d.each(len(silent), func(i int) {
		_, _ = d.request(ctx, silent[i], findNode(string(d.self))) // the table hears of the outcome
	})
	answered := d.fill(ctx, string(d.self), min(bucketSize, max(minOwnWalkK, 2*d.cfg.Replication)))
	keys := d.table.gaps(randomWalks)
	for len(keys) < randomWalks {
		keys = append(keys, rand.Text())
	}
	for _, key := range keys {
		d.fill(ctx, key, randomWalkK)
	}
	d.table.settle()
	switch {
	case ctx.Err() != nil:
		return d.cause(ctx)
	case !answered:
		return ErrNoPeers
	}
	return nil
}

// fill walks towards a key so that who answers enters the table.
func (d *DHT) fill(ctx context.Context, key string, k int) (answered bool) {
	w := d.newWalk(key, k, d.askCloser)
	w.parallel, w.leisurely = refreshParallel, true
	w.run(ctx)
	return len(w.look.Closest()) > 0
}
