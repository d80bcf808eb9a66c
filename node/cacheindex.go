package node

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/cairn-overlay/cairn/records"
)

// cacheIndex finds what is cached of an agent. Readers take no lock: a lock costs them
// more than all the rest but the clock. Writers come one at a time.
//
// It is an open-addressing table. Its places are keyed by a secret, since IDs can be
// ground. What was removed leaves a mark, so that who is on its way through the table
// finds what lies behind; the marks go when the table is made anew. A reader that is
// still in the old one then answers as of the time when it began.
type cacheIndex struct {
	seed  maphash.Seed
	slots atomic.Pointer[[]atomic.Pointer[cached]] // a power of two of them, at least one in four is nil
	gone  *cached                                  // the mark
	live  int
	taken int // slots that are not nil
}

// minSlots is the size of an empty table.
const minSlots = 16

func newCacheIndex() *cacheIndex {
	x := &cacheIndex{seed: maphash.MakeSeed(), gone: new(cached)}
	slots := make([]atomic.Pointer[cached], minSlots)
	x.slots.Store(&slots)
	return x
}

// find returns the entry of id, or nil.
func (x *cacheIndex) find(id *records.AgentID) *cached {
	slots := *x.slots.Load()
	at := x.place(id, len(slots))
	for {
		c := slots[at].Load()
		if c == nil {
			return nil
		}
		if c.id == *id && c.rec != nil {
			return c
		}
		at = (at + 1) & (len(slots) - 1)
	}
}

// place is where the search for id begins.
func (x *cacheIndex) place(id *records.AgentID, slots int) int {
	sum := id.Digest()
	return int(maphash.Bytes(x.seed, sum[:])) & (slots - 1)
}

// put enters c, in the place of an older entry of the same agent.
func (x *cacheIndex) put(c *cached) {
	if slots := *x.slots.Load(); (x.taken+1)*4 > len(slots)*3 {
		x.remake()
	}
	slots := *x.slots.Load()
	for at := x.place(&c.id, len(slots)); ; at = (at + 1) & (len(slots) - 1) {
		switch old := slots[at].Load(); {
		case old == nil:
			x.taken++
			x.live++
		case old == x.gone || old.id != c.id:
			continue
		}
		slots[at].Store(c)
		return
	}
}

// remove takes the entry of id out.
func (x *cacheIndex) remove(id records.AgentID) {
	slots := *x.slots.Load()
	for at := x.place(&id, len(slots)); ; at = (at + 1) & (len(slots) - 1) {
		old := slots[at].Load()
		if old == nil {
			return
		}
		if old != x.gone && old.id == id {
			slots[at].Store(x.gone)
			x.live--
			return
		}
	}
}

// remake makes the table anew, with room for as many again.
func (x *cacheIndex) remake() {
	old := *x.slots.Load()
	size := minSlots
	for size < 3*(x.live+1) {
		size *= 2
	}
	slots := make([]atomic.Pointer[cached], size)
	for i := range old {
		c := old[i].Load()
		if c == nil || c == x.gone {
			continue
		}
		at := x.place(&c.id, size)
		for slots[at].Load() != nil {
			at = (at + 1) & (size - 1)
		}
		slots[at].Store(c)
	}
	x.taken = x.live
	x.slots.Store(&slots)
}
