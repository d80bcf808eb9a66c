package overlay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// silence is how much longer than a question a put may take before its target is
	// replaced, where that was not measured: holders write to disk before they acknowledge.
	silence = 200 * time.Millisecond
	// trusted is how many acknowledgements the targets are given beforehand when it is
	// reckoned how many of them are dead.
	trusted = 4
)

// Publish puts v to the k closest live peers, and asks each that acknowledges for
// the value at once, since an acknowledgement is only an echo. A target that is
// dead or silent is replaced by the next nearest, and where many are, some are asked
// ahead. Whoever this node gave the value before gets v, too, without being counted. It
// does not store v here: that is for the caller's Values.
//
// observe, where not nil, gets the receipt at the majority of acknowledgements
// (Confirmed is false then) and at the end, on the caller's goroutine. The error is
// ErrNoPeers where no peer is reachable, and a *PartialError with the receipt where
// fewer peers than min(3, targets) acknowledged, or gave the value back.
func (d *DHT) Publish(ctx context.Context, v records.Value, observe func(Receipt)) (Receipt, error) {
	if v == nil {
		return Receipt{}, fmt.Errorf("publish: %w: no value", records.ErrMalformed)
	}
	return d.publish(ctx, v, observe, nil)
}

// publish is Publish, and Renew where the region of the key is known.
func (d *DHT) publish(ctx context.Context, v records.Value, observe func(Receipt), in *Tract) (Receipt, error) {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return Receipt{}, fmt.Errorf("publish: %w", err)
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, d.cfg.LookupTimeout)
	defer cancel()
	p := &publication{d: d, key: v.ID().Key(), value: v, raw: v.Bytes(), began: time.Now(), observe: observe,
		far:   farness(d.members.nearest(positionOfKey(v.ID().Key()), lookup.MaxPerAnswer)),
		known: make(map[peer.ID]*target), events: make(chan func()), told: d.placed.of(v.ID()), tract: in}
	p.run(ctx)
	d.placed.note(v.ID(), p.places())
	r := p.receipt()
	if observe != nil && r.Targets > 0 {
		observe(r)
	}
	switch {
	case r.Confirmed:
		return r, nil
	case r.Targets == 0 && ctx.Err() != nil, errors.Is(d.cause(ctx), ErrClosed):
		return r, fmt.Errorf("publish: %w", d.cause(ctx))
	case r.Targets == 0:
		return r, fmt.Errorf("publish: %w", ErrNoPeers)
	}
	return r, fmt.Errorf("publish: %w", &PartialError{Receipt: r, Need: r.need()})
}

// PutTo gives v to one peer: the repair of a holder that lacks it. nil means that
// the peer acknowledged, ErrRefused that it lives and did not.
func (d *DHT) PutTo(ctx context.Context, p peer.ID, v records.Value) error {
	if v == nil {
		return fmt.Errorf("put: %w: no value", records.ErrMalformed)
	}
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return fmt.Errorf("put: %w", err)
	}
	defer end()
	if _, err := d.put(ctx, p, putValue(v.ID().Key(), v.Bytes())); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	return nil
}

// put sends a put and checks the echo.
func (d *DHT) put(ctx context.Context, p peer.ID, m *pb.Message) (time.Duration, error) {
	a, err := d.request(ctx, p, m)
	switch {
	case errors.Is(err, errReset):
		return 0, fmt.Errorf("%w: %w", ErrRefused, err)
	case err != nil:
		return 0, err
	case !bytes.Equal(a.msg.GetRecord().GetValue(), m.GetRecord().GetValue()):
		return 0, fmt.Errorf("%w: %w", ErrRefused, errNoEcho)
	}
	return a.rtt, nil
}

// target is a peer that may be asked to store the value.
type target struct {
	contact
	dist    lookup.Position
	started bool
	inside  bool // it is of the region, as far as is known now
	busy    bool // a request is in the air
	read    bool // it was asked for the value
	put     time.Time
	trip    time.Duration // how long the put may take from then on, but for the disk; zero: no put is in the air
	shunned bool          // a dial did not reach it a moment ago: it is given hardly any time
	down    bool          // dead or silent: the next nearest takes its place
	out     PeerOutcome
}

