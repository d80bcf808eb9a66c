package view

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/overlay/lookup"
)

const (
	// DefaultMax is how many peers a view holds: with identities of 32 bytes and one
	// address each, less than 8 MiB.
	DefaultMax = 80_000
	// DefaultPerSource is how many hints of one peer stand at a time.
	DefaultPerSource = 2048

	// gives is how the room is shared: hints always have one part of it.
	gives = 4
	// buriedFor is how long a peer that failed is not taken back on anybody's word.
	buriedFor = 10 * time.Minute
	maxBuried = 4096
	// longestOfGroup members of a group of addresses are among the longest known.
	longestOfGroup = 2
	// strikesOut failures make a member one that is gone; a dial that failed counts as
	// two.
	strikesOut = 3
)

// Config says whose view it is. Self, Where are required.
type Config[ID comparable, Addr any] struct {
	Self ID
	// Where is the position of a peer; the same ID always has the same.
	Where func(ID) lookup.Position
	// Max is how many peers are kept, members and hints: default DefaultMax.
	Max int
	// PerSource is how many hints of one source are kept: default DefaultPerSource.
	PerSource int
	// Group is the part of the network that an address is in, and PerGroup how many
	// members, and how many hints, are kept of one: no limit where either is zero.
	Group    func(Addr) netip.Prefix
	PerGroup int
	// Secret draws the sample that stays where not all fit. Others must not know it.
	Secret uint64
}

// Peer is somebody in the view.
type Peer[ID comparable, Addr any] struct {
	ID   ID
	Addr Addr
	// Source is who named a hint; the zero value is of a member.
	Source ID
	// Hint says that nobody here has talked with it.
	Hint bool
	// RTT is how far it is, as measured here, in steps of the caller's choosing: more is
	// farther, 0 is not known. Least and Most are between what it may be by what others
	// measured.
	RTT, Least, Most uint8
}

// View is what a node knows of the members. It is not safe for concurrent use.
type View[ID comparable, Addr any] struct {
	cfg     Config[ID, Addr]
	own     mark
	members shelf[ID, Addr]
	hints   shelf[ID, Addr]
	groups  [2]groups // of members, of hints
	sources sources[ID]
	buried  map[mark]uint32 // until when
	gone    departures
}

// New returns an empty view.
func New[ID comparable, Addr any](cfg Config[ID, Addr]) *View[ID, Addr] {
	cfg.Max = cmp.Or(cfg.Max, DefaultMax)
	cfg.PerSource = cmp.Or(cfg.PerSource, DefaultPerSource)
	own := markOf(cfg.Where(cfg.Self))
	v := &View[ID, Addr]{cfg: cfg, own: own, buried: make(map[mark]uint32)}
	v.members = shelf[ID, Addr]{own: own, secret: cfg.Secret, max: cfg.Max - cfg.Max/gives}
	v.hints = shelf[ID, Addr]{own: own, secret: cfg.Secret, max: cfg.Max}
	return v
}

func seconds(t time.Time) uint32 { return uint32(max(0, t.Unix())) }

// Len returns how many members and how many hints there are.
func (v *View[ID, Addr]) Len() (members, hints int) { return v.members.n, v.hints.n }

// Met notes that this node has just talked with id, which is at addr. It reports
// whether id became a member by it.
func (v *View[ID, Addr]) Met(id ID, addr Addr, now time.Time) bool {
	if id == v.cfg.Self {
		return false
	}
	at := markOf(v.cfg.Where(id))
	delete(v.buried, at)
	if e := v.members.get(at); e != nil {
		if from, to := v.group(e.addr), v.group(addr); from != to {
			if v.full(&v.groups[0], addr) {
				v.dropMember(e)
				return false
			}
			v.groups[0].move(from, to)
		}
		e.addr, e.seen, e.strikes, e.doubter = addr, seconds(now), 0, 0
		return false
	}
	var said words
	if e := v.hints.get(at); e != nil {
		said = e.words
		v.sources.praise(e.source)
		v.dropHint(e)
	}
	if v.full(&v.groups[0], addr) {
		return false
	}
	defer v.recount()
	if !v.members.insert(entry[ID, Addr]{at: at, id: id, addr: addr, met: seconds(now), seen: seconds(now), words: said}) {
		return false
	}
	v.groups[0].add(v.group(addr))
	return true
}

