package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// slot is the pause between two tombstones: the last one has arrived almost
	// everywhere, and keep-alives that data put off are not yet missed in the balance.
	slot = 250 * time.Millisecond
	// tail is how long after the last slot bytes are still counted.
	tail = 2 * time.Second
	// idleWindow is how long nothing is sent, for the bytes of upkeep.
	idleWindow = 30 * time.Second
	// lull is how long the network is left alone before bytes are counted: what newcomers
	// ask and tell is over by then.
	lull = 10 * time.Minute
	// lateWindow is how long a tombstone may take before it is missing: more than the
	// pause between two reconciliations.
	lateWindow = 45 * time.Second
)

// The purposes of random draws.
const (
	drawSenders = iota + 1
	drawRoles
	drawDead
	drawDroppers
	drawLone
	drawFlood
	drawAgents  = 100       // and on, one for each cast
	drawEntries = 1000      // and on, one for each client
	drawPhases  = 1_000_000 // and on, one for each phase
)

// Spread is what came of tombstones that went out one by one in a calm network.
type Spread struct {
	// Charge is what each hop paid, and Degree how many connections the nodes of each
	// arm had.
	Charge float64
	Degree map[string]float64
	// Revoked went out as users revoke: ours on the topic and at the subject's key,
	// stock on the topic. Topic went out on the topic alone in all arms; nil where that
	// was not asked for.
	Revoked, Topic *Wave
	// LoneNet and LoneGross are the floor of bytes: one tombstone sent once on an open
	// stream, with what an idle connection sends subtracted, or not.
	LoneNet, LoneGross float64
	Notes              []string
}

// Wave is what came of a number of tombstones.
type Wave struct {
	Floor []float64            // of every pair of a tombstone and a node
	Arms  map[string]*Arrivals // by name; empty where an arm was left out
}

// Arrivals are what came of a wave in one arm.
type Arrivals struct {
	Latency          []float64 // of every pair
	Arrived          float64   // the share of the pairs that came at all
	Last             []float64 // of each message: the last arrival over the greatest floor
	Net, Gross, Idle float64   // bytes per node: of each message, idle subtracted or not; and idle in a second
	Each             []float64 // bytes per node in the slot of each message, idle subtracted
	Copies           float64   // sent for each arrival
}

// RunSpread sends tombstones through three calm networks; with topic, once more on the
// topic alone.
func RunSpread(ctx context.Context, cfg Config, messages int, topic bool) (s *Spread, err error) {
	s = new(Spread)
	set := setup{Config: cfg}
	if set.charge, err = measureCharge(ctx); err != nil {
		return nil, err
	}
	s.Charge = ms(set.charge)
	if s.LoneNet, s.LoneGross, err = set.loneBytes(ctx, messages); err != nil {
		return nil, err
	}
	a, err := newArms(ctx, set, asIs, under32)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	s.Degree, s.Notes = a.degreeByArm(), a.lonely()
	r := newSpreadRun(ctx, a)
	defer r.close()
	cfg.Say("%d tombstones, revoked as users do", messages)
	if s.Revoked, err = r.phase(ctx, calmPace(messages), r.revoke); err != nil || !topic {
		return s, err
	}
	cfg.Say("%d tombstones, on the topic alone, after %s of calm", messages, lull)
	if err := errors.Join(pause(ctx, lull), r.meet(ctx, messages)); err != nil {
		return nil, err
	}
	s.Topic, err = r.phase(ctx, calmPace(messages), r.inject)
	return s, err
}

// loneBytes executes the floor of bytes: a tombstone on an open stream, one every slot.
func (s setup) loneBytes(ctx context.Context, messages int) (net, gross float64, err error) {
	l, err := newLine(ctx, s.wire(), 2)
	if err != nil {
		return 0, 0, fmt.Errorf("floor of bytes: %w", err)
	}
	defer l.close()
	tombs, err := s.tombstones(drawLone, messages)
	if err != nil {
		return 0, 0, err
	}
	if err := pause(ctx, warmUp); err != nil {
		return 0, 0, err
	}
	before := l.traffic()
	if err := pause(ctx, idleWindow); err != nil {
		return 0, 0, err
	}
	idle := float64(l.traffic()-before) / idleWindow.Seconds()
	before = l.traffic()
	begin := time.Now()
	for _, t := range tombs {
		slotEnd := time.After(slot)
		if err := l.run(ctx, t.Bytes(), 1, func(b []byte) error { _, err := records.OpenTombstone(b); return err }); err != nil {
			return 0, 0, fmt.Errorf("floor of bytes: %w", err)
		}
		<-slotEnd
	}
	if err := pause(ctx, tail); err != nil {
		return 0, 0, err
	}
	sum := float64(l.traffic() - before)
	return (sum - idle*time.Since(begin).Seconds()) / float64(messages), sum / float64(messages), nil
}

// tombstones makes tombstones of agents that nobody knows.
func (s setup) tombstones(purpose uint64, count int) ([]*records.Tombstone, error) {
	all, err := s.agents(purpose, count)
	if err != nil {
		return nil, err
	}
	tombs := make([]*records.Tombstone, count)
	for i, a := range all {
		if tombs[i], err = a.Tombstone(); err != nil {
			return nil, err
		}
	}
	return tombs, nil
}
