package lab

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

const (
	// floodRate is how many tombstones of a flood come in a second, from floodHosts
	// together, each in a network of its own and connected to floodEntries nodes.
	floodRate    = 10_000
	floodHosts   = 4
	floodEntries = 8
	// floodStep is the time between two portions.
	floodStep = 10 * time.Millisecond
	// floodLead is how long the flood runs before the first honest tombstone, so that
	// what the lanes let through at first is used up, and floodSlot the pause between two.
	floodLead = 5 * time.Second
	floodSlot = 50 * time.Millisecond
	// floodLate is how long after the last one may come.
	floodLate = 2 * time.Minute
	// floodSay is the time between two words on how far a flood is: each takes many times
	// as long of real time.
	floodSay = 2 * time.Second
)

// The kinds of honest subjects in a flood.
const (
	Known  = "known"  // published before, so known to its holders; no work
	Worked = "worked" // known to nobody; records.DefaultWork
	Bare   = "bare"   // known to nobody; no work
)

// FloodKinds are all of them.
func FloodKinds() []string { return []string{Worked, Known, Bare} }

// Flood is what came of honest tombstones while a flood ran.
type Flood struct {
	Charge  float64
	Floor   []float64            // ms, of every pair of known ones
	Latency map[string][]float64 // ms, of every pair, by kind
	Sent    int                  // tombstones of the flood
	Reached float64              // of these, how many a node holds in the end, in the mean
	Dropped float64              // how often a node's lane turned one away, in the mean
	Rounds  float64              // reconciliations that a node began, a second
	// Growth is the memory that a node took meanwhile, in bytes: the live heap of the
	// process, flooders included, over the nodes. CPU is what a node used for each fact
	// of the flood, in microseconds.
	Growth, CPU float64
}

// RunFlood lets honest tombstones out while free identities flood the network for so
// long. What it has when ctx ends comes with the error.
func RunFlood(ctx context.Context, cfg Config, lasts time.Duration) (f *Flood, err error) {
	charge, err := measureCharge(ctx)
	if err != nil {
		return nil, err
	}
	cfg.Alone = true
	a, err := newArms(ctx, setup{Config: cfg, charge: charge})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	r := &flooding{arms: a, ground: newGround(a.setup, upTo(a.Nodes), idsOf(a.ours)), seen: newRecorder(), at: make(map[records.AgentID]time.Time)}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.prepare(ctx, int((lasts-floodLead)/floodSlot)); err != nil {
		return nil, err
	}
	r.seen.wanted = func(id records.AgentID) bool { return !r.at[id].IsZero() || r.mine[id] }
	defer r.seen.follow(ctx, a.ours)()
	f = &Flood{Charge: ms(charge), Latency: make(map[string][]float64)}
	return f, r.run(ctx, f, lasts)
}

// flooding is one run.
type flooding struct {
	*arms
	ground *ground
	seen   *recorder
	from   []int // who sends each honest tombstone
	tombs  []*records.Tombstone
	mine   map[records.AgentID]bool // read only once the flood runs
	hosts  []*flooder

	mu sync.Mutex
	at map[records.AgentID]time.Time // when an honest one went out; owned by mu
}

// flooder is a member that makes facts of its own.
type flooder struct {
	host  host.Host
	set   *records.FactSet
	topic *gossip.Topic
}

// prepare makes the honest tombstones and publishes who is to be known, and lets the
// flooders in.
func (r *flooding) prepare(ctx context.Context, count int) error {
	known, err := r.agents(drawFlood, (count+2)/3)
	if err != nil {
		return err
	}
	draw := r.draw(drawFlood)
	for i := range count {
		var t *records.Tombstone
		switch a := known[i/3]; FloodKinds()[i%3] {
		case Known:
			if _, err := r.ours.Node(draw.IntN(r.Nodes)).Place(ctx, a, "https://agent.example/a2a"); err != nil {
				return fmt.Errorf("publish before the flood: %w", err)
			}
			t, err = a.Tombstone()
		case Worked:
			t, err = tombstoneOf(fmt.Sprintf("worked %d of %d", i, r.Seed), 0, records.DefaultWork)
		default:
			t, err = tombstoneOf(fmt.Sprintf("bare %d of %d", i, r.Seed), 0, 0)
		}
		if err != nil {
			return err
		}
		r.tombs, r.from = append(r.tombs, t), append(r.from, draw.IntN(r.Nodes))
	}
	r.mine = make(map[records.AgentID]bool)
	for _, t := range r.tombs {
		r.mine[t.ID()] = true
	}
	for i := range floodHosts {
		if err := r.admit(ctx, r.Nodes+i, draw.Perm(r.Nodes)[:min(floodEntries, r.Nodes)]); err != nil {
			return err
		}
	}
	return pause(ctx, warmUp)
}

// admit lets a flooder in through some nodes.
func (r *flooding) admit(ctx context.Context, number int, entries []int) error {
	h, err := r.ours.NewHost(number)
	if err != nil {
		return err
	}
	f := &flooder{host: h, set: records.NewFactSet()}
	f.topic, err = gossip.Join(gossip.Config{
		Host: h, Network: testnet.DefaultNetwork, Facts: f.set, StrangerRate: 10 * floodRate, StrangerBurst: 100 * floodRate,
		Ingest: func(x records.Fact, _ peer.ID, _ gossip.Via) (bool, error) { return f.set.Add(x), nil },
	})
	if err != nil {
		return errors.Join(err, h.Network().Close(), h.Close())
	}
	r.hosts = append(r.hosts, f)
	for _, i := range entries {
		if err := h.Connect(ctx, r.ours.Node(i).AddrInfo()); err != nil {
			return err
		}
	}
	return nil
}