// Measured notes how far a member is.
func (v *View[ID, Addr]) Measured(id ID, rtt uint8) {
	if e := v.members.get(markOf(v.cfg.Where(id))); e != nil {
		e.rtt = rtt
	}
}

// Guessed notes between what the round trip to whoever is at position may be, by the word
// of source. The least of what sources say is the most that it can be; the least that it
// can be is what two of them say at least, and no more than that, so that none alone makes
// a near peer a far one.
func (v *View[ID, Addr]) Guessed(position uint64, least, most uint8, source ID, now time.Time) {
	number, ok := v.sources.number(source, now)
	if !ok || most == 0 {
		return
	}
	for _, s := range []*shelf[ID, Addr]{&v.members, &v.hints} {
		if e := s.get(mark(position)); e != nil {
			e.hear(number, least, most)
		}
	}
}

// Talked notes that id, if it is a member, answered just now.
func (v *View[ID, Addr]) Talked(id ID, now time.Time) {
	if e := v.members.get(markOf(v.cfg.Where(id))); e != nil {
		e.seen, e.strikes, e.doubter = seconds(now), 0, 0
	}
}

// Hint notes that source names id, and reports whether it is news that is believed.
func (v *View[ID, Addr]) Hint(id ID, addr Addr, source ID, now time.Time) bool {
	at := markOf(v.cfg.Where(id))
	if id == v.cfg.Self || id == source || v.members.get(at) != nil || v.hints.get(at) != nil {
		return false
	}
	if until, ok := v.buried[at]; ok && seconds(now) < until {
		return false
	}
	number, ok := v.sources.number(source, now)
	if !ok || !v.sources.mayHint(number, v.cfg.PerSource, now) || v.full(&v.groups[1], addr) {
		return false
	}
	defer v.recount()
	if !v.hints.insert(entry[ID, Addr]{at: at, id: id, addr: addr, met: seconds(now), source: number}) {
		return false
	}
	v.sources.all[number].hints++
	v.groups[1].add(v.group(addr))
	return true
}

// Failure is how a peer failed.
type Failure uint8

// The failures.
const (
	Silent    Failure = 1 + iota // no answer in time
	Unreached                    // no connection
	Gone                         // it serves no more
)

// Failed notes that id could not be asked, while others could. A hint is forgotten at
// once, a member after several failures in a row. It reports whether the view has
// forgotten it now.
func (v *View[ID, Addr]) Failed(id ID, how Failure, now time.Time) bool {
	at := markOf(v.cfg.Where(id))
	if e := v.hints.get(at); e != nil {
		blamed := e.source
		v.dropHint(e)
		v.bury(at, now)
		if v.sources.blame(blamed, now) {
			v.disown(blamed)
		}
		return true
	}
	e := v.members.get(at)
	if e == nil {
		return false
	}
	e.strikes += uint8(how)
	if e.strikes < strikesOut {
		return false
	}
	v.dropMember(e)
	v.bury(at, now)
	v.gone.add(at, seconds(now))
	return true
}

// Doubt notes that source says that whoever is at position is gone. One such word is
// remembered, with that of another source the peer is forgotten: who is needed is
// found in other ways. A hint goes on the word of whoever gave it. The caller leaves
// out those whom it is connected with.
func (v *View[ID, Addr]) Doubt(position uint64, source ID, now time.Time) {
	at := mark(position)
	number, ok := v.sources.number(source, now)
	if !ok {
		return
	}
	if e := v.hints.get(at); e != nil {
		if e.source == number || e.doubter != 0 && e.doubter != number+1 {
			v.dropHint(e)
			return
		}
		e.doubter = number + 1
	}
	if e := v.members.get(at); e != nil {
		if e.doubter != 0 && e.doubter != number+1 {
			v.dropMember(e)
			return
		}
		e.doubter = number + 1
	}
}

// At returns who is at a position.
func (v *View[ID, Addr]) At(position uint64) (p Peer[ID, Addr], ok bool) {
	if e := v.members.get(mark(position)); e != nil {
		return v.peer(e, false), true
	}
	if e := v.hints.get(mark(position)); e != nil {
		return v.peer(e, true), true
	}
	return p, false
}

