package chaos

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// The kinds of faults of the wire.
const (
	partition = "partition"
	cut       = "one-way cut"
	loss      = "loss"
)

// breach is a fault of the wire that lasts: ways that are closed.
type breach struct {
	kind, whom string
	ways       map[pair]bool
	before     uint64 // packets that were dropped on these ways before
}

// wires is what is cut. It is safe for concurrent use.
type wires struct {
	lab    *lab
	ledger *ledger

	mu       sync.Mutex
	breaches []*breach // owned by mu
	share    float64   // of packets that are lost; owned by mu
	lost     uint64    // when that began; owned by mu
}

// add opens a breach beside those that keep lets stand, in one step.
func (w *wires) add(b *breach, keep func(*breach) bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	drops, err := w.lab.drops()
	if err != nil {
		return err
	}
	stay := make([]*breach, 0, len(w.breaches)+1)
	var gone []*breach
	for _, o := range w.breaches {
		if keep(o) {
			stay = append(stay, o)
		} else {
			gone = append(gone, o)
		}
	}
	if b != nil {
		b.before = b.sum(drops)
		stay = append(stay, b)
	}
	shall := make(map[pair]bool)
	for _, o := range stay {
		maps.Copy(shall, o.ways)
	}
	if err := w.lab.cut(shall); err != nil {
		return err
	}
	w.breaches = stay
	for _, o := range gone {
		w.ledger.note(Effect{Kind: o.kind, Whom: o.whom, Count: o.sum(drops) - o.before, Unit: "packets dropped"})
	}
	return nil
}

// sum is how many packets were dropped on the ways of a breach.
func (b *breach) sum(drops map[pair]uint64) uint64 {
	sum := uint64(0)
	for p := range b.ways {
		sum += drops[p]
	}
	return sum
}

// lose has a share of all packets lost.
func (w *wires) lose(share float64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.lab.loss(share); err != nil {
		return err
	}
	lost, err := w.lab.lost()
	if err != nil {
		return err
	}
	if w.share > 0 {
		w.ledger.note(Effect{Kind: loss, Whom: fmt.Sprintf("%.3g %%", w.share*100), Count: lost - w.lost, Unit: "packets lost"})
	}
	w.share, w.lost = share, lost
	return nil
}

// Partition splits the nodes into groups: what one sends to another group vanishes in
// the kernel, without a word to either. It replaces the last partition; cuts stay.
func (w *World) Partition(groups ...[]int) error {
	b := &breach{kind: partition, whom: fmt.Sprint(groups), ways: between(w.size(), groups)}
	return w.wires.add(b, func(o *breach) bool { return o.kind != partition })
}

// Cut lets what one node sends to another vanish; the way back stays.
func (w *World) Cut(from, to int) error { return w.CutAll([]int{from}, []int{to}) }

// CutAll cuts every way from some nodes to others.
func (w *World) CutAll(from, to []int) error {
	b := &breach{kind: cut, whom: fmt.Sprintf("%v to %v", from, to), ways: make(map[pair]bool)}
	for _, f := range from {
		for _, t := range to {
			if f != t {
				b.ways[pair{f, t}] = true
			}
		}
	}
	return w.wires.add(b, func(*breach) bool { return true })
}

// Heal ends every partition and cut.
func (w *World) Heal() error { return w.wires.add(nil, func(*breach) bool { return false }) }

// Loss sets the share of packets that vanish.
func (w *World) Loss(share float64) error {
	if share < 0 || share > 0.9 {
		return fmt.Errorf("chaos: a loss of %g: want 0 to 0.9", share)
	}
	return w.wires.lose(share)
}

// Slow makes what a node sends and gets later by extra, where the kernel can.
func (w *World) Slow(n int, extra time.Duration) error {
	if _, err := w.seat(n); err != nil {
		return err
	}
	return w.lab.slow(n, extra)
}

// Jitter is not to be had from the kernel.
func (w *World) Jitter(time.Duration) error {
	return errors.New("chaos: jitter is for cairn-testnet run, which has links of its own")
}

// closeWires ends every fault of the wire, so that each stands in the ledger.
func (w *World) closeWires() error { return errors.Join(w.Heal(), w.Loss(0)) }
