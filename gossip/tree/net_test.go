package tree

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// net is a network of tables over links with delays, in virtual time.
type net struct {
	model   wan.Model
	rng     *rand.Rand
	now     Dist64
	events  events
	count   uint64
	nodes   []*station
	words   int // said in all
	letters int // in how many messages
	fetches int
}

// Dist64 is a time since the start, in microseconds.
type Dist64 = uint64

const (
	testCharge  = Dist(100)
	tellEvery   = 500_000 // changes gather so long before all links hear of them
	maxPerBatch = 200
)

// station is one node.
type station struct {
	id    int
	table *Table
	relay *Relay
	peers [MaxLinks]*station
	slot  map[*station]Slot
	busy  bool // what has changed is about to be told
	dead  bool
	drops bool // passes nothing on
}

type event struct {
	at  Dist64
	seq uint64
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(e[i].at, e[j].at), cmp.Compare(e[i].seq, e[j].seq)) < 0
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func (n *net) after(d Dist64, do func()) {
	n.count++
	heap.Push(&n.events, event{n.now + d, n.count, do})
}

// run lets time pass.
func (n *net) run(d time.Duration) {
	end := n.now + Dist64(d.Microseconds())
	for len(n.events) > 0 && n.events[0].at <= end {
		e := heap.Pop(&n.events).(event)
		n.now = e.at
		e.do()
	}
	n.now = end
}

func newNet(nodes int, seed uint64) *net {
	n := &net{model: wan.Cities(seed), rng: rand.New(rand.NewPCG(seed, 1))}
	for i := range nodes {
		t := New(Tag(n.rng.Uint32()), testCharge)
		s := &station{id: i, table: t, relay: NewRelay(t), slot: make(map[*station]Slot)}
		n.nodes = append(n.nodes, s)
		n.after(Dist64(n.rng.IntN(1_000_000)), func() { n.tick(s) })
	}
	return n
}

func (n *net) tick(s *station) {
	if s.dead {
		return
	}
	s.table.Tick(n.rng.Uint32())
	s.relay.Judge(Time(n.now))
	n.speak(s)
	n.after(1_000_000, func() { n.tick(s) })
}

func (n *net) delay(a, b *station) Dist { return Dist(n.model.OneWay(a.id, b.id).Microseconds()) }

// link joins two nodes where both have room.
func (n *net) link(a, b *station) bool {
	if _, ok := a.slot[b]; ok || a == b || len(a.slot) >= 30 || len(b.slot) >= 30 {
		return false
	}
	for _, end := range []struct{ from, to *station }{{a, b}, {b, a}} {
		s := Slot(slices.Index(end.from.peers[:], nil))
		end.from.peers[s], end.from.slot[end.to] = end.to, s
		end.from.table.Link(s, n.delay(a, b))
	}
	n.speak(a)
	n.speak(b)
	return true
}

// unlink parts them.
func (n *net) unlink(a, b *station) {
	for _, end := range []struct{ from, to *station }{{a, b}, {b, a}} {
		if s, ok := end.from.slot[end.to]; ok {
			end.from.peers[s] = nil
			delete(end.from.slot, end.to)
			end.from.relay.Unlink(s)
			for s := range end.from.table.Urgent().All {
				n.send(end.from, s)
			}
			n.speak(end.from)
		}
	}
}

// mesh gives every node near and random links.
func (n *net) mesh(near, random int) {
	for _, s := range n.nodes {
		byDelay := slices.Clone(n.nodes)
		slices.SortFunc(byDelay, func(a, b *station) int { return cmp.Compare(n.delay(s, a), n.delay(s, b)) })
		for i, made := 0, 0; made < near && i < len(byDelay); i++ {
			if n.link(s, byDelay[i]) {
				made++
			}
		}
		for made, tries := 0, 0; made < random && tries < 100; tries++ {
			if n.link(s, n.nodes[n.rng.IntN(len(n.nodes))]) {
				made++
			}
		}
	}
}