// Nearest returns up to n peers nearest to a target, members and hints, nearest first.
func (v *View[ID, Addr]) Nearest(target lookup.Position, n int) []Peer[ID, Addr] {
	to := markOf(target)
	members, hints := v.members.nearest(to, n, 0, nil), v.hints.nearest(to, n, 0, nil)
	out := make([]Peer[ID, Addr], 0, min(n, len(members)+len(hints)))
	for len(out) < n && len(members)+len(hints) > 0 {
		if len(hints) == 0 || len(members) > 0 && members[0].at^to < hints[0].at^to {
			out = append(out, v.peer(members[0], false))
			members = members[1:]
		} else {
			out = append(out, v.peer(hints[0], true))
			hints = hints[1:]
		}
	}
	return out
}

func (v *View[ID, Addr]) peer(e *entry[ID, Addr], hint bool) Peer[ID, Addr] {
	p := Peer[ID, Addr]{ID: e.id, Addr: e.addr, Hint: hint, RTT: e.rtt, Least: e.atLeast(), Most: e.most}
	if hint {
		p.Source = v.sources.all[e.source].id
	}
	return p
}

// Page returns up to n members by their distance from a target, those first that are
// at least from away. Only who was talked with since counts, and is accepted by keep.
// next is where the next page begins, 0 after the last.
func (v *View[ID, Addr]) Page(target lookup.Position, from uint64, n int, since time.Time, keep func(position uint64) bool) (page []Peer[ID, Addr], next uint64) {
	least, to := seconds(since), markOf(target)
	found := v.members.nearest(to, n, mark(from), func(e *entry[ID, Addr]) bool {
		return e.seen >= least && (keep == nil || keep(uint64(e.at)))
	})
	for _, e := range found {
		page = append(page, v.peer(e, false))
	}
	if len(found) == n && n > 0 {
		next = uint64(found[n-1].at^to) + 1 // the farthest possible wraps to 0: nobody is beyond
	}
	return page, next
}

// Known is a member, and for how long it is one.
type Known[ID comparable, Addr any] struct {
	Peer[ID, Addr]
	// Met is when it became a member, Seen the last talk with it; to the second.
	Met, Seen time.Time
}

// Longest returns up to n members that have been that for longest and were talked with
// since, the longest first; of one group of addresses at most two.
func (v *View[ID, Addr]) Longest(n int, since time.Time) (out []Known[ID, Addr]) {
	least := seconds(since)
	var found []*entry[ID, Addr]
	v.members.each(func(e *entry[ID, Addr]) bool {
		if e.seen >= least {
			found = append(found, e)
		}
		return true
	})
	slices.SortStableFunc(found, func(a, b *entry[ID, Addr]) int { return cmp.Compare(a.met, b.met) })
	of := make(map[uint32]int)
	for _, e := range found {
		group := v.group(e.addr)
		if of[group]++; group != 0 && of[group] > longestOfGroup {
			continue
		}
		if len(out) == n {
			break
		}
		out = append(out, Known[ID, Addr]{v.peer(e, false), time.Unix(int64(e.met), 0), time.Unix(int64(e.seen), 0)})
	}
	return out
}

// News returns up to n members that were first met since, the latest first, and the
// positions of up to n that went since.
func (v *View[ID, Addr]) News(since time.Time, n int) (met []Peer[ID, Addr], gone []uint64) {
	least := seconds(since)
	var found []*entry[ID, Addr]
	v.members.each(func(e *entry[ID, Addr]) bool {
		if e.met >= least {
			found = append(found, e)
		}
		return true
	})
	slices.SortStableFunc(found, func(a, b *entry[ID, Addr]) int { return cmp.Compare(b.met, a.met) })
	for _, e := range found[:min(n, len(found))] {
		met = append(met, v.peer(e, false))
	}
	return met, v.gone.since(least, n)
}

