package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

const (
	// quiet is how long two sides that agree are left alone, for the bytes of upkeep.
	quiet = 30 * time.Second
	// lastAcks is how long after a reconciliation its last packets are still counted.
	lastAcks = 200 * time.Millisecond
	// never is longer than an experiment.
	never = 1000 * time.Hour
	// manyAlike is how many facts two members of one network got meanwhile, at least, and
	// alikeFactor how many for each that one of them lacks.
	manyAlike   = 1000
	alikeFactor = 10
	// candidates are the places from which the two sides are drawn.
	candidates = 50
)

// Rejoin is what it cost one node to catch up with another, over a connection that
// stood and had carried agreement before.
type Rejoin struct {
	Missing  int  // facts that it lacked
	Diverged bool // the other one lacked as many
	// Alike is how many facts both got meanwhile by other ways, each not knowing that the
	// other one did.
	Alike int
	// Complete: both hold the union.
	Complete bool
	// Bytes are all packets both ways with their headers, what an idle connection sends
	// subtracted; Least is the sum of the facts' own bytes that had to be sent.
	Bytes, Least float64
	// Took is the time until it held everything, RTT a round trip, charged; Trips is how
	// often it waited for the other side.
	Took, RTT float64
	Trips     int
}

// RunRejoin lets one of two nodes that have facts in common miss some, row by row; once
// more with the other one lacking as many; and once more with both having got many
// others meanwhile, the same ones. full is the bytes of sending everything
// instead, which is the only way that stock libraries leave.
func RunRejoin(ctx context.Context, cfg Config, common int, missing []int) (rows []Rejoin, full float64, charge float64, err error) {
	c, err := measureCharge(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	p, err := newPair(ctx, setup{Config: cfg, charge: c})
	if err != nil {
		return nil, 0, 0, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	cfg.Say("two nodes with %d facts in common", common)
	if full, err = p.begin(ctx, common); err != nil {
		return nil, 0, 0, err
	}
	for _, kind := range []Rejoin{{}, {Diverged: true}, {Diverged: true, Alike: manyAlike}} {
		for _, d := range missing {
			kind.Missing = d
			if kind.Alike > 0 {
				kind.Alike = max(manyAlike, alikeFactor*d)
			}
			cfg.Say("%d facts are missing, on both sides: %t; %d are new and alike", d, kind.Diverged, kind.Alike)
			row, err := p.miss(ctx, kind)
			if err != nil {
				return rows, full, ms(c), err
			}
			rows = append(rows, row)
		}
	}
	return rows, full, ms(c), nil
}

// pair is two nodes as reconciliation sees them: fact sets with their topic.
type pair struct {
	setup
	fabric  *sim.Fabric
	numbers [2]int
	hosts   []host.Host
	sets    [2]*records.FactSet
	topics  []*gossip.Topic
	made    uint64  // facts so far
	idle    float64 // bytes a second
}

// newPair puts two nodes on a wire and connects them. On error nothing is left running.
func newPair(ctx context.Context, s setup) (*pair, error) {
	f, err := sim.NewFabric(s.wire())
	if err != nil {
		return nil, err
	}
	p := &pair{setup: s, fabric: f, numbers: [2]int{0, s.typical()}}
	if err := p.open(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// typical is a place as far from place 0 as most are.
func (s setup) typical() int {
	far := upTo(candidates)[1:]
	slices.SortFunc(far, func(a, b int) int { return int(s.Model.OneWay(0, a) - s.Model.OneWay(0, b)) })
	return far[len(far)/2]
}

func (p *pair) open(ctx context.Context) error {
	for i, number := range p.numbers {
		h, err := p.fabric.NewHost(number)
		if err != nil {
			return err
		}
		set := records.NewFactSet()
		p.hosts, p.sets[i] = append(p.hosts, h), set
		t, err := gossip.Join(gossip.Config{
			Host: h, Network: testnet.DefaultNetwork, Facts: set, SyncEvery: never,
			Ingest: func(f records.Fact, _ peer.ID, _ gossip.Via) (bool, error) { return set.Add(f), nil },
		})
		if err != nil {
			return err
		}
		p.topics = append(p.topics, t)
	}
	return p.hosts[0].Connect(ctx, peer.AddrInfo{ID: p.hosts[1].ID(), Addrs: p.hosts[1].Addrs()})
}

func (p *pair) close() error {
	var errs []error
	for _, t := range p.topics {
		errs = append(errs, t.Close())
	}
	for _, h := range p.hosts {
		errs = append(errs, h.Network().Close(), h.Close())
	}
	p.fabric.Close()
	return errors.Join(errs...)
}

// fact makes a fact that was not made before.
func (p *pair) fact() (records.Fact, error) {
	p.made++
	var secret records.Secret
	var body [32]byte
	binary.LittleEndian.PutUint64(secret[:], p.made)
	binary.LittleEndian.PutUint64(body[:], p.made)
	h, err := records.NewHeader(records.KindAgent, uint32(time.Now().Add(records.DefaultLife).Unix()), body, secret)
	if err != nil {
		return nil, err
	}
	return h.Reveal(secret)
}

// add makes facts and gives them to the sides of those numbers.
func (p *pair) add(count int, sides ...int) (size float64, err error) {
	for range count {
		f, err := p.fact()
		if err != nil {
			return 0, err
		}
		for _, s := range sides {
			p.sets[s].Add(f)
		}
		size += float64(f.Size())
	}
	return size, nil
}

// traffic is the bytes that both sides have sent.
func (p *pair) traffic() float64 {
	return float64(p.fabric.Traffic(p.numbers[0]).SentBytes + p.fabric.Traffic(p.numbers[1]).SentBytes)
}

// begin gives both sides what they have in common, lets them agree, and watches what
// they send when they have nothing to say. It returns the bytes of sending everything.
func (p *pair) begin(ctx context.Context, common int) (full float64, err error) {
	if _, err := p.add(common, 0, 1); err != nil {
		return 0, err
	}
	if err := pause(ctx, quiet); err != nil { // what the connection brought about is over
		return 0, err
	}
	if _, err := p.topics[1].Sync(ctx, p.hosts[0].ID()); err != nil {
		return 0, fmt.Errorf("agree on what is in common: %w", err)
	}
	if err := pause(ctx, quiet); err != nil {
		return 0, err
	}
	before := p.traffic()
	if err := pause(ctx, quiet); err != nil {
		return 0, err
	}
	p.idle = (p.traffic() - before) / quiet.Seconds()
	return p.sendAll(ctx)
}

// sendAll sends everything over a stream of another wire.
func (p *pair) sendAll(ctx context.Context) (float64, error) {
	l, err := newLine(ctx, p.wire(), 2)
	if err != nil {
		return 0, err
	}
	defer l.close()
	before := l.traffic()
	var all []byte
	for f := range p.sets[0].All() {
		all = append(all, f.Bytes()...)
	}
	written := make(chan error, 1)
	go func() {
		_, err := l.out[0].Write(all)
		written <- err
	}()
	_, err = io.CopyN(io.Discard, l.in[0], int64(len(all)))
	if err := errors.Join(err, <-written, pause(ctx, lastAcks)); err != nil {
		return 0, err
	}
	return float64(l.traffic() - before), nil
}

// miss gives facts to the one side, and as many others to the other side where they
// diverge, and those that both get; the latter side then reconciles.
func (p *pair) miss(ctx context.Context, kind Rejoin) (r Rejoin, err error) {
	r = kind
	r.RTT = ms(p.Model.OneWay(p.numbers[0], p.numbers[1]) + p.Model.OneWay(p.numbers[1], p.numbers[0]) + 2*p.charge)
	if _, err := p.add(r.Alike, 0, 1); err != nil {
		return r, err
	}
	if r.Least, err = p.add(r.Missing, 0); err != nil {
		return r, err
	}
	if r.Diverged {
		other, err := p.add(r.Missing, 1)
		if err != nil {
			return r, err
		}
		r.Least += other
	}
	before, begin := p.traffic(), time.Now()
	for range r.Missing + 1 { // a large difference may take more than one
		report, err := p.topics[1].Sync(ctx, p.hosts[0].ID())
		r.Trips += report.RoundTrips
		if p.sets[1].Len() == int(p.made) && p.sets[0].Len() == int(p.made) {
			r.Complete = true
			break
		}
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if err != nil && report.Received+report.Sent == 0 {
			break
		}
	}
	r.Took = ms(time.Since(begin))
	if err := pause(ctx, lastAcks); err != nil {
		return r, err
	}
	r.Bytes = p.traffic() - before - p.idle*time.Since(begin).Seconds()
	return r, pause(ctx, quiet)
}
