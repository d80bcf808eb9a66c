package audit

import "time"

// spread follows an acknowledged tombstone through the log: which nodes must know of
// it by now. The one that acknowledged it must. So must one that has been up and in
// reach of one that must, directly or by way of others, for Grace; and one that came
// up among nodes all of whom must. A node forgets with its death, and one with a
// disk remembers with its return.
type spread struct {
	net     *topology
	disk    bool
	now     time.Duration // how far time has been followed
	spare   int           // how many of those who know or are in reach may still end before it has spread
	known   map[int]bool
	kept    map[int]bool          // those that are down and have it on disk
	contact map[int]time.Duration // since when a node has been in reach of it
	among   map[int]bool          // nodes that are starting among nodes all of whom know
}

// mustKnow reports whether node n must know, when event until happens, of the
// tombstone that event ack acknowledged.
func (c *checker) mustKnow(ack, until, n int) bool {
	e := c.events[ack]
	s := &spread{
		net: newTopology(), disk: c.run.Disk, spare: e.Receipt.ReadBack, now: e.At,
		known: map[int]bool{}, kept: map[int]bool{}, contact: map[int]time.Duration{}, among: map[int]bool{},
	}
	for _, b := range c.events[:ack] {
		s.net.apply(b)
	}
	if s.net.up[e.Node] {
		s.known[e.Node] = true
	}
	for _, b := range c.events[ack+1 : until] {
		s.follow(b)
	}
	s.pass(c.events[until].At)
	return s.known[n]
}

// follow takes the next event.
func (s *spread) follow(e Event) {
	switch e.Kind {
	case Join, Restart:
		s.pass(e.At)
		s.start(e)
	case Kill, Stop:
		if e.Phase == Begin {
			s.pass(e.At)
			s.end(e)
		}
	case Partition, Cut, Heal, Freeze, Thaw:
		s.pass(e.At)
		s.net.apply(e)
		s.anchor(false)
	}
}

// pass lets time pass to t, in which the topology does not change.
func (s *spread) pass(t time.Duration) {
	islands := s.net.islands()
	for {
		s.meet(islands)
		next, due := 0, t+1
		for n, since := range s.contact {
			if at := since + Grace; at < due || at == due && n < next {
				next, due = n, at
			}
		}
		if due > t {
			break
		}
		s.now = max(s.now, due)
		delete(s.contact, next)
		s.known[next] = true
	}
	s.now = max(s.now, t)
}

// meet begins the contact of all who are in reach of one that knows.
func (s *spread) meet(islands map[int]int) {
	told := make(map[int]bool)
	for k := range s.known {
		told[islands[k]] = true
	}
	for m, island := range islands {
		if _, ok := s.contact[m]; !ok && !s.known[m] && told[island] {
			s.contact[m] = s.now
		}
	}
}

// anchor ends the contact of those that have nobody in reach who knows; where the
// nodes in contact may carry the tombstone on by themselves, one of them is enough.
func (s *spread) anchor(carried bool) {
	islands, count := s.net.islands(), make(map[int]int)
	for k := range s.known {
		count[islands[k]] += 2
	}
	if carried {
		for n := range s.contact {
			count[islands[n]]++
		}
	}
	for n := range s.contact {
		if count[islands[n]] < 2 { // nobody but itself
			delete(s.contact, n)
		}
	}
}

// end takes a node down. As many as gave the tombstone back may go before it has
// spread, and it spreads without them.
func (s *spread) end(e Event) {
	n := e.Node
	_, touched := s.contact[n]
	if s.known[n] || touched {
		s.spare--
	}
	if s.known[n] && s.disk {
		s.kept[n] = true
	}
	delete(s.known, n)
	delete(s.contact, n)
	s.net.apply(e)
	s.anchor(s.spare >= 0)
}

// start brings a node up.
func (s *spread) start(e Event) {
	around := s.net.reach(e.Node)
	all := len(around) > 0
	for m := range around {
		all = all && s.known[m]
	}
	if e.Phase == Begin {
		s.among[e.Node] = all
		return
	}
	s.net.apply(e)
	if s.net.up[e.Node] && (s.kept[e.Node] || all && s.among[e.Node]) {
		s.known[e.Node] = true
	}
	delete(s.kept, e.Node)
	delete(s.among, e.Node)
}
