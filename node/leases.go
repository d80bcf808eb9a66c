package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// pendingRetry is how soon a publish that was partial is tried again.
	pendingRetry = 5 * time.Second
	// pendingHurry is the same after a peer has come: it has to enter the table first.
	pendingHurry = 500 * time.Millisecond
	// renewWorkers bounds the renewals that run at once.
	renewWorkers = 8
	// maxIdle is the longest the renewal loop sleeps, so that a clock that jumps
	// delays no renewal for long.
	maxIdle = 2 * time.Second
	// leaseStripes is how many agents' publishes can run side by side at most.
	leaseStripes = 64
)

// leases are the records that this node keeps alive: in the store, and here.
type leases struct {
	store *store.Store
	keys  *keyring.Keyring // notes beside the keys who is kept alive; nil without a data directory

	wake    chan struct{}
	stripes [leaseStripes]chan struct{} // full while an agent of it is being published, renewed or withdrawn: one by one

	mu   sync.Mutex
	byID map[records.AgentID]*keptLease               // owned by mu
	kin  map[records.AgentID]map[records.AgentID]bool // of an ancestor, those in byID who descend from it; owned by mu
}

type keptLease struct {
	store.Lease
	due time.Time // when to renew; owned by leases.mu
}

func loadLeases(s *store.Store, keys *keyring.Keyring) (*leases, error) {
	l := &leases{store: s, keys: keys, byID: make(map[records.AgentID]*keptLease), kin: make(map[records.AgentID]map[records.AgentID]bool), wake: make(chan struct{}, 1)}
	for i := range l.stripes {
		l.stripes[i] = make(chan struct{}, 1)
	}
	for lease, err := range s.Leases() {
		if err != nil {
			return nil, fmt.Errorf("load leases: %w", err)
		}
		l.list(lease)
	}
	return l, nil
}

// dueTime is when a lease is to be renewed: between a half and two thirds of it,
// jittered so that many do not fall together; soon where it is pending.
func dueTime(l store.Lease) time.Time {
	rec := l.Record
	length := rec.NotAfter().Sub(rec.Issued())
	due := rec.Issued().Add(length/2 + time.Duration(rand.Int64N(int64(length/6)+1)))
	if soon := rec.Issued().Add(pendingRetry); l.Pending && soon.Before(due) {
		due = soon
	}
	return due
}

// note marks every lease beside its key: those that were made before there were
// marks have none.
func (ls *leases) note(log *slog.Logger) {
	if ls.keys == nil {
		return
	}
	for id, l := range ls.byID {
		if err := ls.keys.MarkPublished(l.Name); err != nil {
			log.Warn("lease not noted beside the key", "agent", id, "name", l.Name, "err", err)
		}
	}
}

// put keeps l, durably.
func (ls *leases) put(ctx context.Context, l store.Lease) error {
	if ls.keys != nil && !ls.holds(l.ID) {
		if err := ls.keys.MarkPublished(l.Name); err != nil {
			return err
		}
	}
	if err := ls.store.PutLease(ctx, l); err != nil {
		return err
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.list(l)
	ls.rouse()
	return nil
}

// list keeps l in memory. Owned by mu.
func (ls *leases) list(l store.Lease) {
	ls.byID[l.ID] = &keptLease{Lease: l, due: dueTime(l)}
	for _, id := range l.Record.Ancestors() {
		if ls.kin[id] == nil {
			ls.kin[id] = make(map[records.AgentID]bool)
		}
		ls.kin[id][l.ID] = true
	}
}

// rouse wakes the renewal loop.
func (ls *leases) rouse() {
	select {
	case ls.wake <- struct{}{}:
	default:
	}
}

// touched are those kept alive here whom a fact about id concerns: it, and who descends from
// it.
func (ls *leases) touched(id records.AgentID) (ids []records.AgentID) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.byID[id] != nil {
		ids = append(ids, id)
	}
	for child := range ls.kin[id] {
		ids = append(ids, child)
	}
	return ids
}

// get returns the lease of id.
func (ls *leases) get(id records.AgentID) (store.Lease, bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l, ok := ls.byID[id]
	if !ok {
		return store.Lease{}, false
	}
	return l.Lease, true
}

// holds reports whether id's lease is kept alive here.
func (ls *leases) holds(id records.AgentID) bool { _, ok := ls.get(id); return ok }

// count returns how many leases are kept alive.
func (ls *leases) count() int {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return len(ls.byID)
}

// drop forgets id; it is no error where none is kept. The mark goes first: one that
// outlived its lease would bring the lease back.
func (ls *leases) drop(_ context.Context, id records.AgentID) error {
	l, ok := ls.get(id)
	if !ok {
		return nil
	}
	if ls.keys != nil {
		if err := ls.keys.UnmarkPublished(l.Name); err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return err
		}
	}
	ls.mu.Lock()
	delete(ls.byID, id)
	for _, above := range l.Record.Ancestors() {
		if delete(ls.kin[above], id); len(ls.kin[above]) == 0 {
			delete(ls.kin, above)
		}
	}
	ls.mu.Unlock()
	return ls.store.DropLease(id)
}

