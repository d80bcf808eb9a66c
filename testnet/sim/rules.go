package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// rules say which packets pass. They are never changed, only replaced, so that a
// packet's way through them takes no lock.
type rules struct {
	side map[int]int           // group of a host while partitioned, 0 where in none; nil while whole
	cut  map[[2]int]bool       // one-way cuts, from and to
	down map[int]bool          // hosts that are being killed
	slow map[int]time.Duration // what every packet of a host pays beyond the model
	shut map[int]bool          // hosts behind a NAT: nobody comes in whom they did not speak to

	loss   float64       // share of packets that vanish
	jitter time.Duration // the most that a packet is late
}

// pass reports whether a packet may go from one host to another.
func (r *rules) pass(from, to int) bool {
	return !r.down[from] && !r.down[to] && !r.cut[[2]int{from, to}] && (r.side == nil || r.side[from] == r.side[to])
}

// change replaces the rules by a copy on which f has worked.
func (f *Fabric) change(edit func(*rules)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.rules.Load()
	next := *old
	next.side, next.cut, next.down, next.slow = maps.Clone(old.side), maps.Clone(old.cut), maps.Clone(old.down), maps.Clone(old.slow)
	next.shut = maps.Clone(old.shut)
	edit(&next)
	f.rules.Store(&next)
}

// Partition splits the hosts: packets between different groups vanish, without a
// word to either side; hosts that no group names form one more group. A packet that
// was on its way still arrives.
func (f *Fabric) Partition(groups ...[]int) {
	f.change(func(r *rules) {
		r.side = make(map[int]int)
		for g, hosts := range groups {
			for _, i := range hosts {
				r.side[i] = g + 1
			}
		}
	})
}

// Isolate cuts hosts off from everybody, also from each other.
func (f *Fabric) Isolate(hosts ...int) {
	f.Partition(slices.Collect(slices.Chunk(hosts, 1))...)
}

// Cut lets packets vanish on their way from one host to another; the way back stays.
func (f *Fabric) Cut(from, to int) { f.change(func(r *rules) { r.cut[[2]int{from, to}] = true }) }

// Heal ends every partition and every cut.
func (f *Fabric) Heal() {
	f.change(func(r *rules) {
		r.side = nil
		clear(r.cut)
	})
}

// Slow makes every packet of a host, to and from it, later by extra; 0 ends it.
func (f *Fabric) Slow(i int, extra time.Duration) {
	f.change(func(r *rules) {
		if r.slow[i] = extra; extra <= 0 {
			delete(r.slow, i)
		}
	})
}

// SetLoss sets the share of packets that vanish from now on, see WireConfig.
func (f *Fabric) SetLoss(share float64) error {
	if err := checkLoss(share); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	f.change(func(r *rules) { r.loss = share })
	return nil
}

// SetJitter sets the most that a packet is late from now on.
func (f *Fabric) SetJitter(most time.Duration) error {
	if err := checkJitter(most); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	f.change(func(r *rules) { r.jitter = most })
	return nil
}

// Shut puts a host behind a NAT: packets to it vanish, except from hosts that it has sent
// one to. Its address stays, so this is the kind of NAT through which holes can be punched.
func (f *Fabric) Shut(i int) { f.change(func(r *rules) { r.shut[i] = true }) }

// isShut reports whether a host is behind a NAT.
func (f *Fabric) isShut(i int) bool { return f.rules.Load().shut[i] }

// Open ends that.
func (f *Fabric) Open(i int) { f.change(func(r *rules) { delete(r.shut, i) }) }

// Mute lets every packet of a host vanish until its next start, as a power cut would.
func (f *Fabric) Mute(i int) { f.mute(i, true) }

// mute lets every packet of a host vanish until its next start.
func (f *Fabric) mute(i int, muted bool) {
	f.change(func(r *rules) {
		if r.down[i] = muted; !muted {
			delete(r.down, i)
		}
	})
}
