package lab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wire"
)

// spreadRun sends tombstones through all networks and looks on.
type spreadRun struct {
	*arms
	ground  *ground
	ways    []*way
	outside host.Host // on our wire; nil before meet
	stop    func()
	phases  uint64 // so far
}

// way is one arm as tombstones see it.
type way struct {
	name   string
	fabric *sim.Fabric
	seen   *recorder
	// send lets a tombstone out at node from, and returns when that is done, with when
	// it began.
	send func(ctx context.Context, from int, t *records.Tombstone) (time.Time, error)
	// copies is how many messages all nodes have sent or received so far, as their own
	// libraries count; own of each message are not copies.
	copies func() uint64
	own    uint64
}

// newSpreadRun begins to record what arrives.
func newSpreadRun(ctx context.Context, a *arms) *spreadRun {
	r := &spreadRun{arms: a, ground: newGround(a.setup, upTo(a.Nodes), idsOf(a.ours))}
	ours := &way{name: Ours, fabric: a.ours.Fabric, seen: newRecorder(), copies: a.sentCopies}
	r.stop = ours.seen.follow(ctx, a.ours)
	r.ways = []*way{ours}
	for _, n := range a.stocks {
		w := &way{name: string(n.kind), fabric: n.Fabric, seen: newRecorder(), copies: n.gotCopies, own: 1, send: n.shout}
		n.heard = w.seen.note
		r.ways = append(r.ways, w)
	}
	return r
}

func (r *spreadRun) close() {
	r.stop()
	if r.outside != nil {
		_ = errors.Join(r.outside.Network().Close(), r.outside.Close()) // it holds nothing
	}
}

// revoke does what a user does: on the topic, and at the subject's key.
func (r *spreadRun) revoke(ctx context.Context, from int, t *records.Tombstone) (time.Time, error) {
	began := time.Now()
	_, err := r.ours.Node(from).Revoke(ctx, t)
	return began, err
}

// inject puts a tombstone to node from as a stranger: the node hands it to the topic,
// and puts it nowhere else.
func (r *spreadRun) inject(ctx context.Context, from int, t *records.Tombstone) (time.Time, error) {
	s, err := wire.Open(ctx, r.outside, r.ours.Node(from).ID(), wire.Kad(testnet.DefaultNetwork))
	if err != nil {
		return time.Time{}, err
	}
	defer s.Close()
	if err := s.Put(ctx, t.ID().Key(), t.Bytes()); err != nil {
		return time.Time{}, err
	}
	began, ok := r.ways[0].seen.when(from, t.ID())
	if !ok {
		return began, fmt.Errorf("node %d took a tombstone and does not act upon it", from)
	}
	return began, nil
}

// meet connects the one outside to all who will send.
func (r *spreadRun) meet(ctx context.Context, messages int) (err error) {
	if r.outside, err = r.ours.NewHost(outsider); err != nil {
		return err
	}
	for _, i := range r.senders(messages) {
		if err := r.outside.Connect(ctx, r.ours.Node(i).AddrInfo()); err != nil {
			return err
		}
	}
	return nil
}

// senders draws who sends each message.
func (r *spreadRun) senders(messages int) []int {
	draw, from := r.draw(drawSenders), make([]int, messages)
	for m := range from {
		from[m] = r.ground.nodes[draw.IntN(len(r.ground.nodes))]
	}
	return from
}

// pacing is how tombstones go out.
type pacing struct {
	messages int
	slot     time.Duration // between two
	idle     time.Duration // before the first, for the bytes of upkeep
	late     time.Duration // after the last, until what has not come is missing
}

// calmPace is that of a calm network.
func calmPace(messages int) pacing { return pacing{messages, slot, idleWindow, lateWindow} }

// phase sends tombstones in all arms at the same moments.
func (r *spreadRun) phase(ctx context.Context, p pacing, ours func(context.Context, int, *records.Tombstone) (time.Time, error)) (*Wave, error) {
	r.phases++
	tombs, err := r.tombstones(drawPhases+r.phases, p.messages)
	if err != nil {
		return nil, err
	}
	r.ways[0].send = ours
	from, logs := r.senders(p.messages), make([]*phaseLog, len(r.ways))
	for i, w := range r.ways {
		logs[i] = &phaseLog{way: w, nodes: r.Nodes, began: make([]time.Time, p.messages)}
		logs[i].mark()
	}
	if err := pause(ctx, p.idle); err != nil {
		return nil, err
	}
	for _, l := range logs {
		l.idleOver()
	}
	var work sync.WaitGroup
	for m, t := range tombs {
		for _, l := range logs {
			work.Go(func() { l.send(ctx, m, from[m], t) })
		}
		if err := pause(ctx, p.slot); err != nil {
			work.Wait()
			return nil, err
		}
		for _, l := range logs {
			l.mark()
		}
	}
	err = pause(ctx, tail)
	for _, l := range logs {
		l.mark()
	}
	err = errors.Join(err, pause(ctx, p.late))
	work.Wait()
	if err != nil {
		return nil, err
	}
	return r.count(tombs, from, logs)
}

