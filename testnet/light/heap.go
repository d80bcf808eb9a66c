package light

// event is something that happens to a node at a time. Its order is that of time,
// then of node, then of who sent it: nothing is left to chance.
type event struct {
	key  uint64 // microseconds, then the node's number
	from uint32
	tag  uint32
}

func at(micros, node uint32) uint64 { return uint64(micros)<<32 | uint64(node) }

func (e event) time() uint32 { return uint32(e.key >> 32) }
func (e event) node() uint32 { return uint32(e.key) }

func (e event) before(o event) bool {
	switch {
	case e.key != o.key:
		return e.key < o.key
	case e.from != o.from:
		return e.from < o.from
	}
	return e.tag < o.tag
}

// heap is a queue of events, a heap with four children to a node: a line of cache
// holds all of them. The zero value is empty.
type heap struct{ all []event }

func (h *heap) push(e event) {
	h.all = append(h.all, e)
	i := len(h.all) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(h.all[up]) {
			break
		}
		h.all[i] = h.all[up]
		i = up
	}
	h.all[i] = e
}

// pop takes the first event out; there must be one.
func (h *heap) pop() event {
	first := h.all[0]
	n := len(h.all) - 1
	e := h.all[n]
	h.all = h.all[:n]
	i := 0
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, n); c++ {
			if h.all[c].before(h.all[least]) {
				least = c
			}
		}
		if !h.all[least].before(e) {
			break
		}
		h.all[i] = h.all[least]
		i = least
	}
	if n > 0 {
		h.all[i] = e
	}
	return first
}