// publication is one call of Publish. It belongs to the caller's goroutine; what
// happens on others comes in through events.
type publication struct {
	d       *DHT
	key     string
	value   records.Value
	raw     []byte
	began   time.Time
	observe func(Receipt)

	far      map[peer.ID]time.Duration // round trips that the view knows or guesses
	known    map[peer.ID]*target
	order    []*target // by distance
	found    bool      // the lookup has ended
	observed bool      // the majority was reached
	newer    records.Value
	events   chan func()
	told     []uint64 // where the last value was put, see placed
	tract    *Tract   // where known: nobody is looked for, and few are asked for the value
}

func (p *publication) run(ctx context.Context) {
	if p.tract != nil {
		p.offered(p.tract.nearest(p.value.ID(), 2*p.d.cfg.Replication), true)
	} else {
		p.offered(p.guess(), false)
		p.find(ctx)
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.assign(ctx)
		if p.tract != nil {
			p.sample(ctx)
		}
		if p.complete() {
			return
		}
		timer.Reset(p.nextDeadline(time.Now()))
		select {
		case event := <-p.events:
			event()
		case <-timer.C:
			p.markSilent(time.Now())
		case <-ctx.Done():
			return
		}
		if r := p.receipt(); !p.observed && 2*r.Acks > r.Targets && p.observe != nil {
			p.observed = true
			r.Confirmed = false
			p.observe(r)
		}
	}
}

// post hands event to the publication's goroutine.
func (p *publication) post(ctx context.Context, event func()) {
	select {
	case p.events <- event:
	case <-ctx.Done():
	}
}

// find looks for the targets, and offers them as soon as only late peers are
// missing. Where a value has few copies it looks farther than they reach: of a few that
// are asked, none may know a holder that came a moment ago.
func (p *publication) find(ctx context.Context) {
	w := p.d.newWalk(p.key, p.d.region(min(bucketSize, 2*p.d.cfg.Replication)), p.d.askCloser)
	w.thorough = true
	offer := func(final bool) {
		peers := w.look.Alive()
		if len(w.look.Closest()) == 0 {
			peers = nil
		}
		p.post(ctx, func() { p.offered(peers, final) })
	}
	w.settled = func() { offer(false) }
	if !p.d.start(func() { w.run(ctx); offer(true) }) {
		p.found = true
	}
}

// guess returns the nearest that are known, where so many are known around the key that
// they may well be the nearest there are: they are asked to store at once, while the
// lookup makes sure.
func (p *publication) guess() []contact {
	k, target := p.d.cfg.Replication, positionOfKey(p.key)
	if !p.d.members.dense(target, k) {
		return nil
	}
	out := p.d.table.nearest(target, k)
	for _, m := range p.d.members.nearest(target, lookup.MaxPerAnswer) {
		out = append(out, contactOf(m))
	}
	return p.d.grouped(out)
}

func (p *publication) offered(peers []contact, final bool) {
	p.found = final
	if final {
		p.dropDead(peers)
	}
	for _, info := range peers {
		if p.known[info.ID] != nil {
			continue
		}
		t := &target{contact: info, dist: positionOfKey(p.key).To(positionOfPeer(info.ID))}
		t.out = PeerOutcome{Peer: info.ID, Distance: t.dist.Bits()}
		p.known[info.ID] = t
		i, _ := slices.BinarySearchFunc(p.order, t, func(a, b *target) int { return a.dist.Compare(b.dist) })
		p.order = slices.Insert(p.order, i, t)
	}
}

// dropDead takes those out of the targets that were guessed, and that the lookup did not
// find alive, unless they acknowledge.
func (p *publication) dropDead(alive []contact) {
	for _, t := range p.order {
		if t.out.Acked || slices.ContainsFunc(alive, func(c contact) bool { return c.ID == t.ID }) {
			continue
		}
		t.down, t.out.Replaced = true, true
		if t.out.Err == nil {
			t.out.Err = errTimeout
		}
	}
}

// assign asks until those who are not down make up the region, and some behind it, since
// others will be found to be down.
func (p *publication) assign(ctx context.Context) {
	region, ahead := p.d.region(p.d.cfg.Replication), p.ahead()
	up := p.assignIn(ctx, region, ahead)
	if up < region.K && region.PerGroup > 0 {
		region.PerGroup = 0 // too few without those of crowded groups
		up = p.assignIn(ctx, region, ahead)
	}
	p.settle(region, up)
}

