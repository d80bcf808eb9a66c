package light

// slotBits is the width of a slot of a queue: 1,024 microseconds.
const slotBits = 10

// queue gives events out in their order. Those of the slot of time that is running
// are in a heap; those of later slots wait as they came, so that the heap stays
// small however many they are. The zero value is empty.
type queue struct {
	now     heap
	slot    uint32    // the one that is running
	later   [][]event // by slot, counted from time 0
	free    [][]event // room of slots that are over
	waiting int

	count uint64 // events taken out
	load  uint64 // events that waited, summed over those taken out
}

// push puts an event in, which is not to be before one that was taken out.
func (q *queue) push(e event) {
	q.waiting++
	s := e.time() >> slotBits
	if s <= q.slot {
		q.now.push(e)
		return
	}
	for int(s) >= len(q.later) {
		q.later = append(q.later, nil)
	}
	if q.later[s] == nil && len(q.free) > 0 {
		q.later[s], q.free = q.free[len(q.free)-1], q.free[:len(q.free)-1]
	}
	q.later[s] = append(q.later[s], e)
}

// pop takes the first event out; there must be one.
func (q *queue) pop() event {
	for len(q.now.all) == 0 {
		q.slot++
		next := q.later[q.slot]
		for _, e := range next {
			q.now.push(e)
		}
		if next != nil {
			q.later[q.slot], q.free = nil, append(q.free, next[:0])
		}
	}
	q.count++
	q.load += uint64(q.waiting)
	q.waiting--
	return q.now.pop()
}

func (q *queue) empty() bool { return q.waiting == 0 }

// rewind begins again at time 0. Events that are still in it are dropped.
func (q *queue) rewind() {
	q.now.all = q.now.all[:0]
	if q.waiting > 0 {
		for s, left := range q.later {
			if left != nil {
				q.later[s], q.free = nil, append(q.free, left[:0])
			}
		}
	}
	q.slot, q.waiting = 0, 0
}

// borne is the load so far.
func (q *queue) borne() Load {
	if q.count == 0 {
		return Load{}
	}
	return Load{Events: q.count, Waiting: q.load / q.count}
}
