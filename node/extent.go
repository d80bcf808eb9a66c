package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

// roomEnd is where room ends even for who is among the holders: so many times the room. A
// node beyond it holds less than its region, and says that instead of growing without end.
const roomEnd = 2

// extent is the part of the key space of whose subjects a node is to hold all facts:
// everything, or as much around its own position as it has room for.
type extent struct {
	own  records.Position // the node's
	room int              // bytes of facts

	within atomic.Pointer[records.Range]
	over   chan struct{} // holds a token when there may be more facts than room

	mu    sync.Mutex
	stuck string // why it is not halved although room is out; owned by mu
	vain  int    // up to how many bytes to halve it has been in vain, and is not tried again; owned by mu
}

func newExtent(own records.Position, bits, room int) *extent {
	e := &extent{own: own, room: room, over: make(chan struct{}, 1)}
	e.set(records.RangeAround(own, bits))
	return e
}

// is returns the range. It takes no lock.
func (e *extent) is() records.Range { return *e.within.Load() }

func (e *extent) set(r records.Range) { e.within.Store(&r) }

// look asks for a look at the room. It never blocks.
func (e *extent) look() {
	select {
	case e.over <- struct{}{}:
	default:
	}
}

// stand notes why the range stays as it is, or that nothing keeps it, and reports whether
// that is news.
func (e *extent) stand(why string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	news := why != e.stuck
	e.stuck = why
	return news
}

// hopeless reports whether it has been in vain to halve the range with about so many bytes.
func (e *extent) hopeless(bytes int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes <= e.vain
}

// inVain notes that with so many bytes nothing was left to drop: it is tried again with a
// sixteenth more.
func (e *extent) inVain(bytes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.vain = bytes + bytes/16
}

// trouble is why room is out for good; empty where it is not.
func (e *extent) trouble() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stuck
}

// wider is how many bits a range of size bytes of facts at so many bits may have after a
// start, when there is room again: as much as would fill half of it.
func wider(bits, size, room int) int {
	for bits > 0 && size <= room/4 {
		bits, size = bits-1, 2*size
	}
	return bits
}

// inside reports whether a subject's facts are among those that the node is to hold all
// of.
func (n *Node) inside(id records.AgentID) bool { return n.extent.is().Has(id) }

// keepRoom halves the range whenever room is out.
func (n *Node) keepRoom(ctx context.Context) {
	if n.extent.is().Bits() > 0 {
		if _, err := n.dropBeyond(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("facts beyond the range", "err", err)
		}
	}
	for {
		select {
		case <-n.extent.over:
		case <-ctx.Done():
			return
		}
		for n.facts.Size() > n.extent.room && ctx.Err() == nil {
			if err := n.halve(ctx); err != nil {
				if n.extent.stand(err.Error()) {
					n.log.Error("room for facts is out, and the range stays as it is", "facts", n.facts.Len(), "bytes", n.facts.Size(), "room", n.extent.room, "range", n.extent.is(), "err", err)
				}
				break
			}
		}
		if n.facts.Size() <= n.extent.room {
			n.extent.stand("")
		}
	}
}

// halve lets go of the half of the range that is farther from the node's own position:
// what is in it is from now on a stranger's, unless the node has to do with its subject.
// Its region is let go only where room has come to its end.
func (n *Node) halve(ctx context.Context) error {
	was, bytes := n.extent.is(), n.facts.Size()
	region := n.dht.RegionBits()
	switch end := roomEnd * n.extent.room; {
	case was.Bits() >= region && (bytes <= end || weak.Off(weak.RoomEnd)):
		return fmt.Errorf("room for facts is out, and the node is among the holders of %s, so that it keeps them up to %d bytes", was, end)
	case was.Bits() == records.MaxRangeBits, n.extent.hopeless(bytes):
		return fmt.Errorf("room for facts is out, and all that is left is about agents that the node has to do with")
	}
	half := was.Toward(n.extent.own)
	// The disk first: whatever happens, the facts beyond are not taken for all there are.
	if err := n.store.SetMeta(ctx, metaRange, []byte{byte(half.Bits())}); err != nil {
		return fmt.Errorf("room for facts is out, and the range cannot be stored: %w", err)
	}
	n.extent.set(half)
	n.cache.doubt(half)
	dropped, err := n.dropBeyond(ctx)
	n.count.add("range_halved_total", 1)
	n.count.add("facts_dropped_range_total", uint64(dropped))
	n.log.Warn("room for facts is out: the range is halved, and what is asked about others takes the word of others",
		"range", half, "was", was, "room", n.extent.room, "bytes", bytes, "dropped", dropped, "left", n.facts.Len())
	if half.Bits() > region {
		n.count.add("range_below_region_total", 1)
		n.log.Error("room for facts has come to its end: the node holds less than its region; give it more room", "range", half, "region_bits", region)
	}
	if dropped == 0 {
		n.extent.inVain(bytes)
	}
	return err
}

