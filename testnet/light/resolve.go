package light

import (
	"math"
	"time"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// Resolves are lookups, one after the other, each by a node that was drawn for a key
// that was drawn, which the closest nodes hold and the reader does not. Each ends at
// the first answer with the value.
type Resolves struct {
	Nodes int    `json:"nodes"`
	Seed  uint64 `json:"seed"`
	Count int    `json:"count"`
	Found int    `json:"found"` // none in a world so small that everybody holds everything
	// Latency is until the reader has verified the value; Floor is the lesser of
	// Direct and Relayed, for each of those found.
	Latency Quantiles `json:"latency_us"`
	Floor   Quantiles `json:"floor_us"`
	Ratio   Ratios    `json:"ratio"`
	// Direct is to the best of the true holders and back, with a handshake before
	// where there is no link. Relayed is there and back along the shortest path.
	Direct  Quantiles `json:"direct_us"`
	Relayed Quantiles `json:"relayed_us"`
	// Requests are questions sent until then, Hops those of them that led to the
	// value, one after the other, itself included. Late are questions that took
	// longer than their limit.
	Requests     Quantity `json:"requests"`
	Hops         Quantity `json:"hops"`
	LatePerCount float64  `json:"late"`
	Load         Load     `json:"load"`
}

// Quantity is a number that varies: its mean, and its quantiles.
type Quantity struct {
	Mean float64 `json:"mean"`
	P50  uint32  `json:"p50"`
	P99  uint32  `json:"p99"`
	Max  uint32  `json:"max"`
}

func (t *tally) quantity() Quantity {
	sum := uint64(0)
	for v, n := range t.of {
		sum += uint64(v) * n
	}
	q := t.quantiles()
	return Quantity{Mean: float64(sum) / float64(max(t.count, 1)), P50: q.P50, P99: q.P99, Max: q.Max}
}

// step is by how many questions a peer was heard of. It travels as what a lookup
// takes for an address.
type step = uint8

type heard = lookup.Peer[uint32, step]

// What the tag of an event of a lookup says.
const (
	tagAnswer uint32 = iota
	tagLate
)

// Reader does one lookup after the other in a world, and counts.
type Reader struct {
	w     *World
	queue queue
	res   Resolves
	steps [][]step // steps[n] holds n

	latency, floor, direct, relayed, requests, hops tally

	// Of the lookup that runs.
	reader  uint32
	look    *lookup.Lookup[uint32, step]
	target  lookup.Position
	holders []uint32
	cold    lookup.Estimate
	air     []question
	waiting int // in the air and not late
	asked   uint32
	late    uint32

	entries []uint32 // room that is used again
	named   []heard
}

// question is one in the air.
type question struct {
	peer   uint32
	step   step
	isLate bool
}

// Reader is one that has looked nothing up yet.
func (w *World) Reader() *Reader {
	s := &Reader{w: w, res: Resolves{Nodes: w.cfg.Nodes, Seed: w.cfg.Seed}}
	for n := range math.MaxUint8 + 1 {
		s.steps = append(s.steps, []step{step(n)})
	}
	return s
}

// Resolve looks keys up, each by a node that is drawn.
func (w *World) Resolve(count int) Resolves {
	s := w.Reader()
	s.Read(count)
	return s.Result()
}

// Read looks the next keys up, as the seed draws them and their readers.
func (s *Reader) Read(count int) {
	for range count {
		s.one(uint64(s.res.Count))
		s.res.Count++
	}
}

// one looks one key up.
func (s *Reader) one(i uint64) {
	seed := s.w.cfg.Seed
	s.target = s.w.space.position(draw(seed, forTarget, i), draw(seed, forTarget, i, 1))
	s.holders = s.w.space.closest(s.target, s.w.cfg.Replication)
	if len(s.holders) == s.w.cfg.Nodes {
		return // nobody is there to ask for it
	}
	for n := uint64(0); n == 0 || contains(s.holders, s.reader); n++ {
		s.reader = below(draw(seed, forReader, i, n), uint32(s.w.cfg.Nodes))
	}
	s.begin()
	s.run()
}

// begin sets the lookup up as the overlay does: from the nearest of the own table and view.
func (s *Reader) begin() {
	s.queue.rewind()
	s.air, s.waiting, s.asked = s.air[:0], 0, 0
	s.cold = lookup.Estimate{}
	s.entries = s.w.tables.of(s.entries[:0], s.reader)
	for k := 0; k < len(s.entries); k += 1 + len(s.entries)/coldSamples {
		s.cold.Add(duration(s.takes(s.entries[k], false)))
	}
	s.look = lookup.New(lookup.Config[uint32]{
		Self: s.reader, Target: s.target, Region: lookup.Region{K: s.w.cfg.Replication}, Where: s.w.space.where,
	}, append(s.name(s.reader, lookup.MaxPerAnswer, 1), s.members()...))
}

// members lists those of the reader's view that are nearest to the target.
func (s *Reader) members() (all []heard) {
	for _, p := range s.w.views.nearest(s.reader, s.target, lookup.MaxPerAnswer) {
		all = append(all, heard{ID: p, Addrs: s.steps[1]})
	}
	return all
}

// coldSamples is about how many dials a reader has measured before.
const coldSamples = 16

// name lists the peers that a node knows nearest to the target, as heard of by so
// many questions.
func (s *Reader) name(node uint32, n int, by step) []heard {
	s.entries, s.named = s.w.tables.nearest(s.entries[:0], node, s.target, n), s.named[:0]
	for _, p := range s.entries {
		s.named = append(s.named, heard{ID: p, Addrs: s.steps[by]})
	}
	return s.named
}

// takes is how long a question to p takes, without the reader's own work: one round
// trip, two where the peer is to be dialled, and the peer's work.
func (s *Reader) takes(p uint32, connected bool) uint32 {
	rtt := 2 * s.w.places.oneWay(s.reader, p)
	if !connected {
		rtt *= 2
	}
	return rtt + s.w.floor.charge
}

// trips is what the reader knows of the time that p takes: of a link its round trip,
// measured once, of others how long dials take.
func (s *Reader) trips(p uint32) lookup.Trips {
	t := lookup.Trips{Connected: s.w.links.linked(s.reader, p), Cold: s.cold}
	if t.Connected {
		t.Known = true
		t.Warm.Add(duration(s.takes(p, true)))
	}
	return t
}

func (s *Reader) cost(p uint32) time.Duration { return s.trips(p).Cost() }

// run asks and listens until there is an answer, or nobody is left.
func (s *Reader) run() {
	s.fill(0)
	for !s.queue.empty() {
		e := s.queue.pop()
		if e.tag == tagLate {
			s.markLate(e.node())
		} else if hop, got := s.take(e.node()); got {
			s.found(e.time()+s.w.floor.charge, hop)
			return
		}
		if s.look.Done() && len(s.look.Stragglers()) == 0 {
			return
		}
		s.fill(e.time())
	}
}

// fill asks until enough questions are in the air.
func (s *Reader) fill(now uint32) {
	for s.waiting < s.w.cfg.Parallel {
		p, ok := s.look.Next(s.cost)
		if !ok {
			return
		}
		t := s.trips(p.ID)
		takes, limit := s.takes(p.ID, t.Connected), micros(t.Limit())
		s.queue.push(event{key: at(now+takes, p.ID), tag: tagAnswer})
		if limit < takes {
			s.queue.push(event{key: at(now+limit, p.ID), tag: tagLate})
		}
		s.air = append(s.air, question{peer: p.ID, step: p.Addrs[0]})
		s.waiting++
		s.asked++
	}
}

// question is the one to p that is in the air.
func (s *Reader) question(p uint32) int {
	for i := range s.air {
		if s.air[i].peer == p {
			return i
		}
	}
	return -1
}

func (s *Reader) markLate(p uint32) {
	if q := s.question(p); q >= 0 {
		s.air[q].isLate = true
		s.waiting--
		s.late++
		s.look.Late(p)
	}
}

// take enters the answer of p: the value, or those whom it knows.
func (s *Reader) take(p uint32) (hop step, got bool) {
	i := s.question(p)
	q := s.air[i]
	s.air[i] = s.air[len(s.air)-1]
	s.air = s.air[:len(s.air)-1]
	if !q.isLate {
		s.waiting--
	}
	if contains(s.holders, p) {
		return q.step, true
	}
	s.look.Answered(p, s.name(p, bucketSize, q.step+1))
	return 0, false
}

// found enters the lookup into the tallies.
func (s *Reader) found(took uint32, hop step) {
	direct, relayed := uint32(never), uint32(never)
	for _, h := range s.holders {
		direct = min(direct, s.takes(h, s.w.links.linked(s.reader, h))+s.w.floor.charge)
		relayed = min(relayed, 2*s.w.floor.least(s.reader, h))
	}
	s.latency.add(took)
	s.direct.add(direct)
	s.relayed.add(relayed)
	s.floor.add(min(direct, relayed))
	s.requests.add(s.asked)
	s.hops.add(uint32(hop))
}

// Result is how all lookups so far went.
func (s *Reader) Result() Resolves {
	r := s.res
	r.Found = int(s.latency.count)
	r.Latency, r.Floor = s.latency.quantiles(), s.floor.quantiles()
	r.Direct, r.Relayed = s.direct.quantiles(), s.relayed.quantiles()
	r.Ratio = r.Latency.Over(r.Floor)
	r.Requests, r.Hops = s.requests.quantity(), s.hops.quantity()
	r.LatePerCount = float64(s.late) / float64(max(r.Found, 1))
	r.Load = s.queue.borne()
	return r
}
