package tree

import "math"

const (
	// Patience is how long a fact that was named may be on its way before it is
	// fetched from who named it; and again from the next one, in microseconds.
	Patience = 30_000
	// fetchTime is how long a fetch may take before the next one who named the fact
	// is asked.
	fetchTime = 500_000
	// shortTime is for how long after a fact was declined others count as declined too.
	shortTime = 5_000_000
	// youth is how long a link gets all facts: until both ends have told each other what
	// they are in which tree, and the rest of the network has heard of it.
	youth = 5_000_000
	// recent is how many facts are remembered, by their names.
	recent = 8192
	// mostOpen is how many facts a neighbour may have named that it did not give.
	mostOpen = 256
)

// Name is the short name of a fact: the first bytes of a SHA-256 over all of its
// bytes. To hide a fact behind the name of another takes a second preimage of 64
// bits within the minute for which names are remembered, of a fact that nobody knows
// before it is out; and gains that one way in several is slower.
type Name [8]byte

// Time is a time of the caller's clock, in microseconds; it does not run backwards.
type Time uint64

// Never is the end of time.
const Never = Time(math.MaxUint64)

// Relay follows single facts through a Table: who has which, who named one that is
// missing, and when to fetch it. It is not safe for concurrent use.
type Relay struct {
	*Table
	items map[Name]*item
	ring  []Name // the remembered ones, in the order in which they came, up to recent
	next  int
	late  map[Name]*item // named and missing
	open  [MaxLinks]int  // facts that a neighbour named, was asked for, and did not give
	hunger
	young [MaxLinks]Time // until then they go to a neighbour whose link is new
	short Time           // until then facts are declined for want of room, here and surely elsewhere
}

// item is what is known of one fact.
type item struct {
	fact   []byte // nil: missing here
	passed bool   // it was passed on from here
	tag    Tag    // of the tree it came along
	have   Set    // neighbours that have it
	named  Set    // of these, who may still be asked for it
	asked  Slot   // the last one
	due    Time   // when to ask the next one
	fetch  bool   // somebody was asked
	left   bool   // it was declined
	late   Slot   // whose fault it is that it had to be fetched
	came   bool   // along its tree, be it late
}

// NewRelay returns a relay over t.
func NewRelay(t *Table) *Relay {
	return &Relay{Table: t, items: make(map[Name]*item), late: make(map[Name]*item)}
}

// item returns what is known of a fact, something new where nothing was; the oldest
// is forgotten for it.
func (r *Relay) item(n Name) *item {
	if it := r.items[n]; it != nil {
		return it
	}
	it := &item{asked: None, late: None}
	r.items[n] = it
	if len(r.ring) < recent {
		r.ring = append(r.ring, n)
		return it
	}
	old := r.ring[r.next]
	delete(r.items, old)
	delete(r.late, old)
	r.ring[r.next] = n
	r.next = (r.next + 1) % recent
	return it
}

// Welcome adds a link that is new, see Link.
func (r *Relay) Welcome(s Slot, delay Dist, now Time) {
	r.young[s] = now + youth
	r.Link(s, delay)
}

// newcomers are the links that are young.
func (r *Relay) newcomers(now Time) (young Set) {
	for s := range r.Up().All {
		if now < r.young[s] {
			young |= Of(s)
		}
	}
	return young
}

// Unlink removes a link, and what its neighbour had.
func (r *Relay) Unlink(s Slot) {
	r.Table.Unlink(s)
	r.open[s], r.hunger.asked, r.debts[s] = 0, r.hunger.asked&^Of(s), debt{}
	for _, it := range r.items {
		it.have &^= Of(s)
		it.named &^= Of(s)
	}
}

// Originate notes a fact that came from outside of the trees, and says where to push
// it and with which tag. One that was passed on before goes nowhere.
func (r *Relay) Originate(n Name, fact []byte) (tag Tag, push Set) {
	it := r.item(n)
	r.hold(n, it, fact)
	if it.passed {
		return it.tag, 0
	}
	tag, push = r.Publish()
	push &^= it.have
	it.passed, it.tag, it.have = true, tag, it.have|push
	return tag, push
}

// Learned notes a fact that is here by other ways, and that those ways bring to
// others as well: it need not be fetched, and goes on once it comes along a tree.
func (r *Relay) Learned(n Name, fact []byte) { r.hold(n, r.item(n), fact) }

// Passed reports whether a fact was passed on from here, or is not to be.
func (r *Relay) Passed(n Name) bool {
	it := r.items[n]
	return it != nil && it.passed
}