// kill ends a node: its neighbours notice.
func (n *net) kill(s *station) {
	s.dead = true
	for p := range s.slot {
		n.unlink(s, p)
	}
}

// speak sends what there is to tell, a little later.
func (n *net) speak(s *station) {
	if s.busy || s.table.Stale() == 0 {
		return
	}
	s.busy = true
	n.after(tellEvery, func() {
		s.busy = false
		for slot := range s.table.Stale().All {
			n.send(s, slot)
		}
	})
}

// send sends all that a link is to hear, in batches.
func (n *net) send(s *station, slot Slot) {
	to := s.peers[slot]
	if to == nil || s.dead {
		return
	}
	for {
		words := s.table.Tell(slot, maxPerBatch)
		if len(words) == 0 {
			return
		}
		n.words, n.letters = n.words+len(words), n.letters+1
		n.after(Dist64(n.delay(s, to)), func() {
			back, ok := to.slot[s]
			if !ok || to.dead {
				return
			}
			for _, w := range words {
				to.table.Hear(back, w)
			}
			n.speak(to)
		})
	}
}

// spread sends one fact from a node and returns when each node had it; a node that
// never did is missing.
func (n *net) spread(from *station) (at map[*station]Dist64, copies int) {
	at = make(map[*station]Dist64)
	n.count++
	var name Name
	binary.BigEndian.PutUint64(name[:], n.count)
	begin := n.now
	var pushed func(to, via *station, tag Tag)
	push := func(s *station, to Set, tag Tag) {
		for slot := range to.All {
			p := s.peers[slot]
			copies++
			n.after(Dist64(n.delay(s, p))+Dist64(testCharge), func() { pushed(p, s, tag) })
		}
	}
	var fetch func(s *station)
	fetch = func(s *station) {
		n.ask(s)
		fetches, next := s.relay.Due(Time(n.now))
		for _, f := range fetches {
			p := s.peers[f.From]
			n.fetches++
			n.after(Dist64(n.delay(s, p)), func() {
				slot, ok := p.slot[s]
				if tag, _, held := p.relay.Fetched(slot, name); ok && held && !p.drops {
					push(p, Of(slot), tag)
				}
			})
		}
		if next != Never {
			n.after(uint64(next)-n.now, func() { fetch(s) })
		}
	}
	pushed = func(s, via *station, tag Tag) {
		slot, ok := s.slot[via]
		if !ok || s.dead {
			return
		}
		if fresh, _ := s.relay.Pushed(slot, name); !fresh {
			return
		}
		at[s] = n.now - begin
		to, tell := s.relay.Accept(slot, tag, name, name[:], Time(n.now))
		n.speak(s)
		if s.drops {
			return
		}
		fetch(s)
		push(s, to, tag)
		for slot := range tell.All {
			p := s.peers[slot]
			n.after(Dist64(n.delay(s, p)), func() {
				if slot, ok := p.slot[s]; ok && !p.dead {
					p.relay.Named(slot, name, Time(n.now))
					fetch(p)
				}
			})
		}
	}
	at[from] = 0
	tag, to := from.relay.Originate(name, name[:])
	push(from, to, tag)
	n.run(3 * time.Second)
	for _, s := range n.nodes {
		if _, ok := at[s]; !ok && !s.dead && !s.drops { // reconciliation brings it
			s.relay.Learned(name, name[:])
			s.relay.Missed(name, Time(n.now))
			n.after(lateness, func() { n.ask(s) })
		}
	}
	return at, copies
}

// ask has a node ask its neighbours for more, where it missed a fact.
func (n *net) ask(s *station) {
	for slot := range s.relay.Ask(Time(n.now)).All {
		p := s.peers[slot]
		n.after(Dist64(n.delay(s, p)), func() {
			if slot, ok := p.slot[s]; ok {
				p.relay.Asked(slot, Helping, Time(n.now))
			}
		})
	}
}

// live are the indexes of the nodes that are up.
func (n *net) live() (ids []int) {
	for _, s := range n.nodes {
		if !s.dead {
			ids = append(ids, s.id)
		}
	}
	return ids
}
