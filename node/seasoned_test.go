package node

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/records"
)

// agreement is a complete round of a script, at a time after the start.
type agreement struct {
	at   time.Duration
	peer peer.ID
	over records.Range
}

// The ranges of these tests.
var (
	everything = records.Range{}
	low, high  = everything.Halves()
	lowLow, _  = low.Halves()
)

// scripted is a node in a public network that has joined through boot, and what follows.
func scripted(own records.Range, rounds []agreement) (r *readiness, tell func(at time.Duration) (State, time.Duration)) {
	start := time.Unix(1_800_000_000, 0)
	now := start
	r = newReadiness(func() time.Time { return now }, start, false, []peer.ID{"boot"}, nil, false, func() {})
	r.own = func() records.Range { return own }
	r.begin()
	return r, func(at time.Duration) (State, time.Duration) {
		for _, a := range rounds {
			if a.at <= at {
				now = start.Add(a.at)
				r.synced(gossip.SyncReport{Peer: a.peer, EverReady: true, Complete: true, Range: a.over})
			}
		}
		now = start.Add(at)
		r.tick()
		state, _, age := r.state()
		return state, age
	}
}

// TestEclipsedAfterJoining (A37): peers that come when the others are gone may agree as
// often as they like.
func TestEclipsedAfterJoining(t *testing.T) {
	every := func(from, to time.Duration, who ...peer.ID) (all []agreement) {
		for at := from; at <= to; at += 10 * time.Second {
			for _, p := range who {
				all = append(all, agreement{at: at, peer: p})
			}
		}
		return all
	}
	for _, row := range []struct {
		name   string
		rounds []agreement
		at     time.Duration
		want   State
	}{
		{"nobody is left", every(0, time.Minute, "boot", "a", "b"), 7 * time.Minute, StateDegraded},
		{"strangers take all places", append(every(0, time.Minute, "boot", "a", "b"), every(time.Minute, time.Hour, "x", "y", "z")...), 7 * time.Minute, StateDegraded},
		{"strangers who came shortly before", append(every(0, time.Minute, "boot", "a", "b"), every(10*time.Second, time.Hour, "x", "y", "z")...), 10 * time.Minute, StateDegraded},
		{"for long", append(every(0, time.Minute, "boot", "a", "b"), every(70*time.Second, 10*time.Hour, "x", "y", "z")...), 10 * time.Hour, StateDegraded},
		{"one of those it joined with is left", append(every(0, time.Hour, "boot"), every(time.Minute, time.Hour, "x", "y")...), time.Hour, StateReady},
		{"the network goes on without the bootstrap", append(every(0, 10*time.Minute, "boot"), every(time.Minute, time.Hour, "a", "b")...), time.Hour, StateReady},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, tell := scripted(everything, row.rounds); true {
				if got, age := tell(row.at); got != row.want {
					t.Errorf("%s, completeness %s old; want %s", got, age, row.want)
				}
			}
		})
	}
}

// TestCompleteOverARange: a round counts for what it was about.
func TestCompleteOverARange(t *testing.T) {
	for _, row := range []struct {
		name   string
		own    records.Range
		rounds []agreement
		want   State
		age    time.Duration
	}{
		{"all of everything", everything, []agreement{{0, "boot", everything}}, StateReady, time.Minute},
		{"half of it", everything, []agreement{{0, "boot", low}}, StateStarting, -1},
		{"both halves", everything, []agreement{{0, "boot", low}, {10 * time.Second, "boot", high}}, StateStarting, -1},
		{"both halves, by two that it knew", everything, []agreement{{0, "boot", everything}, {50 * time.Second, "boot", low}}, StateReady, time.Minute},
		{"more than the own", low, []agreement{{0, "boot", everything}}, StateReady, time.Minute},
		{"the own", low, []agreement{{30 * time.Second, "boot", low}}, StateReady, 30 * time.Second},
		{"the other half", low, []agreement{{0, "boot", high}}, StateStarting, -1},
		{"a quarter does not keep the half young", low, []agreement{{0, "boot", low}, {40 * time.Second, "boot", lowLow}}, StateReady, time.Minute},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, tell := scripted(row.own, row.rounds)
			if got, age := tell(59 * time.Second); got != row.want || row.age >= 0 && age != row.age-time.Second {
				t.Errorf("%s, %s old; want %s, %s", got, age, row.want, row.age-time.Second)
			}
		})
	}
}

// TestApartIsNotWaitedFor: peers with whom there is nothing to agree on hold nobody up.
func TestApartIsNotWaitedFor(t *testing.T) {
	r, tell := scripted(low, []agreement{{time.Second, "boot", low}})
	for _, p := range []peer.ID{"a", "b", "c"} {
		r.synced(gossip.SyncReport{Peer: p, Apart: true})
	}
	if got, _ := tell(2 * time.Second); got != StateReady {
		t.Errorf("%s", got)
	}
}
