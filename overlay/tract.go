package overlay

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

// tractWidth times k servers are looked for around a key: the wider, the more keys find
// all of their k holders among them.
const tractWidth = 2

// Tract is a part of the key space whose servers were just looked for, so that many
// values with keys in it can be put without a lookup each. It does not change.
type Tract struct {
	center lookup.Position
	k      int
	peers  []contact         // alive
	places []lookup.Position // of the peers
	reach  uint64            // nobody else alive is nearer to the centre than this
	far    uint64            // how far the region of a key reaches at least, see [lookup.Region]
	at     time.Time
}

// Explore looks for the servers around the key of id.
func (d *DHT) Explore(ctx context.Context, id records.AgentID) (*Tract, error) {
	ctx, end, err := d.enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("explore: %w", err)
	}
	defer end()
	width := tractWidth * d.cfg.Replication
	region := d.region(width)
	w := d.newWalk(id.Key(), region, d.askCloser)
	w.thorough = true
	if !w.run(ctx) {
		return nil, fmt.Errorf("explore: %w", ErrNoPeers)
	}
	r := &Tract{center: positionOfKey(id.Key()), k: d.cfg.Replication, peers: w.look.Alive(), reach: math.MaxUint64, far: leading(region.Reach), at: time.Now()}
	for _, p := range r.peers {
		r.places = append(r.places, positionOfPeer(p.ID))
	}
	if closest := w.look.Closest(); len(closest) >= width {
		r.reach = leading(r.center.To(positionOfPeer(closest[len(closest)-1])))
	}
	return r, nil
}

// Age is how long ago the tract was explored.
func (r *Tract) Age() time.Duration { return time.Since(r.at) }

// Covers reports whether the k servers nearest to the key of id are all in the tract, and
// all that its region reaches: no other one can be nearer, since distances obey the
// triangle inequality.
func (r *Tract) Covers(id records.AgentID) bool {
	if r.reach == math.MaxUint64 {
		return len(r.peers) > 0 // everybody is in it
	}
	key := positionOfKey(id.Key())
	off := leading(r.center.To(key))
	if off >= r.reach || r.far > r.reach-off || len(r.peers) < r.k {
		return false
	}
	inside := 0 // servers so near to the key that none outside the tract can be nearer
	for _, at := range r.places {
		if leading(key.To(at)) < r.reach-off {
			inside++
		}
	}
	return inside >= r.k
}

// nearest returns up to n servers of the tract nearest to the key of id.
func (r *Tract) nearest(id records.AgentID, n int) []contact {
	key := positionOfKey(id.Key())
	order := make([]int, len(r.peers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return key.To(r.places[a]).Compare(key.To(r.places[b])) })
	out := make([]contact, 0, n)
	for _, i := range order[:min(n, len(order))] {
		out = append(out, r.peers[i])
	}
	return out
}

// Renew is [DHT.Publish] for one of many values in a tract that covers its key. It looks
// for nobody, and of those that acknowledge it asks only as many at random for the value
// as a receipt needs. A target that does not answer is replaced by the next in the tract.
func (d *DHT) Renew(ctx context.Context, in *Tract, v records.Value) (Receipt, error) {
	if v == nil || in == nil {
		return Receipt{}, fmt.Errorf("publish: %w: no value or no tract", records.ErrMalformed)
	}
	return d.publish(ctx, v, nil, in)
}

// sample asks some of those that acknowledged for the value, once all puts have ended.
func (p *publication) sample(ctx context.Context) {
	var acked []*target
	short := p.receipt().need()
	for _, t := range p.order {
		switch {
		case !t.counts():
		case t.waited():
			return
		case t.out.ReadBack || t.out.Acked && t.busy:
			short--
		case t.out.Acked && !t.read:
			acked = append(acked, t)
		}
	}
	rand.Shuffle(len(acked), func(i, j int) { acked[i], acked[j] = acked[j], acked[i] })
	for _, t := range acked[:max(0, min(short, len(acked)))] {
		p.readBack(ctx, t)
	}
}