// Quickest returns up to n peers with the least round trips, as measured or else as they
// are at least, the least first. Those of whom neither is known are left out.
func (v *View[ID, Addr]) Quickest(n int) []Peer[ID, Addr] {
	type ranked struct {
		e    *entry[ID, Addr]
		hint bool
	}
	order := func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.e.near(), b.e.near()), cmp.Compare(a.e.far(), b.e.far()))
	}
	best := make([]ranked, 0, n+1) // in order
	for _, hint := range []bool{false, true} {
		s := &v.members
		if hint {
			s = &v.hints
		}
		s.each(func(e *entry[ID, Addr]) bool {
			r := ranked{e, hint}
			if e.near() == 0 || len(best) == n && (n == 0 || order(r, best[n-1]) >= 0) {
				return true
			}
			i, _ := slices.BinarySearchFunc(best, r, func(a, b ranked) int { return cmp.Or(order(a, b), -1) }) // behind its equals
			best = slices.Insert(best, i, r)
			best = best[:min(n, len(best))]
			return true
		})
	}
	out := make([]Peer[ID, Addr], len(best))
	for i, r := range best {
		out[i] = v.peer(r.e, r.hint)
	}
	return out
}

// far is how far a peer is, as measured or else at most.
func (e *entry[ID, Addr]) far() uint8 { return cmp.Or(e.rtt, e.most) }

// near is the same, or else at least.
func (e *entry[ID, Addr]) near() uint8 {
	if e.rtt == 0 && e.most > 0 {
		return max(e.atLeast(), 1)
	}
	return e.rtt
}

// Each visits the positions of all members and hints, with how far they are where that
// was measured, else at most, until visit says false.
func (v *View[ID, Addr]) Each(visit func(position uint64, far uint8) bool) {
	ok := true
	both := func(e *entry[ID, Addr]) bool { ok = ok && visit(uint64(e.at), e.far()); return ok }
	v.members.each(both)
	v.hints.each(both)
}

// full reports whether the group of an address has all that it may have.
func (v *View[ID, Addr]) full(g *groups, addr Addr) bool {
	return v.cfg.Group != nil && v.cfg.PerGroup > 0 && !weak.Off(weak.ViewCaps) && g.count(v.group(addr)) >= v.cfg.PerGroup
}

// group is the number of an address's group, 0 where groups do not matter.
func (v *View[ID, Addr]) group(addr Addr) uint32 {
	if v.cfg.Group == nil || v.cfg.PerGroup <= 0 {
		return 0
	}
	return groupNumber(v.cfg.Group(addr), v.cfg.Secret)
}

func (v *View[ID, Addr]) dropHint(e *entry[ID, Addr]) {
	v.sources.all[e.source].hints--
	v.groups[1].remove(v.group(e.addr))
	v.hints.remove(e.at)
}

func (v *View[ID, Addr]) dropMember(e *entry[ID, Addr]) {
	v.groups[0].remove(v.group(e.addr))
	v.members.remove(e.at)
	v.hints.max = v.cfg.Max - v.members.n
}

// disown drops every hint of a source that is not believed any more.
func (v *View[ID, Addr]) disown(source uint16) {
	v.hints.drop(func(e *entry[ID, Addr]) bool {
		if e.source != source {
			return false
		}
		v.sources.all[source].hints--
		v.groups[1].remove(v.group(e.addr))
		return true
	})
}

// recount keeps the books right after shelves made room, and the hints within what
// the members leave.
func (v *View[ID, Addr]) recount() {
	before := v.hints.n
	v.hints.fit(v.cfg.Max - v.members.n)
	if v.books() && before == v.hints.n {
		return
	}
	for i := range v.sources.all {
		v.sources.all[i].hints = 0
	}
	v.groups = [2]groups{}
	v.hints.each(func(e *entry[ID, Addr]) bool {
		v.sources.all[e.source].hints++
		v.groups[1].add(v.group(e.addr))
		return true
	})
	v.members.each(func(e *entry[ID, Addr]) bool { v.groups[0].add(v.group(e.addr)); return true })
}

// books reports whether the counts are those of the shelves.
func (v *View[ID, Addr]) books() bool {
	return v.groups[0].total == v.members.n && v.groups[1].total == v.hints.n
}

// bury remembers that whoever is at m failed.
func (v *View[ID, Addr]) bury(m mark, now time.Time) {
	if len(v.buried) >= maxBuried {
		for other := range v.buried { // any: the worst is one more dial
			delete(v.buried, other)
			break
		}
	}
	v.buried[m] = seconds(now.Add(buriedFor))
}
