package node

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/overlay"
)

const (
	// sweepFew leases are renewed one by one: to look for a region pays for several only.
	sweepFew = 8
	// sweepRate is how many leases are renewed in a second, so that many take no more of
	// the machine than few. Whose lease is short of time does not wait for it.
	sweepRate = 20
	// ripeAfter of a lease it is renewed along with a neighbour in the key space: then all
	// that share holders fall due together from then on.
	ripeAfter = 1.0 / 3
	// lateAfter of a lease it is short of time.
	lateAfter = 5.0 / 6
	// tractFor is sweep.fresh.
	tractFor = time.Minute
)

// sweep is the renewal of many leases as a walk through the key space: those whose keys
// have the same holders share one lookup, and the connections that their puts need.
type sweep struct {
	n     *Node
	pace  *rate.Limiter
	fresh time.Duration // how long the servers of a region are taken to be the same
}

// elapsed is the part of its lease that l has lived through at now.
func elapsed(l store.Lease, now time.Time) float64 {
	rec := l.Record
	return float64(now.Sub(rec.Issued())) / float64(max(rec.NotAfter().Sub(rec.Issued()), 1))
}

// byPosition orders leases by where their keys are.
func byPosition(all []store.Lease) {
	type placed struct {
		at    [32]byte
		lease store.Lease
	}
	list := make([]placed, len(all))
	for i, l := range all {
		list[i] = placed{l.ID.Position(), l}
	}
	slices.SortFunc(list, func(a, b placed) int { return bytes.Compare(a.at[:], b.at[:]) })
	for i := range list {
		all[i] = list[i].lease
	}
}

// run renews what is due, and what lies near it in the key space and is ripe.
func (s *sweep) run(ctx context.Context, due []store.Lease) {
	if len(due) == 0 {
		return
	}
	if s.n.leases.count() < sweepFew {
		s.renew(ctx, due, nil)
		return
	}
	byPosition(due)
	for len(due) > 0 && ctx.Err() == nil {
		region, err := s.n.dht.Explore(ctx, due[0].ID)
		if err != nil {
			s.renew(ctx, due[:1], nil)
			due = due[1:]
			continue
		}
		s.n.count.add("renewal_tracts_total", 1)
		batch := s.n.leases.ripe(s.n.clock.Now(), region.Covers)
		if !slices.ContainsFunc(batch, func(l store.Lease) bool { return l.ID == due[0].ID }) {
			batch = append(batch, due[0])
		}
		slices.SortFunc(batch, func(a, b store.Lease) int { return a.Record.NotAfter().Compare(b.Record.NotAfter()) })
		done := make(map[[32]byte]bool, len(batch))
		for _, l := range batch[:s.renew(ctx, batch, region)] {
			done[l.ID.Digest()] = true
		}
		due = slices.DeleteFunc(due, func(l store.Lease) bool { return done[l.ID.Digest()] })
	}
}

// renew renews leases, some at a time, in a region where that covers them, and returns how
// many: once the region was looked for too long ago, the others are to be renewed in a new one.
func (s *sweep) renew(ctx context.Context, all []store.Lease, in *overlay.Tract) (n int) {
	slots := make(chan struct{}, renewWorkers)
	var group sync.WaitGroup
	defer group.Wait()
	for i, l := range all {
		if i > 0 && in != nil && in.Age() > s.fresh {
			return i
		}
		if elapsed(l, s.n.clock.Now()) < lateAfter && !l.Pending {
			_ = s.pace.Wait(ctx) // it ends with ctx
		}
		if ctx.Err() != nil {
			return i
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			s.one(ctx, l, in)
		})
	}
	return len(all)
}

// one renews one lease, or sets when to try again.
func (s *sweep) one(ctx context.Context, l store.Lease, in *overlay.Tract) {
	n := s.n
	if in != nil && !in.Covers(l.ID) {
		in = nil
	}
	if err := n.renew(ctx, l, in); err != nil {
		if ctx.Err() != nil {
			return
		}
		n.count.add("renewals_failed_total", 1)
		n.log.Warn("lease not renewed, trying again", "agent", l.ID, "name", l.Name, "err", err)
		n.leases.postpone(l.ID, n.clock.Now().Add(pendingRetry))
		return
	}
	n.count.add("renewals_total", 1)
}