// count makes a wave of what was logged.
func (r *spreadRun) count(tombs []*records.Tombstone, from []int, logs []*phaseLog) (*Wave, error) {
	w := &Wave{Arms: map[string]*Arrivals{Ours: {}, Stock: {}, Stock32: {}}}
	greatest := make([]time.Duration, len(tombs))
	for m := range tombs {
		for _, j := range r.ground.nodes {
			if j != from[m] {
				f := r.ground.news(from[m], j)
				w.Floor, greatest[m] = append(w.Floor, ms(f)), max(greatest[m], f)
			}
		}
	}
	for _, l := range logs {
		if l.failed != nil {
			return nil, fmt.Errorf("%s: %w", l.way.name, l.failed)
		}
		w.Arms[l.way.name] = l.arrivals(tombs, from, r.ground.nodes, greatest)
	}
	return w, nil
}

// phaseLog is what one arm did in a phase.
type phaseLog struct {
	way      *way
	nodes    int
	sent     []float64 // bytes of all nodes so far, at each mark
	marks    []time.Time
	copies   uint64  // when the first one was sent
	idleRate float64 // bytes a second
	began    []time.Time

	mu     sync.Mutex
	failed error // owned by mu
}

// mark reads the counters of the wire.
func (l *phaseLog) mark() {
	sum := -float64(l.way.fabric.Traffic(outsider).ReceivedBytes) // not part of the network
	for i := range l.nodes {
		sum += float64(l.way.fabric.Traffic(i).SentBytes)
	}
	l.sent, l.marks = append(l.sent, sum), append(l.marks, time.Now())
}

// idleOver ends the window in which nothing was sent.
func (l *phaseLog) idleOver() {
	l.mark()
	l.idleRate = (l.sent[1] - l.sent[0]) / max(time.Millisecond, l.marks[1].Sub(l.marks[0])).Seconds()
	l.sent, l.marks = l.sent[1:], l.marks[1:]
	l.copies = l.way.copies()
}

// send sends message m, and notes when.
func (l *phaseLog) send(ctx context.Context, m, from int, t *records.Tombstone) {
	began, err := l.way.send(ctx, from, t)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.began[m] = began
	if began.IsZero() {
		l.failed = errors.Join(l.failed, err)
	}
}

// arrivals tells what arrived, where and when, and what it took.
func (l *phaseLog) arrivals(tombs []*records.Tombstone, from, nodes []int, greatest []time.Duration) *Arrivals {
	a, came := l.bytes(), 0
	for m, t := range tombs {
		last := 0.0
		for _, j := range nodes {
			if j == from[m] {
				continue
			}
			took := math.Inf(1)
			if at, ok := l.way.seen.when(j, t.ID()); ok {
				took, came = ms(at.Sub(l.began[m])), came+1
			}
			a.Latency, last = append(a.Latency, took), max(last, took)
		}
		a.Last = append(a.Last, last/ms(greatest[m]))
	}
	a.Arrived = float64(came) / float64(len(a.Latency))
	a.Copies = float64(l.way.copies()-l.copies-l.way.own*uint64(len(tombs))) / float64(max(1, came))
	return a
}

// bytes tells what went over the wire.
func (l *phaseLog) bytes() *Arrivals {
	end, messages, nodes := len(l.sent)-1, float64(len(l.began)), float64(l.nodes)
	sum, window := l.sent[end]-l.sent[0], l.marks[end].Sub(l.marks[0]).Seconds()
	a := &Arrivals{
		Idle:  l.idleRate / nodes,
		Gross: sum / messages / nodes,
		Net:   (sum - l.idleRate*window) / messages / nodes,
	}
	for m := range l.began {
		a.Each = append(a.Each, (l.sent[m+1]-l.sent[m]-l.idleRate*l.marks[m+1].Sub(l.marks[m]).Seconds())/nodes)
	}
	return a
}

// shout publishes a tombstone on a stock network's topic.
func (n *stockNet) shout(ctx context.Context, from int, t *records.Tombstone) (time.Time, error) {
	began := time.Now()
	return began, n.nodes[from].Shout(ctx, t)
}

// gotCopies are the messages that all routers have received, and their own.
func (n *stockNet) gotCopies() uint64 { return n.delivered.Load() + n.duplicates.Load() }

// sentCopies are the facts that our nodes have sent, on the topic and in the trees.
func (a *arms) sentCopies() (sum uint64) {
	for _, n := range a.ours.Nodes() {
		c := n.Node.Status().Counters
		sum += c["gossip_routed_total"] + c["gossip_tree_pushed_total"]
	}
	return sum
}

// upTo are the numbers below count.
func upTo(count int) []int {
	all := make([]int, count)
	for i := range all {
		all[i] = i
	}
	return all
}

// idsOf are the peer IDs of our nodes; those of the other arms are the same.
func idsOf(w *sim.Network) []peer.ID {
	var ids []peer.ID
	for _, n := range w.Nodes() {
		ids = append(ids, n.ID())
	}
	return ids
}