// settle notes who of those who are down has been replaced, where so many of a region are
// up: as many as others were asked for them.
func (p *publication) settle(region lookup.Region, up int) {
	spare := -region.K
	for _, t := range p.order {
		if t.started && !t.out.Replaced {
			spare++
		}
	}
	for _, t := range p.order {
		if t.started && t.down && !t.out.Replaced && (up >= region.K || spare > 0) {
			t.out.Replaced = true
			spare--
		}
	}
}

// ahead is how many of those who have not answered are likely to be down, by the share
// among the others: where many have gone, each would else be found out and replaced by itself.
func (p *publication) ahead() int {
	down, acked, open := 0, trusted, 0
	for _, t := range p.order {
		switch {
		case !t.started:
		case t.down:
			down++
		case t.waited():
			open++
		default:
			acked++
		}
	}
	return (open*down + down + acked - 1) / (down + acked)
}

// assignIn asks those of a region and so many behind it, or whoever has the value before
// behind it, and returns how many of the region are not down.
func (p *publication) assignIn(ctx context.Context, region lookup.Region, ahead int) (up int) {
	x := region.Outward()
	for _, t := range p.order {
		full := x.Full(t.dist)
		t.inside = false
		if t.down || full && ahead <= 0 && !p.outdated(t, x.Len()-up) || !x.Add(t.Group) {
			continue
		}
		if t.inside = !full; full {
			ahead--
		} else {
			up++
		}
		if !t.started {
			p.start(ctx, t)
		}
	}
	return up
}

// outdated reports whether a target behind the region, and behind so many others there, was
// given the value before.
func (p *publication) outdated(t *target, others int) bool {
	return p.gave(t) && others < p.d.cfg.Replication
}

// gave reports whether a target was given the value before.
func (p *publication) gave(t *target) bool {
	_, told := slices.BinarySearch(p.told, leading(t.dist))
	return told
}

// places is where the value was put, and where the value before was: who was not met this
// time may be met the next.
func (p *publication) places() (at []uint64) {
	for _, t := range p.order {
		if t.started {
			at = append(at, leading(t.dist))
		}
	}
	at = append(at, p.told...)
	slices.Sort(at)
	return slices.Compact(at)
}

// markSilent gives up on targets that did not acknowledge in time. Their
// acknowledgement still counts, should it come. What the others' disks took tells how
// long a target's may take, from the first acknowledgement on.
func (p *publication) markSilent(now time.Time) {
	disk := p.d.trips.writing()
	for _, t := range p.order {
		if t.waited() && !now.Before(t.deadline(disk)) {
			t.down = true
			t.out.Err = errTimeout
		}
	}
}

func (p *publication) nextDeadline(now time.Time) time.Duration {
	next, disk := time.Hour, p.d.trips.writing()
	for _, t := range p.order {
		if t.waited() {
			next = min(next, t.deadline(disk).Sub(now))
		}
	}
	return max(next, 0)
}

// waited reports whether the put to a target is in the air, and the target not given up.
func (t *target) waited() bool { return t.busy && !t.down && t.trip > 0 }

// deadline is until when a target is waited for where disks take so long.
func (t *target) deadline(disk time.Duration) time.Time {
	if t.shunned {
		disk = 0
	}
	return t.put.Add(t.trip + disk)
}

// complete reports that nothing is left to wait for. A silent target is waited
// for only where nobody could replace it.
func (p *publication) complete() bool {
	return p.found && !slices.ContainsFunc(p.order, func(t *target) bool { return t.busy && t.counts() })
}

// counts reports whether a target is one of the receipt's: of the region, or down and not
// replaced.
func (t *target) counts() bool { return t.inside || t.down && !t.out.Replaced }

// receipt counts how things stand.
func (p *publication) receipt() Receipt {
	r := Receipt{Newer: p.newer, Elapsed: time.Since(p.began)}
	for _, t := range p.order {
		if !t.started {
			continue
		}
		r.Peers = append(r.Peers, t.out)
		if !t.counts() {
			continue
		}
		r.Targets++
		if t.out.Acked {
			r.Acks++
		}
		if t.out.ReadBack || t.out.Acked && weak.Off(weak.ReadBack) {
			r.ReadBack++
		}
	}
	r.Confirmed = r.Targets > 0 && r.Acks >= r.need() && r.ReadBack >= r.need()
	return r
}