func (r *flooding) close() error {
	var errs []error
	for _, f := range r.hosts {
		errs = append(errs, f.topic.Close(), f.host.Network().Close(), f.host.Close())
	}
	return errors.Join(errs...)
}

// run floods, sends, and counts.
func (r *flooding) run(ctx context.Context, f *Flood, lasts time.Duration) error {
	heap, cpu, before := liveHeap(), cpuTime(), r.counters()
	began := time.Now()
	r.Say("%d tombstones a second for %s, %d honest ones meanwhile", floodRate, lasts, len(r.tombs))
	var work sync.WaitGroup
	for i, h := range r.hosts {
		work.Go(func() { r.pour(ctx, i, h, lasts) })
	}
	work.Go(func() { r.tell(ctx, began, lasts, cpu) })
	err := pause(ctx, floodLead)
	for i, t := range r.tombs {
		work.Go(func() { r.send(ctx, r.from[i], t) })
		err = errors.Join(err, pause(ctx, floodSlot))
		if err != nil {
			break
		}
	}
	err = errors.Join(err, pause(ctx, lasts-time.Since(began)))
	took := time.Since(began)
	after := r.counters()
	f.Sent = int(float64(floodRate) * lasts.Seconds())
	f.Dropped = (after["gossip_dropped_lane_total"] - before["gossip_dropped_lane_total"]) / float64(r.Nodes)
	f.Rounds = (after["gossip_sync_rounds_total"] - before["gossip_sync_rounds_total"]) / float64(r.Nodes) / took.Seconds()
	err = errors.Join(err, pause(ctx, floodLate))
	work.Wait()
	f.CPU = float64((cpuTime() - cpu).Microseconds()) / float64(f.Sent) / float64(r.Nodes+len(r.hosts))
	f.Growth = (liveHeap() - heap) / float64(r.Nodes)
	for _, n := range r.ours.Nodes() {
		f.Reached += float64(n.Node.Status().Facts) / float64(r.Nodes)
	}
	r.count(f)
	return err
}

// tell says how far a flood is while it lasts.
func (r *flooding) tell(ctx context.Context, began time.Time, lasts, cpu time.Duration) {
	for time.Since(began) < lasts && pause(ctx, floodSay) == nil {
		held := 0
		for _, n := range r.ours.Nodes() {
			held += n.Node.Status().Facts
		}
		r.Say("after %.0f s: a node holds %d facts in the mean; %.0f s of CPU time", time.Since(began).Seconds(), held/r.Nodes, (cpuTime() - cpu).Seconds())
	}
}

// pour is one flooder's part.
func (r *flooding) pour(ctx context.Context, number int, h *flooder, lasts time.Duration) {
	portion := int(floodRate * floodStep / time.Second / floodHosts)
	began := time.Now()
	for n := 0; time.Since(began) < lasts && ctx.Err() == nil; {
		for range portion {
			t, err := tombstoneOf(fmt.Sprintf("flooder %d of %d", number, r.Seed), uint64(n), 0)
			if err != nil {
				return
			}
			n++
			h.set.Add(t)
			_, _ = h.topic.Publish(ctx, t) // what fails is no flood
		}
		if pause(ctx, time.Until(began.Add(time.Duration(n/portion)*floodStep))) != nil {
			return
		}
	}
}

// send lets an honest one out.
func (r *flooding) send(ctx context.Context, from int, t *records.Tombstone) {
	r.mu.Lock()
	r.at[t.ID()] = time.Now()
	r.mu.Unlock()
	_, _ = r.ours.Node(from).Revoke(ctx, t) // what counts is what others come to know
}

// count enters how long the honest ones took.
func (r *flooding) count(f *Flood) {
	for i, t := range r.tombs {
		kind := FloodKinds()[i%3]
		for _, j := range r.ground.nodes {
			if j == r.from[i] || r.at[t.ID()].IsZero() {
				continue
			}
			took := math.Inf(1)
			if at, ok := r.seen.when(j, t.ID()); ok {
				took = ms(at.Sub(r.at[t.ID()]))
			}
			f.Latency[kind] = append(f.Latency[kind], took)
			f.Floor = append(f.Floor, ms(r.ground.news(r.from[i], j)))
		}
	}
}

// counters are those of all nodes, summed.
func (r *flooding) counters() map[string]float64 {
	sum := make(map[string]float64)
	for _, n := range r.ours.Nodes() {
		for name, v := range n.Node.Status().Counters {
			sum[name] += float64(v)
		}
	}
	return sum
}

// tombstoneOf makes the first tombstone from the n-th on, of a series by name, whose
// subject has so much work.
func tombstoneOf(series string, n uint64, work int) (*records.Tombstone, error) {
	for ; ; n++ {
		secret := records.Secret(sha256.Sum256(binary.BigEndian.AppendUint64([]byte(series), n)))
		h, err := records.NewHeader(records.KindAgent, floodEnd, secret, secret)
		if err != nil {
			return nil, err
		}
		if work == 0 || h.ID().Work() >= work {
			return h.Reveal(secret)
		}
	}
}

// floodEnd is when the agents of a flood end: long after any run.
const floodEnd = 2_000_000_000

// liveHeap is what a collection leaves, in bytes.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
