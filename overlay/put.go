package overlay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

// start puts to a target. A put to one who was given the value before goes on where the
// publication ends before it, since whoever is behind the region is not waited for. Others
// would be holders that the receipt does not name.
func (p *publication) start(ctx context.Context, t *target) {
	connected := p.d.links.connected(t.ID)
	if !connected && len(t.Addrs) > 0 {
		p.d.cfg.Host.Peerstore().AddAddrs(t.ID, t.Addrs, peerstore.TempAddrTTL)
	}
	t.started, t.busy = true, true
	t.put, t.trip = time.Now(), p.trip(t.ID, connected)
	if t.shunned = !connected && p.d.sender.shuns.has(t.ID); t.shunned {
		t.trip = min(t.trip, lookup.MinLimit)
	}
	outlives := p.gave(t)
	ok := p.d.start(func() {
		rtt, err := p.put(ctx, t, outlives)
		p.post(ctx, func() { p.putEnded(ctx, t, rtt, err) })
	})
	if !ok {
		t.busy, t.out.Err = false, ErrClosed
	}
}

// put puts to a target, and goes on after ctx where it outlives that.
func (p *publication) put(ctx context.Context, t *target, outlives bool) (time.Duration, error) {
	if outlives {
		alone, end, err := p.d.enter(context.WithoutCancel(ctx))
		if err != nil {
			return 0, err
		}
		defer end()
		alone, stop := p.d.lingering.let(ctx, alone)
		defer stop()
		ctx = alone
	}
	return p.d.put(ctx, t.ID, putValue(p.key, p.raw))
}

// trip is how long a put to a target may take, but for its disk: where its round trip is
// known, or guessed from what others say, a fourth more than that.
func (p *publication) trip(id peer.ID, connected bool) time.Duration {
	trip := leastRTT(p.d.cfg.Host.Network().ConnsToPeer(id))
	if trip == 0 {
		if trip = cmp.Or(p.d.trips.of(id), p.far[id]); !connected {
			trip *= 2
		}
	}
	if trip == 0 {
		return p.d.trips.limit(id, connected)
	}
	return trip + trip/4
}

// putEnded goes on to read back: what an acknowledgement is worth, or what a
// refusal is about.
func (p *publication) putEnded(ctx context.Context, t *target, rtt time.Duration, err error) {
	t.out.RTT, t.out.Err = rtt, err
	if trip := leastRTT(p.d.cfg.Host.Network().ConnsToPeer(t.ID)); err == nil && trip > 0 {
		p.d.trips.addWrite(rtt - trip)
	}
	switch {
	case err == nil:
		t.out.Acked, t.out.AckedAt, t.down = true, time.Since(p.began), false
	case !errors.Is(err, ErrRefused):
		t.busy, t.down = false, true
		return
	}
	t.trip = 0
	if p.tract != nil && t.out.Acked {
		t.busy = false // see sample
		return
	}
	p.readBack(ctx, t)
}

// readBack asks a target for the value.
func (p *publication) readBack(ctx context.Context, t *target) {
	t.busy, t.read = true, true
	ok := p.d.start(func() {
		r := p.d.askValue(ctx, t.ID, p.key)
		p.post(ctx, func() { p.readEnded(t, r) })
	})
	if !ok {
		t.busy = false
	}
}

func (p *publication) readEnded(t *target, r reply) {
	t.busy = false
	wins := r.value != nil && records.Compare(r.value, p.value) >= 0
	if wins && records.Compare(r.value, p.value) > 0 && (p.newer == nil || records.Compare(r.value, p.newer) > 0) {
		p.newer = r.value
	}
	switch {
	case !t.out.Acked:
		if wins { // it refused because it knows better
			t.out.Err = fmt.Errorf("%w: %w", t.out.Err, superseded(r.value))
		}
	case wins:
		t.out.ReadBack, t.out.Err = true, nil
	case r.err != nil:
		t.out.Err = fmt.Errorf("read back: %w", r.err)
	default:
		t.out.Err = errNotBack
	}
}

var errNotBack = errors.New("read back: acknowledged, but it has not got the value")

// superseded says why a value loses against held.
func superseded(held records.Value) error {
	if _, dead := held.(*records.Tombstone); dead {
		return records.ErrRevoked
	}
	return records.ErrStale
}