func (r *Relay) hold(n Name, it *item, fact []byte) {
	it.fact = fact
	delete(r.late, n)
}

// Skip notes a fact that was known long ago: it goes nowhere again.
func (r *Relay) Skip(n Name, fact []byte) {
	it := r.item(n)
	r.hold(n, it, fact)
	it.passed = true
}

// Decline notes a fact that came and was not taken, for want of room: it is not asked for,
// however many name it, and is taken if it comes again and there is room. While facts are
// declined here they are elsewhere too, so that a parent who does not send one is not
// blamed, nor are others asked for everything.
func (r *Relay) Decline(n Name, now Time) {
	r.short = now + shortTime
	it := r.item(n)
	it.left, it.fetch = true, false
	delete(r.late, n)
}

// Pushed notes that a neighbour has a fact and sent it. Fresh: it was not passed on
// from here, so it is to be verified and then accepted, or skipped; held: it was
// learned lately.
func (r *Relay) Pushed(s Slot, n Name) (fresh, held bool) {
	it := r.item(n)
	it.have |= Of(s)
	r.given(s)
	if it.asked == s {
		r.open[s] = max(r.open[s]-1, 0)
		it.asked = None
	}
	it.came = it.came || s != None && s == it.late
	return !it.passed, it.fact != nil
}

// Accept takes a verified fact that a neighbour pushed along the tree of tag, and
// says to whom it goes on, and who is to hear its name. That it had to be fetched is
// the fault of the parent, but where it was fetched from him.
func (r *Relay) Accept(s Slot, tag Tag, n Name, fact []byte, now Time) (push, name Set) {
	it := r.item(n)
	r.hold(n, it, fact)
	if it.passed {
		return 0, 0
	}
	it.passed, it.tag = true, tag
	switch p := r.Parent(tag); {
	case !it.fetch, p == s:
		it.came = true
	case now >= r.short:
		it.late = p
		if p != None {
			r.Blame(p)
		}
		r.Missed(n, now)
	}
	push, name = r.Forward(tag, it.have)
	if more := (r.newcomers(now) | r.helped(now)) &^ it.have; more != 0 {
		push, name = push|more, name&^more
	}
	it.have |= push | name
	r.served(it.have)
	return push, name
}

// Named notes that a neighbour has a fact. One that is missing here is fetched by
// and by: see Due.
func (r *Relay) Named(s Slot, n Name, now Time) {
	it := r.items[n]
	if it == nil && (len(r.late) >= recent/2 || r.open[s] >= mostOpen) {
		return
	}
	if it == nil {
		it = r.item(n)
	}
	it.have |= Of(s)
	r.given(s)
	if it.fact != nil || it.left {
		return
	}
	it.named |= Of(s)
	if r.late[n] == nil {
		it.due = now + Patience
		r.late[n] = it
	}
}

// A Fetch is a fact to ask a neighbour for.
type Fetch struct {
	From Slot
	Name Name
}

// Due returns what is to be fetched now, and when to call it, and Ask, again.
func (r *Relay) Due(now Time) (fetches []Fetch, next Time) {
	next = Never
	for _, d := range r.doubts {
		next = min(next, d.due)
	}
	for n, it := range r.late {
		if now < it.due {
			next = min(next, it.due)
			continue
		}
		from := first(it.named & r.vouched())
		if from == None {
			from = first(it.named)
		}
		if from == None {
			delete(r.late, n) // reconciliation will bring it
			continue
		}
		it.named &^= Of(from)
		it.asked, it.fetch, it.due = from, true, now+fetchTime
		r.open[from]++
		next = min(next, it.due)
		fetches = append(fetches, Fetch{from, n})
	}
	return fetches, next
}

func first(s Set) Slot {
	for slot := range s.All {
		return slot
	}
	return None
}

// Fetched answers a neighbour that asks for a fact, and returns the tag to push it
// with; ok is false where it is not remembered here.
func (r *Relay) Fetched(s Slot, n Name) (tag Tag, fact []byte, ok bool) {
	it := r.items[n]
	if it == nil || it.fact == nil {
		return 0, nil, false
	}
	if !it.passed {
		it.tag, _ = r.Publish()
	}
	it.have |= Of(s)
	return it.tag, it.fact, true
}

// Forgive halves all faults, and what neighbours named in vain.
func (r *Relay) Forgive() {
	for s := range r.open {
		r.open[s] /= 2
	}
	r.Table.Forgive()
}