// postpone sets when id is looked at again.
func (ls *leases) postpone(id records.AgentID, due time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l, ok := ls.byID[id]; ok {
		l.due = due
	}
}

// hurry lets what went out only in part go out again soon: a peer has come.
func (ls *leases) hurry(due time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.byID {
		if l.Pending && due.Before(l.due) {
			l.due = due
		}
	}
	select {
	case ls.wake <- struct{}{}:
	default:
	}
}

// moved sets when those leases are renewed whose record says a place that is not theirs
// any more.
func (ls *leases) moved(due time.Time, gone func(*records.Record) bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.byID {
		if due.Before(l.due) && gone(l.Record) {
			l.due = due
		}
	}
	select {
	case ls.wake <- struct{}{}:
	default:
	}
}

// due returns the leases to renew at now, and when the next one is.
func (ls *leases) due(now time.Time) (ready []store.Lease, next time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.byID {
		if !l.due.After(now) {
			ready = append(ready, l.Lease)
		} else if next.IsZero() || l.due.Before(next) {
			next = l.due
		}
	}
	return ready, next
}

// ripe returns the leases that may be renewed at now along with a neighbour, of those
// that pass.
func (ls *leases) ripe(now time.Time, pass func(records.AgentID) bool) (all []store.Lease) {
	ls.mu.Lock()
	for _, l := range ls.byID {
		if !l.due.After(now) || !l.Pending && elapsed(l.Lease, now) >= ripeAfter {
			all = append(all, l.Lease)
		}
	}
	ls.mu.Unlock()
	return slices.DeleteFunc(all, func(l store.Lease) bool { return !pass(l.ID) })
}

// renewLeases renews every kept lease in time, until ctx ends.
func (n *Node) renewLeases(ctx context.Context) {
	s := &sweep{n: n, pace: rate.NewLimiter(sweepRate, sweepRate), fresh: tractFor}
	for {
		now := n.clock.Now()
		ready, next := n.leases.due(now)
		s.run(ctx, ready)
		pause := maxIdle
		if !next.IsZero() {
			pause = min(maxIdle, max(next.Sub(now), 100*time.Millisecond))
		}
		select {
		case <-time.After(pause):
		case <-n.leases.wake:
		case <-ctx.Done():
			return
		}
	}
}

// renew signs and publishes the agent's location anew, in a region where one is given;
// never a dead subject's.
func (n *Node) renew(ctx context.Context, l store.Lease, in *overlay.Tract) error {
	unlock := n.leases.lock(l.ID)
	defer unlock()
	current, ok := n.leases.get(l.ID)
	if !ok || current.Sequence != l.Sequence || current.Pending != l.Pending {
		return nil // withdrawn or published meanwhile
	}
	last := l.Record
	fallen := n.standing(last) != nil
	if fallen && !n.rises(l) {
		return n.leases.drop(ctx, l.ID)
	}
	if l.Pending && !fallen && last.ValidAt(n.clock.Now()) == nil && n.clock.Now().Sub(last.Issued()) < l.Lease/2 {
		return n.replace(ctx, l, last, in)
	}
	agent, err := n.keys.Get(l.Name)
	if err != nil {
		return err
	}
	if !n.clock.Now().Before(agent.Identity.End()) {
		n.log.Warn("an agent has reached its end and is withdrawn", "agent", l.ID, "name", l.Name)
		return n.leases.drop(ctx, l.ID)
	}
	rec, err := n.sign(ctx, agent, last.Location(), l.Lease)
	if err != nil {
		return err
	}
	_, err = n.announce(ctx, l.Name, rec, l.Lease, in)
	return err
}

// rises reports whether the agent of a lease can sign anew, by keys that are here, although
// its last record is not to be followed any more: its keys were rotated, or an ancestor's,
// who has consented to it anew.
func (n *Node) rises(l store.Lease) bool {
	agent, err := n.keys.Get(l.Name)
	return err == nil && agent.Proof.Standing(n.fact) == nil
}

// replace puts a record that went out only in part once more, as it is.
func (n *Node) replace(ctx context.Context, l store.Lease, rec *records.Record, in *overlay.Tract) error {
	if _, err := n.place(ctx, rec, in); err != nil {
		return err
	}
	l.Pending = false
	return n.leases.put(ctx, l)
}

// lock serialises publishing, renewing and withdrawing one agent, by stripes. It is
// held for as long as a publish takes, so it is a channel: who waits waits as one does
// for the network.
func (ls *leases) lock(id records.AgentID) (unlock func()) {
	sum := id.Digest()
	stripe := ls.stripes[sum[0]%leaseStripes]
	stripe <- struct{}{}
	return func() { <-stripe }
}
