package overlay

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// The watcher's side of a watch, spec 010.
const (
	// watchHolders is how many of an agent's holders are asked to tell.
	watchHolders = 4
	// watchLease is for how long they are asked, and watchRound how long after that they
	// are asked anew: a draw between a half and one and a half of it.
	watchLease = 3 * time.Minute
	watchRound = time.Minute
	// hearRate and hearBurst are how many values one holder may tell.
	hearRate, hearBurst = 20, 200
	// maxOld is how often a holder may tell what is older than what it told itself.
	maxOld = 3
	// liarFor is how long nobody is asked to tell who told what does not verify.
	liarFor = time.Hour
	// keptHolders bounds the connections that are kept since their peers are to tell.
	keptHolders = 12
	// watchTag keeps them.
	watchTag = "cairn-watch"
)

// watch is one call of Watch.
type watch struct {
	id    records.AgentID
	heard func(records.Value)

	mu     sync.Mutex
	best   records.Value
	asked  map[peer.ID]*holder // those that are to tell
	closed bool
}

// holder is one that is to tell.
type holder struct {
	told records.Value // the newest that it told
	old  int           // how often it told an older one
}

// listening is what this node waits to be told.
type listening struct {
	tells *quotas
	liars shuns

	mu   sync.Mutex
	by   map[records.AgentID][]*watch
	kept map[peer.ID]int // for how many watches a connection is kept
}

func newListening() *listening {
	return &listening{tells: newQuotas(hearRate, hearBurst), by: make(map[records.AgentID][]*watch), kept: make(map[peer.ID]int)}
}

// Watch has holders of id tell this node when they take a newer value, and calls heard
// with each that is newer than those before, from any goroutine, one at a time, until ctx
// ends; heard must not block for long. What stands at the beginning is told too. Where a
// message is lost the next renewal brings it: a minute later on average. The error is
// ctx's, or ErrClosed.
func (d *DHT) Watch(ctx context.Context, id records.AgentID, heard func(records.Value)) error {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer end()
	w := &watch{id: id, heard: heard, asked: make(map[peer.ID]*holder)}
	d.listening.add(w)
	defer d.unwatch(w)
	for {
		d.watchOnce(ctx, w)
		timer := time.NewTimer(watchRound/2 + rand.N(watchRound))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("watch: %w", d.cause(ctx))
		}
	}
}

func (h *listening) add(w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.by[w.id] = append(h.by[w.id], w)
}

// unwatch ends a watch, and says so to who was to tell.
func (d *DHT) unwatch(w *watch) {
	d.listening.mu.Lock()
	rest := slices.DeleteFunc(d.listening.by[w.id], func(x *watch) bool { return x == w })
	if d.listening.by[w.id] = rest; len(rest) == 0 {
		delete(d.listening.by, w.id)
	}
	d.listening.mu.Unlock()
	w.mu.Lock()
	w.closed = true
	all := w.holders()
	w.mu.Unlock()
	for _, p := range all {
		d.release(w, p)
		if len(rest) == 0 && d.links.connected(p) {
			d.start(func() { _, _ = d.askWatch(d.ctx, p, watchQuestion{kind: watchAsk, id: w.id}) })
		}
	}
}

// holders are those that are to tell. The caller holds the lock.
func (w *watch) holders() (all []peer.ID) {
	for p := range w.asked {
		all = append(all, p)
	}
	return all
}

