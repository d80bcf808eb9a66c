package overlay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// A witness that lacks the value is asked again after witnessWait, then after twice
// that, and so on, witnessTries times in all: 1.5 s.
const (
	witnessWait  = 100 * time.Millisecond
	witnessTries = 5
)

// Witness asks a few of the peers closest to v's key for v, which spreads by other
// ways than puts, until all have given it back. It puts nothing. One of them at least
// is a peer that is not told, where there is one: whoever was told directly proves
// nothing about others. told may be nil.
//
// The receipt names those asked: each that gave v back counts as an acknowledgement
// too. It is Confirmed where all of them did. The errors are those of Publish.
func (d *DHT) Witness(ctx context.Context, v records.Value, told func(peer.ID) bool) (Receipt, error) {
	if v == nil {
		return Receipt{}, fmt.Errorf("witness: %w: no value", records.ErrMalformed)
	}
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return Receipt{}, fmt.Errorf("witness: %w", err)
	}
	defer end()
	h := &hearing{d: d, value: v, began: time.Now(), heard: make(chan testimony)}
	h.waiting = d.witnesses(v.ID().Key(), told)
	h.run(ctx)
	switch r := h.receipt; {
	case r.Confirmed:
		return r, nil
	case r.Targets == 0 && ctx.Err() != nil:
		return r, fmt.Errorf("witness: %w", d.cause(ctx))
	case r.Targets == 0:
		return r, fmt.Errorf("witness: %w", ErrNoPeers)
	default:
		return r, fmt.Errorf("witness: %w", &PartialError{Receipt: r, Need: r.need()})
	}
}

// witnesses are the peers closest to key in the order in which to ask them: one that
// was not told, then those that need no dial, then the rest.
func (d *DHT) witnesses(key string, told func(peer.ID) bool) []contact {
	all := d.table.nearest(positionOfKey(key), d.cfg.Replication)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	dial := func(c contact) int {
		if d.links.connected(c.ID) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b contact) int { return dial(a) - dial(b) })
	if i := slices.IndexFunc(all, func(c contact) bool { return told != nil && !told(c.ID) }); i > 0 {
		first := all[i]
		all = slices.Insert(slices.Delete(all, i, i+1), 0, first)
	}
	return all
}

// hearing is one call of Witness. It belongs to the caller's goroutine.
type hearing struct {
	d       *DHT
	value   records.Value
	began   time.Time
	waiting []contact // who may still be asked
	asked   int       // no answer yet
	heard   chan testimony
	receipt Receipt
}

// testimony is what became of one witness.
type testimony struct {
	PeerOutcome
	alive bool // it answered, whatever it said
}

func (h *hearing) run(ctx context.Context) {
	for range enough {
		h.call(ctx)
	}
	for h.asked > 0 {
		select {
		case t := <-h.heard:
			h.asked--
			h.note(ctx, t)
		case <-ctx.Done():
			return
		}
	}
}

// call asks the next witness.
func (h *hearing) call(ctx context.Context) {
	if len(h.waiting) == 0 {
		return
	}
	c := h.waiting[0]
	h.waiting = h.waiting[1:]
	if h.d.start(func() {
		t := h.question(ctx, c.ID)
		select {
		case h.heard <- t:
		case <-ctx.Done():
		}
	}) {
		h.asked++
	}
}

// question asks one witness until it has the value, or has had the time to get it.
func (h *hearing) question(ctx context.Context, p peer.ID) testimony {
	key := h.value.ID().Key()
	t := testimony{PeerOutcome: PeerOutcome{Peer: p, Distance: positionOfKey(key).To(positionOfPeer(p)).Bits(), Err: errLacks}}
	for wait, tries := witnessWait, witnessTries; ; wait *= 2 {
		r := h.d.askValue(ctx, p, key)
		if r.err != nil {
			t.Err = r.err
			return t
		}
		t.alive, t.RTT = true, r.rtt
		if r.value != nil && records.Compare(r.value, h.value) >= 0 {
			t.Acked, t.AckedAt, t.ReadBack, t.Err = true, time.Since(h.began), true, nil
			return t
		}
		if tries--; tries == 0 {
			return t
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return t
		}
	}
}

// note counts a witness, and calls another in the place of one that is dead.
func (h *hearing) note(ctx context.Context, t testimony) {
	r := &h.receipt
	switch {
	case t.ReadBack:
		r.Targets, r.Acks, r.ReadBack = r.Targets+1, r.Acks+1, r.ReadBack+1
	case t.alive || len(h.waiting) == 0:
		r.Targets++
	default:
		t.Replaced = true
		h.call(ctx)
	}
	r.Peers = append(r.Peers, t.PeerOutcome)
	r.Elapsed = time.Since(h.began)
	r.Confirmed = r.ReadBack == r.Targets && h.asked == 0 && r.Targets > 0
}

var errLacks = errors.New("it has not got the value")
