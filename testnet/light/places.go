package light

import (
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// micros is a time in whole microseconds, rounded up: what is computed from it is
// never below what is computed from the same times unrounded.
func micros(d time.Duration) uint32 { return uint32((d + time.Microsecond - 1) / time.Microsecond) }

func duration(micros uint32) time.Duration { return time.Duration(micros) * time.Microsecond }

// spot is where a node is: what is needed of it to tell a delay.
type spot struct {
	seat   uint32
	access uint32 // microseconds
}

// places are a model's delays in microseconds. They are a wan.Placed again, so that
// the floor is computed from the very numbers that are used.
type places struct {
	model wan.Model
	seats int
	core  []uint32 // one way between seats, row by row
	spots []spot   // of each node
}

var _ wan.Placed = (*places)(nil)

func newPlaces(m wan.Model, nodes int) (*places, error) {
	placed, ok := m.(wan.Placed)
	switch {
	case !ok && nodes > maxUnplaced:
		return nil, fmt.Errorf("%d nodes in a model that tells no places: want %d at most", nodes, maxUnplaced)
	case !ok:
		return eachItsPlace(m, nodes), nil
	case placed.Seats() < 1 || placed.Seats() > maxSeats:
		return nil, fmt.Errorf("a model of %d places: want 1 to %d", placed.Seats(), maxSeats)
	}
	p := &places{model: m, seats: placed.Seats(), spots: make([]spot, nodes)}
	p.core = make([]uint32, p.seats*p.seats)
	for a := range p.seats {
		for b := range p.seats {
			p.core[a*p.seats+b] = micros(placed.Between(a, b))
		}
	}
	for i := range p.spots {
		p.spots[i] = spot{seat: uint32(placed.Seat(i)), access: micros(placed.Access(i))}
	}
	return p, nil
}

// eachItsPlace makes every node a place of its own.
func eachItsPlace(m wan.Model, nodes int) *places {
	p := &places{model: m, seats: nodes, core: make([]uint32, nodes*nodes), spots: make([]spot, nodes)}
	for i := range nodes {
		p.spots[i].seat = uint32(i)
		for j := range nodes {
			p.core[i*nodes+j] = micros(m.OneWay(i, j))
		}
	}
	return p
}

// between is the delay from spot a to spot b.
func (p *places) between(a, b spot) uint32 {
	return max(p.core[int(a.seat)*p.seats+int(b.seat)]+a.access+b.access, leastMicros)
}

const leastMicros = uint32(wan.MinOneWay / time.Microsecond)

// oneWay is the delay from node i to another node j.
func (p *places) oneWay(i, j uint32) uint32 { return p.between(p.spots[i], p.spots[j]) }

// Place names where node i is.
func (p *places) Place(i int) string { return p.model.Place(i) }

// OneWay is the delay from node i to node j.
func (p *places) OneWay(i, j int) time.Duration {
	if i == j {
		return 0
	}
	return duration(p.oneWay(uint32(i), uint32(j)))
}

// Seats is the number of places.
func (p *places) Seats() int { return p.seats }

// Seat is the place of node i.
func (p *places) Seat(i int) int { return int(p.spots[i].seat) }

// Between is the delay between two places.
func (p *places) Between(a, b int) time.Duration { return duration(p.core[a*p.seats+b]) }

// Access is what node i adds.
func (p *places) Access(i int) time.Duration { return duration(p.spots[i].access) }

// floor is the least time in which news gets from any node to any other.
type floor struct {
	*places
	charge uint32
	ways   []uint32 // between seats, row by row, without the access of either end
}

func (p *places) floor(charge time.Duration) *floor {
	all := make([]int, len(p.spots))
	for i := range all {
		all[i] = i
	}
	paths := wan.FloorOfPlaces(p, all, duration(micros(charge)))
	f := &floor{places: p, charge: micros(charge), ways: make([]uint32, p.seats*p.seats)}
	for a := range p.seats {
		for b := range p.seats {
			if d, ok := paths.Relayed(a, b); ok && a != b {
				f.ways[a*p.seats+b] = micros(d - paths.Least(a) - paths.Least(b))
			}
		}
	}
	return f
}

// least is the least time from node i to another node j.
func (f *floor) least(i, j uint32) uint32 {
	a, b := f.spots[i], f.spots[j]
	if a.seat == b.seat {
		return f.between(a, b) + f.charge
	}
	return f.ways[int(a.seat)*f.seats+int(b.seat)] + a.access + b.access
}
