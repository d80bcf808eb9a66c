package overlay

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

const (
	bootstrapParallel = 8                // dials of Bootstrap at a time
	bootstrapDial     = 10 * time.Second // for one of them
	randomWalkK       = 4                // closest peers that a random walk ends on
	refreshK          = 8                // that the walk to the own position ends on; at the join, the least
	refreshParallel   = 3                // questions, so dials, that a walk for the table keeps in the air
	probeAfter        = 30 * time.Minute // of silence, Refresh asks a peer of the table whether it lives
	maxProbes         = 8                // of these, per Refresh
	glances           = 3                // where the view is good, Refresh asks one of so many connected peers
	silentGlances     = 1                // and so many silent ones
)

// Bootstrap dials peers, a few at a time, and asks each whom it knows; reached is
// the number of those that answered. Then it walks towards the own position, so
// that the peers around it and this node know each other. Connections made on the
// way are closed soon when idle, unless the host's connection manager protects
// them. The error is ErrNoPeers where peers were given and none answered;
// with nobody given and nobody known there is nothing to do, and no error.
func (d *DHT) Bootstrap(ctx context.Context, peers []peer.AddrInfo) (reached int, err error) {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return 0, fmt.Errorf("bootstrap: %w", err)
	}
	defer end()
	defer d.links.errands(time.Now())
	reached = d.contact(ctx, peers)
	d.wakeGatherer()
	answered := true
	if reached > 0 || len(peers) == 0 && d.TableSize() > 0 {
		answered = d.fill(ctx, string(d.self), min(bucketSize, max(refreshK, 2*d.cfg.Replication)))
		d.table.settle()
	}
	switch {
	case ctx.Err() != nil:
		return reached, fmt.Errorf("bootstrap: %w", d.cause(ctx))
	case reached == 0 && len(peers) > 0, !answered:
		return reached, fmt.Errorf("bootstrap: %w", ErrNoPeers)
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

// Refresh asks peers of the table that were silent for long whether they live, and
// walks towards the own position, then into the emptiest part of the routing table.
// Where the view is good it asks one connected peer only.
// A table keeps itself up by what is looked up anyway and by those who come, so it
// needs this rarely. The error is ErrNoPeers where nobody answered.
func (d *DHT) Refresh(ctx context.Context) error {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	defer end()
	defer d.links.errands(time.Now())
	answered := false
	if d.viewed() {
		answered = d.glance(ctx)
	}
	if !answered {
		answered = d.roam(ctx)
	}
	d.table.settle()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("refresh: %w", d.cause(ctx))
	case !answered:
		return fmt.Errorf("refresh: %w", ErrNoPeers)
	}
	return nil
}

// roam asks silent peers whether they live, and walks through the key space.
func (d *DHT) roam(ctx context.Context) (answered bool) {
	silent := d.table.silent(time.Now().Add(-probeAfter), maxProbes)
	d.each(len(silent), func(i int) {
		_, _ = d.request(ctx, silent[i], findNode(string(d.self))) // the table hears of the outcome
	})
	k := refreshK
	if d.TableSize() < bucketSize {
		k = bucketSize // a small network: everybody is to know everybody
	}
	answered = d.fill(ctx, string(d.self), k)
	for _, key := range append(d.table.gaps(1), rand.Text())[:1] {
		d.fill(ctx, key, randomWalkK)
	}
	return answered
}

// viewed reports whether the view stands in for walks: it knows more peers than the
// table, of several neighbours.
func (d *DHT) viewed() bool {
	members, hints := d.members.count()
	return d.stats.memberAsks.Load() >= firstAsks && members+hints >= max(bucketSize, d.TableSize())
}

// glance asks a connected peer, one of the nearest to the own position, who is near it,
// and then those who are nearer than the nearest that the table has and are not known to
// it. It also asks a silent peer of the table whether it lives.
func (d *DHT) glance(ctx context.Context) (answered bool) {
	own := positionOfPeer(d.self)
	ask := d.neighbours()
	slices.SortFunc(ask, func(a, b peer.ID) int { return own.To(positionOfPeer(a)).Compare(own.To(positionOfPeer(b))) })
	if len(ask) == 0 {
		return false
	}
	near := d.table.nearest(own, bucketSize)
	r := d.askCloser(ctx, ask[mathrand.N(min(glances, len(ask)))], string(d.self))
	var missing []peer.ID
	for _, c := range r.closer {
		nearer := len(near) < bucketSize || own.To(positionOfPeer(c.ID)).Compare(own.To(positionOfPeer(near[len(near)-1].ID))) < 0
		if nearer && c.ID != d.self && len(missing) < maxProbes && !slices.Contains(missing, c.ID) &&
			!slices.ContainsFunc(near, func(n contact) bool { return n.ID == c.ID }) {
			d.cfg.Host.Peerstore().AddAddrs(c.ID, c.Addrs, peerstore.TempAddrTTL)
			missing = append(missing, c.ID)
		}
	}
	missing = append(missing, d.table.silent(time.Now().Add(-probeAfter), silentGlances)...)
	d.each(len(missing), func(i int) { _, _ = d.request(ctx, missing[i], findNode(string(d.self))) })
	return r.err == nil
}

// fill walks towards a key so that who answers enters the table.
func (d *DHT) fill(ctx context.Context, key string, k int) (answered bool) {
	w := d.newWalk(key, lookup.Region{K: k}, d.askCloser)
	w.parallel, w.leisurely = refreshParallel, true
	w.run(ctx)
	return len(w.look.Closest()) > 0
}
