package light

import (
	"math"
	"time"
)

// Spread is how messages went through a world, one after the other.
type Spread struct {
	Nodes    int     `json:"nodes"`
	Seed     uint64  `json:"seed"`
	Messages int     `json:"messages"`
	Degree   float64 `json:"degree"` // links of a node, on average
	// Pairs are message and receiver; Missing those where it never arrived.
	Pairs   uint64 `json:"pairs"`
	Missing uint64 `json:"missing"`
	// Latency is from the publication until the receiver has verified; Floor is the
	// least that was possible, over the same pairs that arrived.
	Latency Quantiles `json:"latency_us"`
	Floor   Quantiles `json:"floor_us"`
	Ratio   Ratios    `json:"ratio"`
	// LastP50 and LastWorst are, for each message, when the last receiver had it over
	// when the last one could have.
	LastP50   float64 `json:"last_p50"`
	LastWorst float64 `json:"last_worst"`
	// Copies are messages sent for each delivery.
	Copies float64 `json:"copies"`
	Load   Load    `json:"load"`
}

// never is a time that nothing arrives at.
const never = math.MaxUint32

// Sender sends one message after the other through a world, and counts.
type Sender struct {
	w       *World
	sent    int
	queue   queue
	had     []uint32 // when each node had the message; never
	peers   []uint32 // room that is used again
	latency tally
	floor   tally
	copies  uint64
	last    []float64
	missing uint64
}

// Sender is one that has sent nothing yet.
func (w *World) Sender() *Sender { return &Sender{w: w, had: make([]uint32, w.cfg.Nodes)} }

// Spread sends messages, each from a node that is drawn.
func (w *World) Spread(messages int) Spread {
	s := w.Sender()
	for range messages {
		s.Send()
	}
	return s.Result()
}

// Send sends the next message from the node that the seed draws for it.
func (s *Sender) Send() {
	s.SendFrom(int(below(draw(s.w.cfg.Seed, forPublisher, uint64(s.sent)), uint32(s.w.cfg.Nodes))))
}

// SendFrom sends the next message from a node.
func (s *Sender) SendFrom(publisher int) {
	s.sent++
	s.send(uint32(publisher))
	s.count(uint32(publisher))
}

// Arrivals sends one message from a node, and returns when each node had verified it;
// a negative time says never. The publisher has it at 0.
func (w *World) Arrivals(publisher int) []time.Duration {
	s := w.Sender()
	s.send(uint32(publisher))
	out := make([]time.Duration, len(s.had))
	for i, had := range s.had {
		if out[i] = duration(had); had == never {
			out[i] = -1
		}
	}
	return out
}

// send follows one message to its end.
func (s *Sender) send(publisher uint32) {
	for i := range s.had {
		s.had[i] = never
	}
	s.had[publisher] = 0
	s.queue.rewind()
	var tag uint32
	s.peers, tag = s.w.rule.Publish(s.peers[:0], publisher)
	s.hand(publisher, 0, tag)
	charge := s.w.floor.charge
	for !s.queue.empty() {
		e := s.queue.pop()
		node := e.node()
		s.copies++
		if s.had[node] != never {
			continue
		}
		done := e.time() + charge
		s.had[node] = done
		s.peers = s.w.rule.Forward(s.peers[:0], node, e.from, e.tag)
		s.hand(node, done, e.tag)
	}
}

// hand sends copies from a node to peers.
func (s *Sender) hand(node, now, tag uint32) {
	me := s.w.places.spots[node]
	for _, p := range s.peers {
		s.queue.push(event{key: at(now+s.w.places.between(me, s.w.places.spots[p]), p), from: node, tag: tag})
	}
}

// count enters who had the message when, and who could have.
func (s *Sender) count(publisher uint32) {
	var last, lastFloor uint32
	for i, had := range s.had {
		switch node := uint32(i); {
		case node == publisher:
		case had == never:
			s.missing++
		default:
			f := s.w.floor.least(publisher, node)
			s.latency.add(had)
			s.floor.add(f)
			last, lastFloor = max(last, had), max(lastFloor, f)
		}
	}
	s.last = append(s.last, over(last, lastFloor))
}

// Result is how all messages so far went.
func (s *Sender) Result() Spread {
	r := Spread{
		Nodes: s.w.cfg.Nodes, Seed: s.w.cfg.Seed, Messages: s.sent, Degree: s.w.Degree(),
		Pairs: s.latency.count + s.missing, Missing: s.missing,
		Latency: s.latency.quantiles(), Floor: s.floor.quantiles(), Load: s.queue.borne(),
	}
	if rule, ok := s.w.rule.(interface{ borne() Load }); ok {
		r.Load = r.Load.and(rule.borne())
	}
	r.Ratio = r.Latency.Over(r.Floor)
	r.LastP50, r.LastWorst = middleAndWorst(s.last)
	if s.latency.count > 0 {
		r.Copies = float64(s.copies) / float64(s.latency.count)
	}
	return r
}