// dropBeyond drops what is beyond the range, here and on the disk.
func (n *Node) dropBeyond(ctx context.Context) (dropped int, err error) {
	if err := n.store.SyncFacts(ctx); err != nil {
		return 0, fmt.Errorf("room for facts is out, and none can be dropped: %w", err)
	}
	dropped, err = n.store.RetainFacts(ctx, func(f store.StampedFact) bool { return n.belongs(f.Fact) })
	if err != nil {
		return dropped, fmt.Errorf("room for facts is out, and not all beyond the range were dropped: %w", err)
	}
	return dropped, nil
}

// belongs reports whether a fact stays when those beyond the range leave. Those that leave
// go to the strangers.
func (n *Node) belongs(f records.Fact) bool {
	if id := f.ID(); n.inside(id) || n.concerns(id) {
		return true
	}
	n.strangers.put(f)
	return false
}

// concerns reports whether the node has to do with a subject, so that its fact stays
// whatever comes: it is an own agent's, or of one whose record is held here, or who is
// watched.
func (n *Node) concerns(id records.AgentID) bool {
	return n.leases.holds(id) || n.known(id)
}

// beyond takes a fact of a subject that is not in the range and that the node has nothing
// to do with, and reports whether it was new.
func (n *Node) beyond(f records.Fact, source string, from peer.ID) bool {
	now := f
	fresh, kin := n.cache.bury(f.ID(), func() (fresh bool) { fresh, now = n.strangers.put(f); return fresh })
	if fresh {
		n.arrivals.note(f.ID(), source)
		n.cfg.Seen(Seen{Fact: f, Via: source, From: from})
		n.count.add("facts_beyond_"+source+"_total", 1)
		n.took(now, f, kin)
	}
	return fresh
}

// claimRange reads what range an earlier run had, and widens it where there is room again.
// What is beyond it and still on the disk, since the last halving was cut short, is dropped
// behind the start (keepRoom).
func (n *Node) claimRange() error {
	own := records.Position(sha256.Sum256([]byte(n.host.ID())))
	b, err := n.store.Meta(metaRange)
	if err != nil {
		return err
	}
	was, size := 0, int(n.store.Counts().FactBytes)
	if len(b) == 1 {
		was = int(b[0])
	}
	bits := wider(was, size, int(n.cfg.Limits.Facts))
	n.extent = newExtent(own, bits, int(n.cfg.Limits.Facts))
	n.strangers = newStrangers(int(n.cfg.Limits.Facts) / strangersShare)
	if bits > 0 {
		n.log.Warn("the range of facts is not everything", "range", n.extent.is(), "room", n.extent.room)
	}
	if bits == was {
		return nil
	}
	n.log.Warn("there is room for facts again: the range is wider", "range", n.extent.is(), "was", records.RangeAround(own, was), "room", n.extent.room)
	return errors.Join( // the last first: whoever was ready for less does not vouch for more
		n.store.SetMeta(context.Background(), metaEverReady, nil),
		n.store.SetMeta(context.Background(), metaRange, []byte{byte(bits)}),
		n.store.SetMeta(context.Background(), metaSync, nil), // the order of the facts will be another one
	)
}

// held reports whether what is held, wherever, says as much as a fact.
func (n *Node) held(f records.Fact) bool {
	if n.facts.Has(f) {
		return true
	}
	pooled := n.strangers.get(f.ID())
	return pooled != nil && records.Join(pooled, f) == pooled
}