// watchOnce renews what is registered, and registers with others in the place of those
// that are no holders any more, or do not answer.
func (d *DHT) watchOnce(ctx context.Context, w *watch) {
	candidates := d.whoHolds(ctx, w)
	w.mu.Lock()
	present := w.holders()
	w.mu.Unlock()
	for _, p := range present {
		if !slices.Contains(candidates, p) {
			d.release(w, p)
		}
	}
	order := slices.Clone(candidates)
	slices.SortStableFunc(order, func(a, b peer.ID) int { // who tells already, then as they come
		return cmp.Compare(boolInt(slices.Contains(present, b)), boolInt(slices.Contains(present, a)))
	})
	good := 0
	for at := 0; at < len(order) && good < watchHolders && ctx.Err() == nil; {
		batch := order[at:min(at+watchHolders-good, len(order))]
		at += len(batch)
		var mu sync.Mutex
		d.each(len(batch), func(i int) {
			if d.enlist(ctx, w, batch[i]) {
				mu.Lock()
				defer mu.Unlock()
				good++
			}
		})
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// whoHolds returns the holders that may be asked: the two that are nearest in time first,
// since they tell first, then any, since an attacker can choose to be near.
func (d *DHT) whoHolds(ctx context.Context, w *watch) []peer.ID {
	var all []peer.ID
	if key := w.id.Key(); d.members.dense(positionOfKey(key), d.cfg.Replication) {
		all = d.holdersOf(key)
	} else if report, err := d.Search(ctx, w.id, func(a Answer) bool { w.take(a.Value); return true }); err == nil {
		all = report.Closest
	}
	all = slices.DeleteFunc(all, func(p peer.ID) bool { return p == d.self || d.listening.liars.has(p) })
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	far := make(map[peer.ID]time.Duration, len(all))
	for _, p := range all {
		far[p] = cmp.Or(leastRTT(d.cfg.Host.Network().ConnsToPeer(p)), d.trips.of(p), d.members.rtt(p), time.Hour)
	}
	for i := range min(2, len(all)) {
		quickest := i
		for j := i + 1; j < len(all); j++ {
			if far[all[j]] < far[all[quickest]] {
				quickest = j
			}
		}
		all[i], all[quickest] = all[quickest], all[i]
	}
	return all
}

// enlist registers with p, or renews it, and takes what it has.
func (d *DHT) enlist(ctx context.Context, w *watch, p peer.ID) bool {
	q := watchQuestion{kind: watchAsk, id: w.id, lease: watchLease}
	w.mu.Lock()
	if w.best != nil {
		q.have = sumOf(w.best)
	}
	if w.asked[p] == nil && !w.closed {
		w.asked[p] = new(holder) // it may tell before its answer is here
	}
	w.mu.Unlock()
	a, err := d.askWatch(ctx, p, q)
	if err == nil && a.taken && a.value != nil {
		err = d.told(w, p, a.value)
	}
	if err != nil || !a.taken {
		d.release(w, p)
		return false
	}
	d.keep(w, p)
	return true
}

// keep holds on to the connection with p, if there are not too many.
func (d *DHT) keep(w *watch, p peer.ID) {
	d.listening.mu.Lock()
	defer d.listening.mu.Unlock()
	if d.listening.kept[p] == 0 && len(d.listening.kept) >= keptHolders {
		return
	}
	d.listening.kept[p] = 1
	d.cfg.Host.ConnManager().Protect(p, watchTag)
}

// release lets go of p for one watch.
func (d *DHT) release(w *watch, p peer.ID) {
	w.mu.Lock()
	delete(w.asked, p)
	w.mu.Unlock()
	d.listening.mu.Lock()
	defer d.listening.mu.Unlock()
	if d.listening.kept[p] == 0 {
		return
	}
	for _, all := range d.listening.by {
		for _, other := range all {
			if other != w && other.asks(p) {
				return
			}
		}
	}
	delete(d.listening.kept, p)
	d.cfg.Host.ConnManager().Unprotect(p, watchTag)
}

func (w *watch) asks(p peer.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[p] != nil
}

// hear takes a value that p tells, and reports whether it may.
func (d *DHT) hear(p peer.ID, q watchQuestion) bool {
	if !d.listening.tells.of(p).Allow() && !weak.Off(weak.HearCaps) {
		d.stats.watchRefused.add("rate")
		return false
	}
	d.listening.mu.Lock()
	all := slices.Clone(d.listening.by[q.id])
	d.listening.mu.Unlock()
	all = slices.DeleteFunc(all, func(w *watch) bool { return !w.asks(p) && !weak.Off(weak.HearCaps) })
	if len(all) == 0 {
		d.stats.watchRefused.add("unasked")
		return false
	}
	for _, w := range all {
		if err := d.told(w, p, q.value); err != nil {
			return false
		}
	}
	return true
}

// told judges what p says about a watched agent. Whoever says what does not verify, or
// goes on to say what is old, is not to tell any more.
func (d *DHT) told(w *watch, p peer.ID, value []byte) error {
	v, err := d.verify.open(w.id.Key(), value)
	if err == nil {
		d.stats.heard.Add(1)
		if err = w.weigh(p, v); err == nil {
			w.take(v)
			return nil
		}
	}
	d.stats.liars.Add(1)
	d.listening.liars.addFor(p, liarFor)
	d.release(w, p)
	return err
}

// weigh holds what p tells against what it told before.
func (w *watch) weigh(p peer.ID, v records.Value) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.asked[p]
	if h == nil {
		return nil
	}
	if h.told != nil && records.Compare(v, h.told) < 0 {
		if h.old++; h.old > maxOld {
			return fmt.Errorf("%s goes back behind its own word: %w", p, records.ErrStale)
		}
		return nil
	}
	h.told = v
	return nil
}

// take hands v on where it is news.
func (w *watch) take(v records.Value) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.best != nil && records.Compare(v, w.best) <= 0 {
		return
	}
	w.best = v
	w.heard(v)
}
