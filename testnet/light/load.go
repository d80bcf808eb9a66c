package light

// Load is what an event queue had to bear: how many events it took out, and how many
// waited in it on average.
type Load struct {
	Events  uint64 `json:"events"`
	Waiting uint64 `json:"waiting"`
}

// and is both loads together.
func (l Load) and(o Load) Load {
	sum := Load{Events: l.Events + o.Events}
	if sum.Events > 0 {
		sum.Waiting = (l.Events*l.Waiting + o.Events*o.Waiting) / sum.Events
	}
	return sum
}

// Turn puts a load on a bare event queue, with events at random times and nothing
// done about them: the floor of what the same events take in a model. It returns the
// last event's time, so that no compiler takes the work for vain.
func (l Load) Turn(seed uint64) (last uint32) {
	if l.Events == 0 {
		return 0
	}
	const spread = 200_000 // microseconds until an event that is put in now
	h, s := &heap{all: make([]event, 0, l.Waiting+1)}, draw(seed, forLoad)
	next := func(now uint32) event {
		s += 0x9e3779b97f4a7c15
		x := mix(s)
		return event{key: at(now%(1<<30)+1+below(x, spread), uint32(x)), from: uint32(x >> 16)}
	}
	for range max(l.Waiting, 1) {
		h.push(next(0))
	}
	for range l.Events {
		last = h.pop().time()
		h.push(next(last))
	}
	return last
}
